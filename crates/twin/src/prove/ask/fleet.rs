//! Hosts, tunnels, names.

use super::super::question::{Ask, Kind};
use super::List;
use crate::world::World;
use derive::fleet::Fleet;
use diag::Place;

pub(super) fn hosts(fleet: &Fleet, list: &mut List) {
    for (id, host) in &fleet.hosts {
        let text = format!("{id} is up and none of its units has failed");
        list.add(Kind::Host, id.as_str(), &host.place, text, Ask::HostRuns(id.clone()));
    }
}

pub(super) fn tunnels(fleet: &Fleet, list: &mut List) {
    for (n, link) in fleet.links.iter().enumerate() {
        let [(a, _), (b, _)] = &link.ends;
        let many = fleet.links.iter().filter(|l| l.tunnel == link.tunnel).count() > 1;
        let subject = if many { format!("{}/{a}-{b}", link.tunnel) } else { link.tunnel.to_string() };
        let text = format!("{a} and {b} have shaken hands, packets cross, and a new handshake would get in");
        list.add(Kind::Tunnel, subject, &link.place, text, Ask::Tunnel(n));
    }
}

pub(super) fn names(fleet: &Fleet, world: &World, list: &mut List) {
    if !fleet.names.is_empty() {
        for (id, host) in &fleet.hosts {
            let text = format!(
                "each of {} names resolves on {id} to exactly its addresses, and back",
                fleet.names.len()
            );
            list.add(Kind::Names, id.as_str(), &host.place, text, Ask::HostNames(id.clone()));
        }
    }
    let Some(first) = fleet.public_names.first() else { return };
    for (n, client) in world.clients.iter().enumerate() {
        let place: &Place = &first.why.place;
        let count = fleet.public_names.len();
        let text =
            format!("each of {count} public names resolves for {} to exactly its addresses", client.name);
        list.add(Kind::Names, client.name.as_str(), place, text, Ask::PublicNames { client: n });
    }
}
