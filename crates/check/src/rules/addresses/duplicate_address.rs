//! One address for two interfaces.

use crate::codes;
use crate::facts::{Facts, Holder, HostAddress};
use crate::rule::Findings;
use diag::Diagnostic;
use model::UplinkKind;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut first: BTreeMap<IpAddr, &HostAddress<'_>> = BTreeMap::new();
    for held in &facts.addresses {
        // Behind a provider's NAT anyone may have the same address.
        if matches!(held.holder, Holder::Uplink(UplinkKind::Cgnat | UplinkKind::DoubleNat)) {
            continue;
        }
        let ip = held.address.ip;
        let Some(other) = first.get(&ip) else {
            first.insert(ip, held);
            continue;
        };
        let message = if other.host == held.host {
            format!("host `{}` has {ip} twice", held.host)
        } else {
            format!("{ip} belongs to host `{}` already", other.host)
        };
        out.push(
            Diagnostic::error(codes::DUPLICATE_ADDRESS, held.place, message)
                .label(other.place, "first used here"),
        );
    }
}
