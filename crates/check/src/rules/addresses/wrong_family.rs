//! An IPv6 address where an IPv4 one is meant, or the other way round.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Address, Sp};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let mut judge = |v4: &Option<Sp<Address>>, v6: &Option<Sp<Address>>| {
        for (address, key, family) in [(v4, "ipv4", "IPv4"), (v6, "ipv6", "IPv6")] {
            if let Some(address) = address
                && address.ip.is_ipv4() != (key == "ipv4")
            {
                let message = format!("{} stands at `{key}`, but is no {family} address", address.value);
                out.push(Diagnostic::error(codes::WRONG_FAMILY, &address.place, message));
            }
        }
    };
    for uplink in fleet.sites.values().flat_map(|s| &s.uplink).flat_map(|u| u.0.values()) {
        judge(&uplink.ipv4, &uplink.ipv6);
    }
    for host in fleet.hosts.values() {
        host.uplink.iter().for_each(|u| judge(&u.ipv4, &u.ipv6));
        host.interfaces.values().for_each(|i| judge(&i.ipv4, &i.ipv6));
    }
}
