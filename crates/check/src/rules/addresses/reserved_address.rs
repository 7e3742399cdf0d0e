//! The address of a network itself, or its broadcast address, given to a host.

use crate::codes;
use crate::facts::{Facts, Holder};
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;
use std::net::IpAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for held in &facts.addresses {
        let declared = match held.holder {
            Holder::Lan(site) => facts.lan_prefixes(site),
            Holder::Interface(_, Some(network)) => facts.network_prefixes(network),
            Holder::Interface(_, None) | Holder::Uplink(_) | Holder::Loose => Vec::new(),
        };
        let own = held.address.prefix.map(|_| (held.address.net().trunc(), held.place));
        let prefixes = declared.into_iter().chain(own);
        let taken =
            prefixes.filter_map(|(prefix, _)| reserved(prefix, held.address.ip).map(|what| (prefix, what)));
        if let Some((prefix, what)) = taken.into_iter().next() {
            out.push(
                Diagnostic::error(
                    codes::RESERVED_ADDRESS,
                    held.place,
                    format!("{} is {what} of {prefix}, not a host's", held.address.ip),
                )
                .help(format!("take an address between {} and the last", first_host(prefix))),
            );
        }
    }
}

/// What an address is reserved for: RFC 1122 for IPv4 (RFC 3021 frees /31), RFC 4291 §2.6.1 for IPv6.
fn reserved(prefix: IpNet, ip: IpAddr) -> Option<&'static str> {
    match prefix {
        IpNet::V4(v4) if v4.prefix_len() <= 30 && ip == IpAddr::V4(v4.network()) => {
            Some("the network's own address")
        }
        IpNet::V4(v4) if v4.prefix_len() <= 30 && ip == IpAddr::V4(v4.broadcast()) => {
            Some("the broadcast address")
        }
        IpNet::V6(v6) if v6.prefix_len() <= 126 && ip == IpAddr::V6(v6.network()) => {
            Some("the address of every router")
        }
        IpNet::V4(_) | IpNet::V6(_) => None,
    }
}

fn first_host(prefix: IpNet) -> IpAddr {
    prefix.hosts().find(|ip| reserved(prefix, *ip).is_none()).unwrap_or(prefix.addr())
}
