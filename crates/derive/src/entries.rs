//! Ways in from the internet: which public address, which translation, which tunnels, and the way back.

use crate::codes;
use crate::doors;
use crate::fleet::{Dnat, Entry, Hop, HopKind, PolicyRule, ReturnPath, Route, Traffic};
use crate::graph::Step;
use crate::openings::{self, Parts, family, rule};
use crate::peers::{Allowed, Reach, allow, everything, reach};
use crate::ways;
use crate::work::Work;
use artifact::Why;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{HostId, Proto, ServiceId, SiteId, Sp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Translations by who does them, address and port; with the service they are for.
pub(crate) type Translations =
    BTreeMap<(HostId, Option<String>, Option<IpAddr>, Proto, u16), (Dnat, ServiceId)>;

/// What is let in, and where to.
pub(crate) struct Inlet<'e> {
    /// For messages.
    pub service: &'e ServiceId,
    /// Where clients' connections end: the proxy's host or the service's own.
    pub host: &'e HostId,
    /// Ports there.
    pub ports: Vec<(Proto, u16)>,
    /// Only these sources.
    pub from: Vec<IpNet>,
    /// Sites named as ways in.
    pub sites: Vec<Sp<SiteId>>,
    /// Interface the translation is bound to, by hand.
    pub bind: Option<&'e Sp<String>>,
    /// Address of the public record, by hand.
    pub records: Vec<IpAddr>,
    /// Why.
    pub why: Why,
}

/// All ways in. An exposure without one is reported.
pub(crate) fn entries(
    work: &mut Work<'_>,
    allowed: &mut Allowed,
    translations: &mut Translations,
    inlet: &Inlet<'_>,
) -> Vec<Entry> {
    let Some(edges) = doors::edges(work, inlet) else { return Vec::new() };
    let mut out = Vec::new();
    for edge in edges {
        let publics: Vec<Reach> = reach(work, &edge).into_iter().filter(|r| r.holder == edge).collect();
        let mut usable: Vec<(Reach, IpAddr)> = Vec::new();
        for public in publics {
            if let Some(target) = target(work, inlet.host, &edge, public.address) {
                usable.push((public, target));
            }
        }
        if usable.is_empty() {
            continue;
        }
        out.push(entry(work, allowed, translations, inlet, &edge, &usable));
    }
    if out.is_empty() {
        let message = format!(
            "{} cannot be reached from the internet: no address family is common to its way in and {}",
            inlet.service, inlet.host
        );
        work.report.push(Diagnostic::error(codes::NO_WAY_IN, &inlet.why.place, message));
    }
    out
}

/// The address clients of this family end at: the public one itself, or one inside.
fn target(work: &Work<'_>, host: &HostId, edge: &HostId, public: IpAddr) -> Option<IpAddr> {
    if host == edge {
        return Some(public);
    }
    let ground = work.ground.get(host)?;
    let inside = ground.lan_addresses.iter().chain(&ground.lo_addresses).chain(&ground.tunnel_addresses);
    inside.copied().find(|ip| ip.is_ipv4() == public.is_ipv4())
}

fn entry(
    work: &mut Work<'_>,
    allowed: &mut Allowed,
    translations: &mut Translations,
    inlet: &Inlet<'_>,
    edge: &HostId,
    usable: &[(Reach, IpAddr)],
) -> Entry {
    let addresses: Vec<IpAddr> = usable.iter().map(|(r, _)| r.address).collect();
    let records = if inlet.records.is_empty() { addresses.clone() } else { inlet.records.clone() };
    let hop = |what: HopKind, host: &HostId, why: &Why| Hop { what, host: host.clone(), why: why.clone() };
    let mut hops = vec![hop(HopKind::Dns(records), edge, &inlet.why)];
    let (steps, router) = doors::leads(work, edge, inlet.host).unwrap_or_default();
    let mut back = Vec::new();
    for (n, (public, target)) in usable.iter().enumerate() {
        let v4 = target.is_ipv4();
        let from = family(&inlet.from, v4);
        if !inlet.from.is_empty() && from.is_empty() {
            continue;
        }
        let net = IpNet::from(*target);
        if edge == inlet.host {
            open_target(work, inlet, *target, &from);
            continue;
        }
        translate(work, translations, inlet, edge, public, *target, &from);
        hops.push(hop(HopKind::Dnat(*target), edge, &inlet.why));
        let mut iif = public.iface.clone();
        for step in &steps {
            let (here, there) = ways::ifaces(work, step);
            let link = work.links[step.link].clone();
            let tunnel = Why::new(&link.place, format!("tunnel {} carries exposed services", link.tunnel));
            open_forward(work, inlet, &step.from, (&iif, &here), *target, &from, step.from == *edge);
            allow(allowed, &step.to, step.link, everything(v4), tunnel.clone());
            allow(allowed, &step.from, step.link, net, tunnel.clone());
            lead_to(work, &step.from, &here, net, &tunnel);
            return_path(work, allowed, step, &there, v4, &tunnel);
            if n == 0 {
                hops.push(hop(HopKind::Tunnel(link.tunnel.clone(), step.to.clone()), &step.from, &tunnel));
                back.push(hop(HopKind::Return(link.tunnel), &step.to, &tunnel));
            }
            iif = there;
        }
        if let Some(router) = &router
            && let Some((segment, oif)) = lan_of(work, inlet.host, router)
        {
            open_forward(work, inlet, router, (&iif, &oif), *target, &from, router == edge);
            if n == 0 {
                let why = Why::new(
                    &work.segments[&segment].place,
                    format!("{} is on the LAN {segment}", inlet.host),
                );
                hops.push(hop(HopKind::Lan(segment), router, &why));
            }
        }
        open_target(work, inlet, *target, &from);
    }
    for (_, target) in usable {
        let port = inlet.ports.first().map_or(0, |p| p.1);
        hops.push(hop(HopKind::Listen(*target, port), inlet.host, &inlet.why));
    }
    hops.extend(back);
    Entry { edge: edge.clone(), addresses, hops }
}

