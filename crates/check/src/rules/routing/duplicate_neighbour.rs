//! Two sessions of one host with one address.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        let mut first: BTreeMap<IpAddr, (&str, &diag::Place)> = BTreeMap::new();
        for (name, neighbour) in host.bgp.iter().flat_map(|b| &b.neighbours) {
            let address = &neighbour.address;
            match first.get(&address.value) {
                Some((other, place)) => out.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NEIGHBOUR,
                        &address.place,
                        format!("neighbours `{other}` and `{name}` of `{id}` are both at {}", address.value),
                    )
                    .label(place, "first used here"),
                ),
                None => {
                    first.insert(address.value, (name.as_str(), &address.place));
                }
            }
        }
    }
}
