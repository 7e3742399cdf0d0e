//! The host's resolver: dnsmasq, its names and resolv.conf.

use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Fleet;
use engine::resolver::{CONF, DAEMON, NAMES, RESOLV_CONF, UNIT, UNIT_FILE, checked, seen};
use std::collections::BTreeMap;

/// What is the same on every host.
pub(crate) struct Shared {
    names: Text,
    /// Names outside the fleet's domain that are answered here alone.
    foreign: BTreeMap<String, Why>,
}

impl Shared {
    fn of(fleet: &Fleet) -> Self {
        let mut names = Text::new();
        let all = Why::new(&diag::Place::builtin("names"), "names of the fleet");
        names.line(HEADER, &all);
        let mut foreign = BTreeMap::new();
        // dnsmasq answers a reverse question with the first name of the address.
        for reverse in [true, false] {
            for name in fleet.names.iter().filter(|n| n.reverse == reverse) {
                for address in &name.addresses {
                    names.line(format!("{address} {}", name.name), &name.why);
                }
                if !under(&name.name, &fleet.domain) {
                    foreign.entry(name.name.clone()).or_insert_with(|| name.why.clone());
                }
            }
        }
        Shared { names, foreign }
    }
}

/// True for the domain and every name under it.
pub(crate) fn under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let why = &cx.host.resolver.why;
    let shared = cx.index.names.get_or_init(|| Shared::of(cx.fleet));
    out.file(DAEMON.engine, NAMES, PUBLIC, shared.names.clone(), why);
    let raw = out.raw("resolver");
    out.file(DAEMON.engine, CONF, PUBLIC, conf(cx, shared, raw), why);
    let mut unit = Text::new();
    unit.line(HEADER, why).line(UNIT, why);
    out.file(DAEMON.engine, UNIT_FILE, PUBLIC, unit, why);
    let mut resolv = Text::new();
    resolv.line(HEADER, why).line("nameserver 127.0.0.1", why);
    resolv.line(format!("search {}", cx.fleet.domain), why);
    out.file(DAEMON.engine, RESOLV_CONF, PUBLIC, resolv, why);
    out.daemon(&DAEMON, &[NAMES], &[CONF, UNIT_FILE], why);
    out.dir("/etc/fleetwright", (0o755, "root", "root"), false, why);
    out.check(checked());
    out.health(seen(why));
}

fn conf(cx: &Cx<'_>, shared: &Shared, raw: Option<(&str, Why)>) -> Text {
    let resolver = &cx.host.resolver;
    let why = &resolver.why;
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("user=dnsmasq\npid-file=\nbind-dynamic", why);
    text.line("listen-address=127.0.0.1\nlisten-address=::1", why);
    for address in resolver.listen.iter().filter(|a| !a.is_loopback()) {
        text.line(format!("listen-address={address}"), why);
    }
    text.line("no-hosts\nno-resolv\nno-poll\ndomain-needed\nbogus-priv", why);
    text.line(format!("addn-hosts={NAMES}\ncache-size=2000"), why);
    for upstream in &resolver.upstream {
        text.line(format!("server={upstream}"), why);
    }
    text.line(format!("local=/{}/", cx.fleet.domain), why);
    // Without this, a name with only an IPv4 address inside would get its public IPv6 address from outside.
    for (name, why) in &shared.foreign {
        text.line(format!("local=/{name}/"), why);
    }
    if let Some((raw, why)) = raw {
        text.line(raw.trim_end(), &why);
    }
    text
}
