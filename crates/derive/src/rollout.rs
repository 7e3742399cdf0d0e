//! What a rollout has to know of the network between hosts: which ends change together, who can say from
//! elsewhere that a changed host is still reached, and which hosts others are reached through.

use crate::fleet::{Fleet, Host, Rule, SessionKind, Traffic};
use artifact::{Probe, Why};
use ipnet::IpNet;
use model::{HostId, Proto};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// The port looked at: where the next apply would come in.
const SSH: u16 = 22;

/// The network as a rollout sees it. Names are hosts of the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// The two ends of each tunnel and of each BGP session inside the fleet: when both change they are
    /// switched together, and taken back together.
    pub together: Vec<BTreeSet<String>>,
    /// By changed host, who looks at it from the other end of a tunnel or session, and how.
    pub witnesses: BTreeMap<String, Vec<Witness>>,
    /// By host, the hosts that the way to it leads through: what `jump` names, and routers of its site.
    pub paths: BTreeMap<String, BTreeSet<String>>,
    /// By site, its hosts; hosts of no site are in none.
    pub sites: BTreeMap<String, BTreeSet<String>>,
}

/// A host that looks at another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The host that looks.
    pub by: String,
    /// How.
    pub probe: Probe,
    /// Why it can be expected to hold.
    pub why: Why,
}

/// Works it out. A witness is named only where the changed host's packet filter lets it in: what is closed on
/// purpose says nothing about the tunnel.
pub fn rollout(fleet: &Fleet) -> Rollout {
    let mut out = Rollout::default();
    for link in &fleet.links {
        let [(a, _), (b, _)] = &link.ends;
        if a == b {
            continue;
        }
        pair(&mut out, a, b);
        for ((seen, addresses), by) in [((a, &link.addresses[0]), b), ((b, &link.addresses[1]), a)] {
            let sources = if by == a { &link.addresses[0] } else { &link.addresses[1] };
            let why = Why::new(&link.place, format!("{by} reaches {seen} through tunnel {}", link.tunnel));
            witness(fleet, &mut out, seen, addresses, by, sources, &why);
        }
    }
    for host in fleet.hosts.values() {
        let sessions = host.bgp.iter().flat_map(|b| &b.sessions);
        for session in sessions {
            let SessionKind::Internal { host: other, .. } = &session.kind else { continue };
            pair(&mut out, &host.id, other);
            let why = Why::new(&session.place, format!("{} has a BGP session with {other}", host.id));
            witness(fleet, &mut out, other, &[session.remote], &host.id, &[session.local], &why);
        }
        out.paths.insert(host.id.to_string(), path(fleet, host));
    }
    for site in fleet.sites.values() {
        let hosts = site.hosts.iter().map(ToString::to_string).collect();
        out.sites.insert(site.id.to_string(), hosts);
    }
    out
}

fn pair(out: &mut Rollout, a: &HostId, b: &HostId) {
    let both = BTreeSet::from([a.to_string(), b.to_string()]);
    if !out.together.contains(&both) {
        out.together.push(both);
    }
}

/// Adds one witness of a pair, the first address that is let in; a tunnel comes before a session in it.
fn witness(
    fleet: &Fleet,
    out: &mut Rollout,
    seen: &HostId,
    addresses: &[IpAddr],
    by: &HostId,
    sources: &[IpAddr],
    why: &Why,
) {
    let Some(host) = fleet.hosts.get(seen) else { return };
    let known = out.witnesses.entry(seen.to_string()).or_default();
    if known.iter().any(|w| w.by == by.as_str()) {
        return;
    }
    let let_in = |to: &&IpAddr| {
        let mut from = sources.iter().filter(|s| s.is_ipv4() == to.is_ipv4());
        from.any(|s| host.firewall.input.iter().any(|rule| admits(host, rule, *s, **to)))
    };
    if let Some(address) = addresses.iter().find(let_in) {
        let probe = Probe::Tcp(SocketAddr::new(*address, SSH).to_string());
        known.push(Witness { by: by.to_string(), probe, why: why.clone() });
    }
    out.witnesses.retain(|_, all| !all.is_empty());
}

/// True when a host's rule lets SSH in from there to an address it has.
fn admits(host: &Host, rule: &Rule, from: IpAddr, to: IpAddr) -> bool {
    let ssh = match &rule.traffic {
        Traffic::Any => true,
        Traffic::Ports(Proto::Tcp, ports) => ports.contains(&SSH),
        Traffic::Ports(Proto::Udp, _) | Traffic::Icmp | Traffic::Protocol(_) | Traffic::Dnat => false,
    };
    let within = |nets: &[IpNet], ip: IpAddr| nets.is_empty() || nets.iter().any(|n| n.contains(&ip));
    let wires = host.wireguard.iter().map(|w| (&w.name, &w.addresses));
    let mut on = wires.chain(host.interfaces.iter().map(|i| (&i.name, &i.addresses)));
    let comes_by = |name: &String| rule.iif.is_empty() || rule.iif.contains(name);
    ssh && rule.oif.is_empty()
        && within(&rule.from, from)
        && within(&rule.to, to)
        && on.any(|(name, all)| comes_by(name) && all.iter().any(|(a, _)| a.addr() == to))
}

/// Hosts that the way to this one leads through.
fn path(fleet: &Fleet, host: &Host) -> BTreeSet<String> {
    let mut through = BTreeSet::new();
    for hop in host.ssh.jump.iter().flat_map(|j| j.split(',')) {
        let hop = hop.trim();
        let name = hop.rsplit_once('@').map_or(hop, |(_, name)| name);
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        if fleet.hosts.contains_key(name) {
            through.insert(name.to_owned());
        }
    }
    let router = host.site.as_ref().and_then(|s| fleet.sites.get(s)).and_then(|s| s.router.as_ref());
    // A host with an uplink of its own does not need its site's router.
    let own_uplink = host.interfaces.iter().any(|i| {
        let segment = i.segment.as_ref().and_then(|s| fleet.segments.get(s));
        segment.is_some_and(|s| matches!(s.kind, crate::fleet::SegmentKind::Uplink(_)))
    });
    if let Some(router) = router.filter(|r| **r != host.id && !own_uplink) {
        through.insert(router.to_string());
    }
    through.remove(host.id.as_str());
    through
}