/// The LAN a host shares with its router, and the router's interface there.
fn lan_of(work: &Work<'_>, host: &HostId, router: &HostId) -> Option<(String, String)> {
    let lans = &work.ground.get(host)?.lans;
    lans.iter().find_map(|(s, _)| ways::iface_on(work, router, s).map(|i| (s.clone(), i)))
}

fn translate(
    work: &mut Work<'_>,
    translations: &mut Translations,
    inlet: &Inlet<'_>,
    edge: &HostId,
    public: &Reach,
    target: IpAddr,
    from: &[IpNet],
) {
    let iif = match inlet.bind {
        Some(word) if word.value == "any" => None,
        Some(word) => Some(word.value.clone()),
        None => Some(public.iface.clone()),
    };
    // By hand bound to no interface, it is bound to no address either: that is what is being said.
    let to = iif.is_some().then_some(public.address);
    for (proto, port) in &inlet.ports {
        let why = match inlet.bind {
            Some(word) => {
                Why::new(&word.place, format!("override of the interface of {}'s translation", inlet.service))
            }
            None => inlet.why.clone(),
        };
        let dnat = Dnat {
            iif: iif.clone(),
            to,
            from: from.to_vec(),
            proto: *proto,
            port: *port,
            target,
            target_port: *port,
            why,
        };
        // Without an address the family is what tells two translations apart.
        let family =
            to.unwrap_or(if target.is_ipv4() { everything(true).addr() } else { everything(false).addr() });
        let key = (edge.clone(), iif.clone(), Some(family), *proto, *port);
        add_translation(work, translations, key, dnat, inlet.service);
    }
}

/// Adds a translation; a second one for the same port must lead to the same place.
pub(crate) fn add_translation(
    work: &mut Work<'_>,
    translations: &mut Translations,
    key: (HostId, Option<String>, Option<IpAddr>, Proto, u16),
    dnat: Dnat,
    service: &ServiceId,
) {
    let Some((first, other)) = translations.get_mut(&key) else {
        translations.insert(key, (dnat, service.clone()));
        return;
    };
    if (first.target, first.target_port) == (dnat.target, dnat.target_port) {
        if first.from.is_empty() || dnat.from.is_empty() {
            first.from.clear();
        } else {
            first.from.extend(dnat.from);
            first.from.sort_unstable();
            first.from.dedup();
        }
        return;
    }
    let (host, _, _, proto, port) = &key;
    work.report.push(
        Diagnostic::error(
            codes::ENTRY_TAKEN,
            &dnat.why.place,
            format!(
                "{}/{port} of {host}'s public address would lead both to {} ({other}) and to {} ({service})",
                proto.word(),
                first.target,
                dnat.target
            ),
        )
        .label(&first.why.place, format!("{other} comes in here"))
        .help("let one of them come in at another site (`entry`) or by another port"),
    );
}

fn open_forward(
    work: &mut Work<'_>,
    inlet: &Inlet<'_>,
    host: &HostId,
    (iif, oif): (&str, &str),
    target: IpAddr,
    from: &[IpNet],
    translated: bool,
) {
    // A translation that is bound to nothing by hand catches packets from all interfaces.
    let iif = if translated && inlet.bind.is_some() { Vec::new() } else { vec![iif.to_owned()] };
    let base = |traffic| {
        let rule = rule(traffic, &inlet.why).iif(iif.clone()).oif([oif.to_owned()]);
        rule.from(from.iter().copied()).to([IpNet::from(target)])
    };
    if translated {
        openings::forward(work, host, base(Traffic::Dnat));
        return;
    }
    for traffic in traffic(&inlet.ports) {
        openings::forward(work, host, base(traffic));
    }
}

