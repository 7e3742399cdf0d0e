//! An uplink that contradicts itself.

use crate::codes;
use crate::facts::{Facts, is_private, private_kind, uplink_kind};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Uplink, UplinkKind};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    for (id, site) in &fleet.sites {
        for uplink in site.uplink.iter().flat_map(|u| u.0.values()) {
            judge(uplink, &format!("site `{id}`"), &site.place, out);
        }
    }
    for (id, host) in &fleet.hosts {
        for uplink in host.uplink.iter() {
            judge(uplink, &format!("host `{id}`"), &host.place, out);
        }
    }
}

fn judge(uplink: &Uplink, of: &str, around: &Place, out: &mut Findings) {
    let place = if uplink.place.is_source() { &uplink.place } else { around };
    let error = |place, message| Diagnostic::error(codes::BAD_UPLINK, place, message);
    let addresses: Vec<_> = uplink.ipv4.iter().chain(&uplink.ipv6).collect();
    match uplink_kind(uplink) {
        UplinkKind::Public if addresses.is_empty() => out.push(
            error(place, format!("the public uplink of {of} has no address"))
                .help("write its `ipv4`, its `ipv6` or both: others have to know them"),
        ),
        UplinkKind::Public => {
            for address in addresses.iter().filter(|a| is_private(a.ip)) {
                let message = format!("{} on the uplink of {of} is {}", address.ip, private_kind(address.ip));
                out.push(
                    error(&address.place, message)
                        .help("if the provider translates, write `kind: cgnat` or `kind: double-nat`"),
                );
            }
        }
        UplinkKind::None if uplink.kind.is_some() && !addresses.is_empty() => out.push(
            error(place, format!("{of} has no uplink, yet one with an address is written"))
                .help("leave the address out, or write `kind: public`"),
        ),
        UplinkKind::None if uplink.kind.is_none() => out.push(
            error(place, format!("nothing says what the uplink of {of} is"))
                .help("write its address, or `kind: cgnat`, `double-nat` or `none`"),
        ),
        UplinkKind::Cgnat | UplinkKind::DoubleNat | UplinkKind::None => {}
    }
}
