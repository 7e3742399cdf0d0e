//! The texts of a small fleet.

use super::{Answers, Way};
use model::UplinkKind;

/// Paths and texts.
pub fn files(a: &Answers) -> Vec<(String, String)> {
    let Answers { domain, site, host, .. } = a;
    let uplink = match a.uplink {
        Way::Kind(kind) => kind.word().to_owned(),
        Way::Public(address) => format!("{{ipv4: {address}}}"),
    };
    // The router has the first address of its LAN.
    let first = a.lan.hosts().next().unwrap_or(a.lan.addr());
    let (net6, first6) = a.lan6;
    let reached = match a.uplink {
        Way::Public(_) => "expose: {host: hello, auth: none, public: yes}    # anyone, without sign-in\n",
        Way::Kind(UplinkKind::None | UplinkKind::Cgnat | UplinkKind::DoubleNat | UplinkKind::Public) => {
            "expose: {host: hello, auth: none, to: lan}       # `to: internet` needs a way in: a site with a public address\n"
        }
    };
    let file = |path: String, text: String| (path, text);
    vec![
        file(
            "fleet.yaml".into(),
            format!(
                "# A fleet: one file a thing in sites/, hosts/, services/ …; `fleetwright check` reads them all.\ndomain: {domain}\nalerts:\n  receivers:\n    me: {{webhook: \"https://push.{domain}/alerts\"}}    # who is told: change this\n"
            ),
        ),
        file(
            format!("sites/{site}.yaml"),
            format!("uplink: {uplink}\nlan: {{ipv4: {}, ipv6: \"{net6}/64\"}}\nrouter: {host}\n", a.lan),
        ),
        file(format!("hosts/{host}.yaml"), format!("site: {site}\naddress: [{first}, \"{first6}\"]\n")),
        file("services/ingress.yaml".into(), format!("module: caddy\non: {host}\n")),
        file(
            "services/hello.yaml".into(),
            format!(
                "module: container\nimage: docker.io/traefik/whoami\non: {host}\nports: {{web: 8080}}\n{reached}"
            ),
        ),
        file("services/metrics.yaml".into(), format!("module: prometheus\non: {host}\n")),
        file("services/alerts.yaml".into(), format!("module: alertmanager\non: {host}\n")),
        file("services/prober.yaml".into(), format!("module: blackbox-exporter\non: {host}\n")),
        file("services/host-metrics.yaml".into(), "module: node-exporter\non: {each: all}\n".into()),
        file(
            ".gitignore".into(),
            "# Private keys and other secrets of this machine.\n/.fleetwright/\n".into(),
        ),
    ]
}