fn open_target(work: &mut Work<'_>, inlet: &Inlet<'_>, target: IpAddr, from: &[IpNet]) {
    for traffic in traffic(&inlet.ports) {
        let rule = rule(traffic, &inlet.why).from(from.iter().copied()).to([IpNet::from(target)]);
        openings::input(work, inlet.host, rule);
    }
}

/// Ports by protocol.
pub(crate) fn traffic(ports: &[(Proto, u16)]) -> Vec<Traffic> {
    let mut by_proto: BTreeMap<Proto, BTreeSet<u16>> = BTreeMap::new();
    for (proto, port) in ports {
        by_proto.entry(*proto).or_default().insert(*port);
    }
    by_proto.into_iter().map(|(proto, ports)| Traffic::Ports(proto, ports.into_iter().collect())).collect()
}

/// A route to the target where none leads there yet (a tunnel that carries exposures and no LAN).
fn lead_to(work: &mut Work<'_>, host: &HostId, dev: &str, net: IpNet, why: &Why) {
    let Some(host) = work.hosts.get_mut(host) else { return };
    let on_link = host.wireguard.iter().filter(|w| w.name == dev).flat_map(|w| &w.addresses);
    let known =
        on_link.map(|(a, _)| a.trunc()).chain(host.routes.iter().filter(|r| r.dev == dev).map(|r| r.to));
    if known.into_iter().any(|n| n.contains(&net)) {
        return;
    }
    host.routes.push(Route { to: net, via: None, dev: dev.to_owned(), table: None, why: why.clone() });
}

/// Answers go back the way the question came, by mark and table, unless that is left out by hand.
fn return_path(work: &mut Work<'_>, allowed: &Allowed, step: &Step, iif: &str, v4: bool, why: &Why) {
    let link = &work.links[step.link];
    let tunnel = &work.model.tunnels[&link.tunnel];
    let off = tunnel.r#override.as_ref().and_then(|o| o.policy_route.as_ref()).is_some_and(|p| !p.value);
    if off {
        return;
    }
    let number = mark(work, &step.to, iif);
    let zero = |n: &IpNet| n.prefix_len() == 0;
    let behind = allowed.get(&(step.to.clone(), step.link)).into_iter().flatten();
    let except: Vec<IpNet> = behind.map(|(n, _)| *n).filter(|n| !zero(n)).collect();
    let why = Why::new(&why.place, format!("answers of exposed services go back by {iif}: {}", why.reason));
    let Some(host) = work.hosts.get_mut(&step.to) else { return };
    match host.firewall.returns.iter_mut().find(|r| r.iif == iif) {
        Some(known) => {
            for net in except {
                if !known.except.contains(&net) {
                    known.except.push(net);
                }
            }
        }
        None => host.firewall.returns.push(ReturnPath {
            iif: iif.to_owned(),
            mark: number,
            except,
            why: why.clone(),
        }),
    }
    let to = everything(v4);
    if !host.routes.iter().any(|r| r.table == Some(number) && r.to == to) {
        host.routes.push(Route { to, via: None, dev: iif.to_owned(), table: Some(number), why: why.clone() });
    }
    match host.rules.iter_mut().find(|r| r.table == number) {
        Some(rule) => {
            rule.ipv4 |= v4;
            rule.ipv6 |= !v4;
        }
        None => host.rules.push(PolicyRule {
            priority: 1000 + number,
            from: None,
            mark: Some((number, u32::MAX)),
            ipv4: v4,
            ipv6: !v4,
            table: number,
            suppress_prefix: None,
            why,
        }),
    }
}

/// The number of a mark and table of a host, from the lock or the lowest free one from 100 on.
pub(crate) fn mark(work: &mut Work<'_>, host: &HostId, what: &str) -> u32 {
    if let Some(number) = work.lock.marks.get(host).and_then(|m| m.get(what)) {
        return *number;
    }
    let old = work.old.marks.get(host);
    let now = work.lock.marks.entry(host.clone()).or_default();
    let kept = old.and_then(|m| m.get(what)).copied().filter(|n| !now.values().any(|t| t == n));
    let number = kept.unwrap_or_else(|| {
        let taken = now.values().copied().chain(old.into_iter().flat_map(|m| m.values().copied())).collect();
        crate::alloc::number(100, &taken)
    });
    now.insert(what.to_owned(), number);
    number
}
