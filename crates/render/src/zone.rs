//! The public zone in master file format (RFC 1035).

use crate::resolver::under;
use artifact::{Text, Why};
use derive::fleet::Fleet;
use diag::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Seconds a record may be kept; short, so that a moved service is found soon.
const TTL: u32 = 300;

/// `public/DOMAIN.zone`; names outside the fleet's domain go to the zone of their parent.
pub(crate) fn files(fleet: &Fleet) -> BTreeMap<String, Text> {
    let mut zones: BTreeMap<&str, BTreeSet<(&str, IpAddr, Why)>> = BTreeMap::new();
    for name in &fleet.public_names {
        let zone = if under(&name.name, &fleet.domain) {
            fleet.domain.as_str()
        } else {
            name.name.split_once('.').map_or(name.name.as_str(), |(_, parent)| parent)
        };
        let records = zones.entry(zone).or_default();
        for address in &name.addresses {
            records.insert((&name.name, *address, name.why.clone()));
        }
    }
    zones.into_iter().map(|(zone, records)| (format!("public/{zone}.zone"), file(zone, &records))).collect()
}

fn file(zone: &str, records: &BTreeSet<(&str, IpAddr, Why)>) -> Text {
    let why = Why::new(&Place::builtin("public names"), "the public zone");
    let mut text = Text::new();
    text.line("; Written by fleetwright from the model: change it there.", &why);
    text.line(format!("$ORIGIN {zone}.\n$TTL {TTL}"), &why);
    for (name, address, why) in records {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        text.line(format!("{name}. IN {kind} {address}"), why);
    }
    text
}
