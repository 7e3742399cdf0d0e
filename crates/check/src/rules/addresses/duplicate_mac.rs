//! One hardware address for two machines.

use super::bad_mac::parse;
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    // A reservation for an interface that is written in the fleet names its hardware address again; two
    // interfaces or two reservations must not.
    let hosts = || facts.fleet.hosts.values();
    let interfaces = hosts().flat_map(|h| h.interfaces.values()).filter_map(|i| i.mac.as_ref());
    let reserved = hosts().flat_map(|h| &h.router).flat_map(|r| &r.dhcp).flat_map(|d| d.reserve.values());
    twice(interfaces, "interface", out);
    twice(reserved.map(|r| &r.mac), "reservation", out);
}

fn twice<'a>(macs: impl Iterator<Item = &'a model::Sp<String>>, what: &str, out: &mut Findings) {
    let mut first: BTreeMap<[u8; 6], &Place> = BTreeMap::new();
    for mac in macs {
        let Ok(bytes) = parse(mac) else { continue };
        match first.get(&bytes) {
            Some(place) => out.push(
                Diagnostic::error(
                    codes::DUPLICATE_MAC,
                    &mac.place,
                    format!("hardware address {} belongs to another {what}", mac.value),
                )
                .label(place, "first used here"),
            ),
            None => {
                first.insert(bytes, &mac.place);
            }
        }
    }
}
