//! Exposures, from where they must work.

use super::super::question::{Ask, Datagram, Expect, Fetch, Kind, Knock, Via, Want};
use super::{List, instance, title};
use crate::world::World;
use derive::fleet::{Exposure, Fleet, Host};
use model::{Audience, HostId, Proto};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// True when clients speak HTTP to it through a proxy.
pub(super) fn by_name(exposure: &Exposure) -> bool {
    exposure.name.is_some() && exposure.ingress.is_some()
}

/// The public addresses of an exposure, of one family.
pub(super) fn entries(exposure: &Exposure, ipv6: bool) -> Vec<IpAddr> {
    let all = exposure.entries.iter().flat_map(|e| &e.addresses).copied();
    all.filter(|ip| ip.is_ipv6() == ipv6).collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn family(ipv6: bool) -> &'static str {
    if ipv6 { "v6" } else { "v4" }
}

/// True when an exposure lets this source in.
pub(super) fn admits(exposure: &Exposure, ip: IpAddr) -> bool {
    exposure.from.is_empty() || exposure.from.iter().any(|net| net.contains(&ip))
}

pub(super) fn outside(fleet: &Fleet, world: &World, list: &mut List) {
    for (n, exposure) in fleet.exposures.iter().enumerate() {
        if exposure.audience != Audience::Internet {
            continue;
        }
        for client in &world.clients {
            for (ipv6, own) in [(false, client.ipv4), (true, client.ipv6)] {
                let addresses = entries(exposure, ipv6);
                if addresses.is_empty() || !admits(exposure, own) {
                    continue;
                }
                let title = title(exposure);
                let subject = format!("{title}/{}/{}", client.name, family(ipv6));
                if exposure.proto == Proto::Udp {
                    udp(exposure, &client.name, &addresses, subject, list);
                    continue;
                }
                let via = match (&exposure.name, addresses.first()) {
                    (Some(_), _) => Via::PublicName(addresses),
                    (None, Some(ip)) => Via::Address(*ip),
                    (None, None) => continue,
                };
                let text = format!(
                    "{} reaches {title} over {}, and the service sees who it is",
                    client.name,
                    family(ipv6)
                );
                let want = Want::Service { client: Some(own) };
                let fetch = Fetch { exposure: n, from: client.name.clone(), ipv6, via, name: None, want };
                list.add(Kind::Expose, subject, &exposure.place, text, Ask::Fetch(fetch));
            }
        }
    }
}

/// Nobody knows what a UDP service answers; that packets get to it is what exposing it means.
fn udp(exposure: &Exposure, client: &str, addresses: &[IpAddr], subject: String, list: &mut List) {
    let (Some((host, _, _)), Some(ip)) = (exposure.backends.first(), addresses.first()) else { return };
    let datagram = Datagram {
        from: client.to_owned(),
        to: SocketAddr::new(*ip, exposure.port),
        at: host.to_string(),
        expect: Expect::Open,
    };
    let text = format!("{client}'s datagrams to {ip} port {} get to {host}", exposure.port);
    list.add(Kind::Expose, subject, &exposure.place, text, Ask::Datagram(datagram));
}

/// Where hosts ask from inside: on a LAN for `lan`, anywhere for `fleet`.
fn askers<'a>(fleet: &'a Fleet, exposure: &Exposure) -> Vec<&'a Host> {
    let lans: BTreeSet<&String> = fleet.sites.values().filter_map(|s| s.lan.as_ref()).collect();
    let on_lan = |h: &Host| h.interfaces.iter().any(|i| i.segment.as_ref().is_some_and(|s| lans.contains(s)));
    let mut hosts: Vec<&Host> = fleet
        .hosts
        .values()
        .filter(|h| exposure.audience == Audience::Fleet || on_lan(h))
        .filter(|h| h.addresses.iter().any(|ip| admits(exposure, *ip)))
        .collect();
    // A few at each site say as much as all: what differs between them are their sites and their roles.
    if hosts.len() > 8 {
        let mut seen: BTreeSet<(Option<&model::SiteId>, bool)> = BTreeSet::new();
        hosts.retain(|h| seen.insert((h.site.as_ref(), h.forwarding)));
    }
    hosts
}

pub(super) fn inside(fleet: &Fleet, list: &mut List) {
    for (n, exposure) in fleet.exposures.iter().enumerate() {
        for host in askers(fleet, exposure) {
            for ipv6 in [false, true] {
                let addresses: Vec<IpAddr> =
                    exposure.inside.iter().copied().filter(|a| a.is_ipv6() == ipv6).collect();
                let speaks = host.addresses.iter().any(|a| a.is_ipv6() == ipv6);
                if addresses.is_empty() || !speaks {
                    continue;
                }
                let title = title(exposure);
                let subject = format!("{title}/{}/{}", host.id, family(ipv6));
                let text = format!("{} reaches {title} from inside over {}", host.id, family(ipv6));
                let ask = if exposure.proto == Proto::Udp {
                    let (Some(ip), Some((at, _, _))) = (addresses.first(), exposure.backends.first()) else {
                        continue;
                    };
                    let to = SocketAddr::new(*ip, exposure.port);
                    let (from, at) = (host.id.to_string(), at.to_string());
                    Ask::Datagram(Datagram { from, to, at, expect: Expect::Open })
                } else if exposure.name.is_none() {
                    Ask::Knocks(addresses.iter().map(|ip| knock(exposure, &host.id, *ip)).collect())
                } else {
                    let want = Want::Service { client: None };
                    let via = Via::OwnResolver(addresses);
                    Ask::Fetch(Fetch { exposure: n, from: host.id.to_string(), ipv6, via, name: None, want })
                };
                list.add(Kind::ExposeInside, subject, &exposure.place, text, ask);
            }
        }
    }
}

fn knock(exposure: &Exposure, from: &HostId, ip: IpAddr) -> Knock {
    let to = SocketAddr::new(ip, exposure.port);
    Knock { from: from.to_string(), to, listener: None, expect: Expect::Open }
}

/// The path that shows that the service is well, as seen through its exposure.
pub(in super::super) fn health_path(fleet: &Fleet, exposure: &Exposure) -> String {
    use derive::fleet::InstanceHealth;
    let backend = exposure.backends.first();
    let instance =
        backend.and_then(|(host, _, port)| Some((instance(fleet, &exposure.service, host)?, *port)));
    match instance.and_then(|(i, port)| i.health.as_ref().map(|h| (h, port))) {
        Some((InstanceHealth::Http(at, path), port)) if *at == port => path.clone(),
        _ => "/".to_owned(),
    }
}
