//! systemd-networkd: one `.network` file an interface.

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::{Interface, PolicyRule, Route, SegmentKind, WgInterface};
use diag::Diagnostic;
use engine::networkd::{CONF, DAEMON, FOLDER, WAIT_ONLINE, addresses_seen, device, file};
use ipnet::IpNet;
use std::net::IpAddr;

/// An interface of either kind.
struct Link<'a> {
    name: &'a str,
    addresses: &'a [(IpNet, Why)],
    gateways: &'a [(IpAddr, Why)],
    dhcp4: bool,
    accept_ra: bool,
    mtu: Option<u16>,
    why: &'a Why,
}

impl<'a> Link<'a> {
    fn of(interface: &'a Interface) -> Self {
        Link {
            name: &interface.name,
            addresses: &interface.addresses,
            gateways: &interface.gateways,
            dhcp4: interface.dhcp4,
            accept_ra: interface.accept_ra,
            mtu: None,
            why: &interface.why,
        }
    }

    fn wireguard(interface: &'a WgInterface) -> Self {
        Link {
            name: &interface.name,
            addresses: &interface.addresses,
            gateways: &[],
            dhcp4: false,
            accept_ra: false,
            mtu: Some(interface.mtu),
            why: &interface.why,
        }
    }
}

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let host = cx.host;
    let mut links: Vec<Link<'_>> = host.interfaces.iter().map(Link::of).collect();
    links.extend(host.wireguard.iter().map(Link::wireguard));
    let rules_why = host.rules.first().map(|r| r.why.clone());
    if let Some(why) = &rules_why
        && !links.iter().any(|l| l.name == "lo")
    {
        links.push(Link {
            name: "lo",
            addresses: &[],
            gateways: &[],
            dhcp4: false,
            accept_ra: false,
            mtu: None,
            why,
        });
    }
    let raw = out.raw("networkd");
    if links.is_empty() {
        return;
    }
    for route in &host.routes {
        if !links.iter().any(|l| l.name == route.dev) {
            out.say(Diagnostic::error(
                codes::NEVER_MATCHES,
                &route.why.place,
                format!(
                    "the route to {} on {} is by `{}`, which the host does not have",
                    route.to, host.id, route.dev
                ),
            ));
        }
    }
    let mut paths = vec![FOLDER.to_owned()];
    for interface in host.interfaces.iter().filter(|i| is_bridge(cx, i)) {
        let (path, why) = (device(&interface.name), &interface.why);
        let mut text = Text::new();
        text.line(format!("{HEADER}\n[NetDev]\nName={}\nKind=bridge", interface.name), why);
        out.file(DAEMON.engine, &path, PUBLIC, text, why);
        paths.push(path);
    }
    for link in &links {
        let mut text = network(link);
        for route in host.routes.iter().filter(|r| r.dev == link.name) {
            one_route(route, link, &mut text);
        }
        // On loopback, which is always there: the rules stay when a tunnel goes.
        if link.name == "lo" {
            for rule in &host.rules {
                one_rule(rule, &mut text);
            }
        }
        let path = file(link.name);
        out.file(DAEMON.engine, &path, PUBLIC, text, link.why);
        let addresses: Vec<String> = link.addresses.iter().map(|(net, _)| net.addr().to_string()).collect();
        if !addresses.is_empty() {
            out.health(addresses_seen(link.name, &addresses, link.why));
        }
        paths.push(path);
    }
    if let Some((raw, why)) = raw {
        let path = format!("{FOLDER}40-fw-override.network");
        let mut text = Text::new();
        text.line(HEADER, &why);
        text.line(raw.trim_end(), &why);
        out.file(DAEMON.engine, &path, PUBLIC, text, &why);
        paths.push(path);
    }
    out.file(DAEMON.engine, CONF, PUBLIC, conf(cx), &cx.why);
    out.link(WAIT_ONLINE, "/dev/null", &cx.because("boots with a cable out"));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    out.daemon(&DAEMON, &paths, &[CONF], &cx.why);
}

fn is_bridge(cx: &Cx<'_>, interface: &Interface) -> bool {
    let segment = interface.segment.as_ref().and_then(|s| cx.fleet.segments.get(s));
    segment.is_some_and(|s| s.kind == SegmentKind::Bridge)
}

