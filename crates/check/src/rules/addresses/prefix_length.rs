//! A prefix length that is not the one of the address's LAN or network.

use crate::codes;
use crate::facts::{Facts, Holder};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for held in &facts.addresses {
        let Some(length) = held.address.prefix else { continue };
        let prefixes = match held.holder {
            Holder::Lan(site) => facts.lan_prefixes(site),
            Holder::Interface(_, Some(network)) => facts.network_prefixes(network),
            Holder::Interface(_, None) | Holder::Uplink(_) | Holder::Loose => continue,
        };
        if let Some((prefix, place)) = prefixes.iter().find(|(p, _)| p.contains(&held.address.ip))
            && prefix.prefix_len() != length
        {
            out.push(
                Diagnostic::error(
                    codes::PREFIX_LENGTH,
                    held.place,
                    format!("{} says /{length}, its network is {prefix}", held.address),
                )
                .label(place, "the network")
                .help(format!("leave the length out: write {}", held.address.ip)),
            );
        }
    }
}
