//! A public record, replaced by hand, that does not lead to the fleet.

use crate::codes;
use crate::facts::{Facts, Kind, is_private, private_kind};
use crate::rule::Findings;
use diag::Diagnostic;
use model::Audience;
use std::net::IpAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let edges = facts.edges();
    let announced = facts.announced();
    // Records point at the provider's proxy then, whose addresses are not the fleet's.
    let proxied = facts.fleet.dns.as_ref().and_then(|d| d.proxied).unwrap_or(false);
    for exposed in facts.exposures.iter().filter(|e| e.audience == Audience::Internet) {
        let Some(replaced) = &exposed.expose.r#override else { continue };
        let entries: Vec<IpAddr> =
            facts.entries_of(exposed, &edges).iter().flat_map(|e| e.addresses.clone()).collect();
        for address in &replaced.dns {
            let why = if is_private(address.value) {
                format!("{}, which no client on the internet can reach", private_kind(address.value))
            } else if proxied
                || entries.is_empty()
                || entries.contains(&address.value)
                || announced.iter().any(|(prefix, _)| prefix.contains(&address.value))
            {
                continue;
            } else {
                let list: Vec<String> = entries.iter().map(IpAddr::to_string).collect();
                format!("not an address of its entries ({})", list.join(", "))
            };
            let service = facts.services.get(exposed.service).map_or("", |s| s.name);
            out.about(
                Kind::Service,
                service,
                Diagnostic::error(
                    codes::DNS_OVERRIDE,
                    &address.place,
                    format!("{} breaks at its DNS record: {} is {why}", exposed.title(facts), address.value),
                )
                .label(exposed.place(), "the exposure")
                .help("leave the override out: the record follows from the entries"),
            );
        }
    }
}