/// Routes and rules that BIRD and other programs set are theirs.
fn conf(cx: &Cx<'_>) -> Text {
    let mut text = Text::new();
    text.line(HEADER, &cx.why);
    text.line("[Network]", &cx.why);
    let why = cx.because("routes of routing daemons are their own");
    text.line("ManageForeignRoutes=no", &why);
    text.line("ManageForeignRoutingPolicyRules=no", &why);
    text
}

fn network(link: &Link<'_>) -> Text {
    let why = link.why;
    let loopback = link.name == "lo";
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line(format!("[Match]\nName={}\n", link.name), why);
    text.line("[Link]\nRequiredForOnline=no", why);
    if let Some(mtu) = link.mtu {
        text.line(format!("MTUBytes={mtu}"), why);
    }
    text.line("\n[Network]", why);
    if !loopback {
        let local = if link.mtu.is_some() { "no" } else { "ipv6" };
        text.line(format!("LinkLocalAddressing={local}"), why);
        // Declared addresses are unique by check; detection would keep daemons from binding them for a
        // second or two.
        text.line("IPv6DuplicateAddressDetection=0", why);
        text.line(format!("IPv6AcceptRA={}", if link.accept_ra { "yes" } else { "no" }), why);
        text.line(format!("DHCP={}", if link.dhcp4 { "ipv4" } else { "no" }), why);
        if link.dhcp4 {
            text.line("KeepConfiguration=dhcp-on-stop", why);
        } else if !link.accept_ra {
            text.line("ConfigureWithoutCarrier=yes", why);
        }
    }
    // An IPv6 address on a bridge without ports would stay tentative.
    let (v4, v6): (Vec<_>, Vec<_>) = link.addresses.iter().partition(|(net, _)| net.addr().is_ipv4());
    for (address, why) in v4 {
        text.line(format!("Address={address}"), why);
    }
    for (gateway, why) in link.gateways {
        if on_link(*gateway, link) {
            text.line(format!("Gateway={gateway}"), why);
        }
    }
    for (address, why) in v6 {
        text.line(format!("\n[Address]\nAddress={address}\nDuplicateAddressDetection=none"), why);
    }
    for (gateway, why) in link.gateways.iter().filter(|(g, _)| !on_link(*g, link)) {
        text.line(format!("\n[Route]\nGateway={gateway}\nGatewayOnLink=yes"), why);
    }
    if link.dhcp4 {
        text.line("\n[DHCPv4]\nUseDNS=no\nUseNTP=no\nUseHostname=no", why);
    }
    if link.accept_ra {
        text.line("\n[IPv6AcceptRA]\nUseDNS=no", why);
    }
    text
}

fn on_link(ip: IpAddr, link: &Link<'_>) -> bool {
    let link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    link_local || link.dhcp4 || link.addresses.iter().any(|(net, _)| net.contains(&ip))
}

fn one_route(route: &Route, link: &Link<'_>, text: &mut Text) {
    let why = &route.why;
    text.line(format!("\n[Route]\nDestination={}", route.to), why);
    if let Some(via) = route.via {
        text.line(format!("Gateway={via}"), why);
        if !on_link(via, link) {
            text.line("GatewayOnLink=yes", why);
        }
    }
    if let Some(table) = route.table {
        text.line(format!("Table={table}"), why);
    }
}

fn one_rule(rule: &PolicyRule, text: &mut Text) {
    let why = &rule.why;
    text.line(format!("\n[RoutingPolicyRule]\nPriority={}", rule.priority), why);
    match rule.from {
        // The family follows from the prefix.
        Some(from) => {
            text.line(format!("From={from}"), why);
        }
        None => {
            let family = match (rule.ipv4, rule.ipv6) {
                (true, false) => "ipv4",
                (false, true) => "ipv6",
                _ => "both",
            };
            text.line(format!("Family={family}"), why);
        }
    }
    match rule.mark {
        Some((mark, u32::MAX)) => {
            text.line(format!("FirewallMark={mark}"), why);
        }
        Some((mark, mask)) => {
            text.line(format!("FirewallMark={mark}/{mask}"), why);
        }
        None => {}
    }
    text.line(format!("Table={}", rule.table), why);
    if let Some(length) = rule.suppress_prefix {
        text.line(format!("SuppressPrefixLength={length}"), why);
    }
}
