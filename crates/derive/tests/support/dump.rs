//! The resolved fleet as text, one fact a line, for golden files.

use artifact::Why;
use derive::fleet::*;
use std::fmt::{Display, Write};

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(" ") }
}

fn why(why: &Why) -> String {
    format!("# {}: {}", why.place, why.reason)
}

fn traffic(t: &Traffic) -> String {
    match t {
        Traffic::Any => "any".to_owned(),
        Traffic::Icmp => "icmp".to_owned(),
        Traffic::Dnat => "dnat".to_owned(),
        Traffic::Protocol(p) => p.clone(),
        Traffic::Ports(proto, ports) => format!("{}/{}", proto.word(), list(ports).replace(' ', ",")),
    }
}

fn rule(r: &Rule) -> String {
    let mut out = traffic(&r.traffic);
    for (name, items) in
        [("iif", list(&r.iif)), ("oif", list(&r.oif)), ("from", list(&r.from)), ("to", list(&r.to))]
    {
        if items != "-" {
            let _ = write!(out, " {name} {items}");
        }
    }
    format!("{out}  {}", why(&r.why))
}

/// The whole fleet.
pub fn dump(fleet: &Fleet) -> String {
    let mut o = String::new();
    macro_rules! line { ($($t:tt)*) => { let _ = writeln!(o, $($t)*); } }
    line!("fleet {} domain {}", fleet.name, fleet.domain);
    for s in fleet.segments.values() {
        line!(
            "segment {} {:?} {} zone {} gateways {}",
            s.name,
            s.kind,
            list(&s.prefixes),
            s.zone,
            list(&s.gateways)
        );
    }
    for l in &fleet.links {
        line!(
            "link {} {}%{} {} -- {}%{} {}",
            l.tunnel,
            l.ends[0].0,
            l.ends[0].1,
            list(&l.addresses[0]),
            l.ends[1].0,
            l.ends[1].1,
            list(&l.addresses[1])
        );
    }
    for h in fleet.hosts.values() {
        line!("\nhost {} {} {} forwarding {}", h.id, h.fqdn, list(&h.addresses), h.forwarding);
        for i in &h.interfaces {
            line!(
                "  interface {} on {} {} dhcp4 {} ra {} zone {} via {}",
                i.name,
                i.segment.as_deref().unwrap_or("-"),
                list(i.addresses.iter().map(|a| a.0)),
                i.dhcp4,
                i.accept_ra,
                i.zone,
                list(i.gateways.iter().map(|g| g.0))
            );
        }
        for r in &h.routes {
            line!(
                "  route {} dev {} table {}  {}",
                r.to,
                r.dev,
                r.table.map_or("main".to_owned(), |t| t.to_string()),
                why(&r.why)
            );
        }
        for r in &h.rules {
            line!(
                "  rule {} from {} mark {:?} v4 {} v6 {} table {} suppress {:?}  {}",
                r.priority,
                list(r.from),
                r.mark,
                r.ipv4,
                r.ipv6,
                r.table,
                r.suppress_prefix,
                why(&r.why)
            );
        }
        for w in &h.wireguard {
            line!(
                "  wireguard {} {} listen {:?} mtu {} key {} {}",
                w.name,
                list(w.addresses.iter().map(|a| a.0)),
                w.listen_port,
                w.mtu,
                w.private_key,
                if w.public_key.is_empty() { "no key" } else { "key" }
            );
            for p in &w.peers {
                line!("    peer {} endpoint {} keepalive {:?}", p.host, list(p.endpoint), p.keepalive_s);
                for (net, y) in &p.allowed_ips {
                    line!("      allowed {net}  {}", why(y));
                }
            }
        }
        for (name, (value, y)) in &h.sysctls {
            line!("  sysctl {name} = {value}  {}", why(y));
        }
        for r in &h.firewall.input {
            line!("  input {}", rule(r));
        }
        for r in &h.firewall.forward {
            line!("  forward {}", rule(r));
        }
        for d in &h.firewall.dnat {
            line!(
                "  dnat iif {} to {} from {} {}/{} -> {} {}  {}",
                d.iif.as_deref().unwrap_or("-"),
                list(d.to),
                list(&d.from),
                d.proto.word(),
                d.port,
                d.target,
                d.target_port,
                why(&d.why)
            );
        }
        for m in &h.firewall.masquerade {
            line!("  masquerade {} from {}  {}", m.oif, list(&m.from), why(&m.why));
        }
        for r in &h.firewall.returns {
            line!("  return {} mark {} except {}  {}", r.iif, r.mark, list(&r.except), why(&r.why));
        }
        for (net, y) in &h.firewall.untracked {
            line!("  untracked {net}  {}", why(y));
        }
        line!(
            "  inside {} clamp {}",
            list(&h.firewall.inside),
            list(h.firewall.clamp_mss.iter().map(|c| &c.0))
        );
        if let Some(b) = &h.bgp {
            line!(
                "  bgp as {} (fleet {}) id {} table {:?} rpki {} never {:?} may leave {}",
                b.asn,
                b.fleet_asn,
                b.router_id,
                b.default_table,
                list(&b.rpki),
                b.never,
                list(&b.fleet_prefixes)
            );
            for p in &b.originate {
                line!("    originate {} {}  {}", p.prefix, list(&p.communities), why(&p.why));
            }
            for s in &b.sessions {
                line!(
                    "    session {} {:?} {} -> {} as {} dev {} multihop {:?} md5 {} limit {:?} sends {} default {} preference {} reflect {}",
                    s.name,
                    s.kind,
                    s.local,
                    s.remote,
                    s.remote_asn,
                    s.interface.as_deref().unwrap_or("-"),
                    s.multihop,
                    s.password.as_deref().unwrap_or("-"),
                    s.limit,
                    list(s.sends.iter().map(|x| x.0)),
                    s.sends_default,
                    s.preference,
                    s.reflect
                );
            }
        }
        line!("  resolver listen {} upstream {}", list(&h.resolver.listen), list(&h.resolver.upstream));
        for p in &h.people {
            line!("  person {} sudo {}", p.name, p.sudo);
        }
        for i in &h.instances {
            instance(&mut o, i);
        }
        for (engine, (_, place)) in &h.overrides {
            line!("  override {engine} # {place}");
        }
    }
    line!("");
    for e in &fleet.exposures {
        exposure(&mut o, e);
    }
    line!("");
    for e in &fleet.edges {
        line!(
            "edge {:?} {}{} -> {}{} {} {}/{}  {}",
            e.kind,
            e.from,
            e.from_service.as_ref().map_or(String::new(), |s| format!("/{s}")),
            e.to,
            e.to_service.as_ref().map_or(String::new(), |s| format!("/{s}")),
            list(&e.addresses),
            e.proto.word(),
            e.port,
            why(&e.why)
        );
    }
    line!("");
    for (zone, hosts) in &fleet.zones {
        line!("zone {zone}: {}", list(hosts));
    }
    for a in &fleet.allows {
        line!("allow {} -> {} {}  {}", list(&a.from), list(&a.to), traffic(&a.traffic), why(&a.why));
    }
    for n in &fleet.names {
        line!(
            "name {} {}{}  {}",
            n.name,
            list(&n.addresses),
            if n.reverse { " reverse" } else { "" },
            why(&n.why)
        );
    }
    for n in &fleet.public_names {
        line!("public {} {}  {}", n.name, list(&n.addresses), why(&n.why));
    }
    for w in &fleet.watchers {
        watcher(&mut o, w);
    }
    for d in &fleet.unsupported {
        line!("{} {} {}", d.code, d.place.as_ref().map_or(String::new(), ToString::to_string), d.message);
    }
    o
}

