//! What must not be reached, and what must be left alone.

use super::super::question::{Ask, Expect, Fetch, Kind, Knock, Via, Want};
use super::expose::{admits, by_name, entries, family};
use super::{List, is_global, title};
use crate::world::World;
use derive::fleet::{Exposure, Fleet, Host, SegmentKind, Traffic};
use model::{Audience, HostId, Proto};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

const SSH: u16 = 22;

/// Names that must not answer from outside, plain HTTP that must send to HTTPS, a name nobody has.
pub(super) fn exposures(fleet: &Fleet, world: &World, list: &mut List) {
    let Some(first) = world.clients.first() else { return };
    let doors = doors(fleet);
    for (n, exposure) in fleet.exposures.iter().enumerate() {
        let title = title(exposure);
        match exposure.audience {
            Audience::Internet => {
                for client in &world.clients {
                    for (ipv6, own) in [(false, client.ipv4), (true, client.ipv6)] {
                        let addresses = entries(exposure, ipv6);
                        let Some(ip) = addresses.first() else { continue };
                        if admits(exposure, own) || exposure.proto == Proto::Udp {
                            continue;
                        }
                        let subject = format!("{title}/{}/{}", client.name, family(ipv6));
                        let text = format!("{} is none of those who may use {title}", client.name);
                        let ask = nothing(n, &client.name, *ip);
                        list.add(Kind::Refused, subject, &exposure.place, text, ask);
                    }
                }
                let ip = entries(exposure, false).first().or(entries(exposure, true).first()).copied();
                if let (true, Some(ip)) = (by_name(exposure) && exposure.port == 443, ip)
                    && admits(exposure, if ip.is_ipv4() { first.ipv4 } else { first.ipv6 })
                {
                    let text = format!("plain HTTP to {title} sends the client to HTTPS");
                    let ask = Fetch {
                        exposure: n,
                        from: first.name.clone(),
                        ipv6: ip.is_ipv6(),
                        via: Via::Address(ip),
                        name: None,
                        want: Want::Upgrade,
                    };
                    list.add(Kind::Refused, format!("plain/{title}"), &exposure.place, text, Ask::Fetch(ask));
                }
            }
            Audience::Lan | Audience::Fleet if by_name(exposure) => {
                for client in &world.clients {
                    for ip in &doors {
                        let subject = format!("{title}/{}/{ip}", client.name);
                        let text = format!("{} cannot use {title} at {ip}", client.name);
                        list.add(
                            Kind::Refused,
                            subject,
                            &exposure.place,
                            text,
                            nothing(n, &client.name, *ip),
                        );
                    }
                }
            }
            Audience::Lan | Audience::Fleet => {}
        }
    }
    for ip in &doors {
        let served = |e: &&Exposure| by_name(e) && e.entries.iter().any(|e| e.addresses.contains(ip));
        let Some((n, exposure)) = fleet.exposures.iter().enumerate().find(|(_, e)| served(e)) else {
            continue;
        };
        let fetch = Fetch {
            exposure: n,
            from: first.name.clone(),
            ipv6: ip.is_ipv6(),
            via: Via::Address(*ip),
            name: Some(format!("nobody.{}", fleet.domain)),
            want: Want::Nothing,
        };
        let text = format!("a name that nobody exposed gets no service at {ip}");
        list.add(Kind::Refused, format!("unknown-name/{ip}"), &exposure.place, text, Ask::Fetch(fetch));
    }
}

fn nothing(exposure: usize, from: &str, ip: IpAddr) -> Ask {
    let via = Via::Address(ip);
    Ask::Fetch(Fetch {
        exposure,
        from: from.to_owned(),
        ipv6: ip.is_ipv6(),
        via,
        name: None,
        want: Want::Nothing,
    })
}

/// Public addresses at which names of the fleet are served.
fn doors(fleet: &Fleet) -> BTreeSet<IpAddr> {
    let named = fleet.exposures.iter().filter(|e| by_name(e));
    named.flat_map(|e| &e.entries).flat_map(|e| &e.addresses).copied().collect()
}

/// Addresses of a host that the internet may route to.
fn global_addresses(fleet: &Fleet, host: &Host) -> BTreeSet<IpAddr> {
    let mut all: BTreeSet<IpAddr> = BTreeSet::new();
    for interface in &host.interfaces {
        let segment = interface.segment.as_ref().and_then(|s| fleet.segments.get(s));
        // A bridge's or peering LAN's addresses may be global without the internet knowing a way there; an
        // attempt that finds none is refused as well.
        if segment.is_some_and(|s| s.kind == SegmentKind::Uplink(model::UplinkKind::None)) {
            continue;
        }
        all.extend(interface.addresses.iter().map(|(a, _)| a.addr()).filter(|ip| is_global(*ip)));
    }
    all
}

