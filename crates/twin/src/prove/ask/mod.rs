//! The questions a fleet raises. Pure: from the fleet and the world around it.

mod bgp;
mod expose;
mod fleet;
mod knock;
mod refused;
mod watch;

pub(super) use expose::health_path;

use super::question::{Ask, Kind, Question};
use crate::world::World;
use derive::fleet::{Exposure, Fleet, Instance, Traffic};
use diag::Place;
use model::{HostId, Proto, ServiceId};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Everything a fleet's twin can be asked, by kind and in a stable order; ids are unique.
pub fn questions(fleet: &Fleet, world: &World) -> Vec<Question> {
    let mut list = List { questions: Vec::new() };
    fleet::hosts(fleet, &mut list);
    fleet::tunnels(fleet, &mut list);
    bgp::sessions(fleet, &mut list);
    bgp::routes(fleet, world, &mut list);
    expose::outside(fleet, world, &mut list);
    expose::inside(fleet, &mut list);
    refused::exposures(fleet, world, &mut list);
    refused::ports(fleet, world, &mut list);
    refused::uncaught(fleet, world, &mut list);
    knock::zones(fleet, &mut list);
    knock::needs(fleet, &mut list);
    fleet::names(fleet, world, &mut list);
    watch::scrapes(fleet, &mut list);
    watch::quiet(fleet, &mut list);
    list.questions.sort_by_key(|q| q.kind);
    list.questions
}

struct List {
    questions: Vec<Question>,
}

impl List {
    fn add(
        &mut self,
        kind: Kind,
        subject: impl Into<String>,
        place: &Place,
        text: impl Into<String>,
        ask: Ask,
    ) {
        let subject = subject.into();
        let mut id = format!("{kind}/{subject}");
        let mut n = 2;
        while self.questions.iter().any(|q| q.id == id) {
            id = format!("{kind}/{subject}#{n}");
            n += 1;
        }
        self.questions.push(Question { id, kind, subject, place: place.clone(), text: text.into(), ask });
    }
}

/// A service's copy on a host.
pub(super) fn instance<'a>(fleet: &'a Fleet, service: &ServiceId, host: &HostId) -> Option<&'a Instance> {
    fleet.hosts.get(host)?.instances.iter().find(|i| i.service == *service)
}

/// What an exposure is called: its name, else its service and port.
pub(super) fn title(exposure: &Exposure) -> String {
    match &exposure.name {
        Some(name) => name.clone(),
        None => format!("{}:{}", exposure.service, exposure.port),
    }
}

/// True for addresses that other networks may route to us.
pub(super) fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let carrier = a == 100 && (64..128).contains(&b);
            !(ip.is_private() || carrier || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified())
        }
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    }
}

/// Every TCP port that anything in the fleet has a word about.
fn spoken_for(fleet: &Fleet) -> BTreeSet<u16> {
    let mut ports = BTreeSet::from([22, 53, 80, 179, 443, 2019]);
    for host in fleet.hosts.values() {
        let own = host.instances.iter().flat_map(|i| i.ports.values());
        ports.extend(own.filter(|p| p.proto == Proto::Tcp).map(|p| p.number));
    }
    ports.extend(fleet.edges.iter().map(|e| e.port));
    for exposure in &fleet.exposures {
        ports.insert(exposure.port);
        ports.extend(exposure.backends.iter().map(|(_, _, port)| *port));
    }
    for allow in &fleet.allows {
        if let Traffic::Ports(_, list) = &allow.traffic {
            ports.extend(list);
        }
    }
    ports
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod addresses {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn global_addresses_are_told_from_inside_ones() {
        let global = |text: &str| is_global(text.parse().unwrap());
        assert!(global("203.0.113.7") && global("2001:db8:7::7"));
        for inside in [
            "192.168.1.1",
            "10.0.0.1",
            "172.16.5.5",
            "100.64.0.1",
            "100.127.1.1",
            "fd00::1",
            "fe80::1",
            "::1",
        ] {
            assert!(!global(inside), "{inside}");
        }
        assert!(global("100.128.0.1") && global("172.32.0.1"));
    }
}