fn instance(o: &mut String, i: &Instance) {
    let ports = i.ports.iter().map(|(n, p)| format!("{n}={}/{}({})", p.proto.word(), p.number, p.protocol));
    let _ = writeln!(
        o,
        "  instance {} of {} {} unit {} ports {} main {} listen {}  {}",
        i.service,
        i.module,
        i.variant.word(),
        i.unit,
        list(ports),
        list(&i.main),
        list(i.listen),
        why(&i.why)
    );
    for (k, v) in &i.params {
        let _ = writeln!(o, "    param {k} = {v:?}");
    }
    for (k, v) in &i.volumes {
        let _ = writeln!(o, "    volume {k} at {v}");
    }
    for n in &i.needs {
        let _ = writeln!(
            o,
            "    needs {} at {}",
            n.service,
            list(n.targets.iter().map(|(h, ip, p)| format!("{h}:{ip}:{p}")))
        );
    }
    for m in &i.mounts {
        let _ = writeln!(o, "    mounts {} from {} {}:{}", m.at, m.host, m.address, m.path);
    }
    for e in &i.exports {
        let _ = writeln!(o, "    exports {} {} to {}", e.name, e.path, list(&e.clients));
    }
    if let Some(h) = &i.health {
        let _ = writeln!(o, "    health {h:?}");
    }
}

fn exposure(o: &mut String, e: &Exposure) {
    let at = |(h, ip, p): &(model::HostId, std::net::IpAddr, u16)| format!("{h}:{ip}:{p}");
    let _ = writeln!(
        o,
        "exposure {} {} {} auth {:?} gate {} certificate {:?} ingress {:?} backends {} {}/{} inside {} from {}  {}",
        e.service,
        e.name.as_deref().unwrap_or("-"),
        e.audience.word(),
        e.auth,
        e.gate.as_ref().map_or("-".to_owned(), at),
        e.certificate,
        e.ingress,
        list(e.backends.iter().map(at)),
        e.proto.word(),
        e.port,
        list(&e.inside),
        list(&e.from),
        why(&e.why)
    );
    for entry in &e.entries {
        let _ = writeln!(o, "  entry {} {}", entry.edge, list(&entry.addresses));
        for hop in &entry.hops {
            let _ = writeln!(o, "    {:?} at {}  {}", hop.what, hop.host, why(&hop.why));
        }
    }
}

fn watcher(o: &mut String, w: &Watcher) {
    let _ = writeln!(
        o,
        "\nwatcher {} on {} prober {:?} alertmanagers {}",
        w.service,
        w.host,
        w.prober,
        list(w.alertmanagers.iter().map(|(h, ip, p)| format!("{h}:{ip}:{p}")))
    );
    for s in &w.scrapes {
        let _ = writeln!(o, "  scrape {} {}/{} {}:{}{}", s.job, s.host, s.service, s.address, s.port, s.path);
    }
    for p in &w.pings {
        let _ = writeln!(o, "  ping {} {} tells of {:?}", p.name, p.address, p.component);
    }
    for a in &w.alerts {
        let _ = writeln!(
            o,
            "  alert {} {:?} when {:?} for {} behind {:?}",
            a.name, a.component, a.signal, a.for_ms, a.behind
        );
    }
}
