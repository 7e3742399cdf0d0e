//! An address that is not in the prefix of its LAN or network.

use crate::codes;
use crate::facts::{Facts, Holder, SegmentKind};
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for held in &facts.addresses {
        let ip = held.address.ip;
        let (what, prefixes) = match held.holder {
            Holder::Lan(site) => (format!("{}", SegmentKind::Lan(site)), facts.lan_prefixes(site)),
            Holder::Interface(_, Some(network)) => {
                (format!("network `{network}`"), facts.network_prefixes(network))
            }
            Holder::Interface(_, None) | Holder::Uplink(_) | Holder::Loose => continue,
        };
        let same_family: Vec<&(IpNet, &diag::Place)> =
            prefixes.iter().filter(|(p, _)| p.addr().is_ipv4() == ip.is_ipv4()).collect();
        let error = |message| Diagnostic::error(codes::ADDRESS_OUTSIDE, held.place, message);
        if prefixes.is_empty() || same_family.iter().any(|(p, _)| p.contains(&ip)) {
            continue;
        }
        let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
        out.push(match same_family.first() {
            Some((prefix, place)) => error(format!("{ip} is not in {prefix}, the {family} prefix of {what}"))
                .label(place, "the prefix"),
            None => error(format!("{ip} cannot be on {what}, which has no {family} prefix")).help(format!(
                "give it one, or write the address under `interfaces` of host `{}`",
                held.host
            )),
        });
    }
}