/// Ports of services that the internet has no business with, at every address it can route to.
pub(super) fn ports(fleet: &Fleet, world: &World, list: &mut List) {
    if world.clients.is_empty() {
        return;
    }
    for (id, host) in &fleet.hosts {
        let addresses = global_addresses(fleet, host);
        let ports = closed_ports(fleet, host);
        if addresses.is_empty() || ports.is_empty() {
            continue;
        }
        let mut knocks = Vec::new();
        for client in &world.clients {
            for ip in &addresses {
                let open = open_at(fleet, *ip);
                for port in ports.iter().filter(|p| !open.contains(p)) {
                    knocks.push(Knock {
                        from: client.name.clone(),
                        to: SocketAddr::new(*ip, *port),
                        listener: Some(id.to_string()),
                        expect: Expect::Closed,
                    });
                }
            }
        }
        let text = format!(
            "nobody on the internet gets through to the {} ports of {id}'s site that are not exposed",
            ports.len()
        );
        list.add(Kind::Refused, format!("ports/{id}"), &host.place, text, Ask::Knocks(knocks));
    }
}

/// TCP ports of services on a host, and of those at its site when it is the way in.
fn closed_ports(fleet: &Fleet, host: &Host) -> BTreeSet<u16> {
    let site = host.site.as_ref().and_then(|s| fleet.sites.get(s));
    let is_router = site.is_some_and(|s| s.router.as_ref() == Some(&host.id));
    let near: BTreeSet<&HostId> = match site {
        Some(site) if is_router => site.hosts.iter().collect(),
        _ => BTreeSet::from([&host.id]),
    };
    let instances = near.iter().filter_map(|h| fleet.hosts.get(*h)).flat_map(|h| &h.instances);
    let mut ports: BTreeSet<u16> = instances
        .flat_map(|i| i.ports.values())
        .filter(|p| p.proto == Proto::Tcp)
        .map(|p| p.number)
        .collect();
    // The administrator's door: open to the internet only where a host is dialled there.
    if !near.iter().filter_map(|h| fleet.hosts.get(*h)).any(opens_ssh) {
        ports.insert(SSH);
    }
    ports
}

/// True when a host takes SSH from anywhere.
fn opens_ssh(host: &Host) -> bool {
    let anybody = host.firewall.input.iter().filter(|rule| rule.from.is_empty() && rule.to.is_empty());
    let outside = |iif: &String| !host.firewall.inside.contains(iif);
    anybody.into_iter().any(|rule| {
        (rule.iif.is_empty() || rule.iif.iter().any(outside))
            && matches!(&rule.traffic, Traffic::Ports(Proto::Tcp, ports) if ports.contains(&SSH))
    })
}

/// TCP ports that exposures open at an address.
fn open_at(fleet: &Fleet, ip: IpAddr) -> BTreeSet<u16> {
    let mut open = BTreeSet::new();
    for exposure in fleet.exposures.iter().filter(|e| e.entries.iter().any(|e| e.addresses.contains(&ip))) {
        open.insert(exposure.port);
        if exposure.name.is_some() {
            open.extend([80, 443]);
        }
    }
    open
}

/// LAN hosts behind a router that translates destinations still reach others' servers on those ports.
pub(super) fn uncaught(fleet: &Fleet, world: &World, list: &mut List) {
    let Some(client) = world.clients.last() else { return };
    for (id, router) in &fleet.hosts {
        let ports: BTreeSet<u16> =
            router.firewall.dnat.iter().filter(|d| d.proto == Proto::Tcp).map(|d| d.port).collect();
        let place = router.firewall.dnat.first().map(|d| d.why.place.clone());
        let site = router.site.as_ref().and_then(|s| fleet.sites.get(s));
        let (Some(site), Some(place)) = (site, place) else { continue };
        for host in site.hosts.iter().filter(|h| *h != id) {
            let Some(lan) = fleet.hosts.get(host) else { continue };
            let mut knocks = Vec::new();
            for ip in [client.ipv4, client.ipv6] {
                let speaks = lan.addresses.iter().any(|a| a.is_ipv6() == ip.is_ipv6());
                // Inside addresses leave by translation only over IPv4.
                let leaves = ip.is_ipv4() || lan.addresses.iter().any(|a| a.is_ipv6() && is_global(*a));
                if speaks && leaves {
                    knocks.extend(ports.iter().map(|port| Knock {
                        from: host.to_string(),
                        to: SocketAddr::new(ip, *port),
                        listener: Some(client.name.clone()),
                        expect: Expect::Open,
                    }));
                }
            }
            if knocks.is_empty() {
                continue;
            }
            let text = format!(
                "{host}'s connections to somebody else's server are not caught by {id}'s translation"
            );
            list.add(Kind::Uncaught, format!("{host}/{id}"), &place, text, Ask::Knocks(knocks));
        }
    }
}
