//! A LAN or network without any prefix.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::NetworkKind;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, site) in &facts.fleet.sites {
        if let Some(lan) = &site.lan
            && lan.ipv4.is_none()
            && lan.ipv6.is_none()
        {
            out.push(
                Diagnostic::error(
                    codes::NO_PREFIX,
                    &lan.place,
                    format!("the LAN of site `{id}` has no prefix"),
                )
                .help("write its `ipv4`, its `ipv6` or both"),
            );
        }
    }
    for (id, network) in &facts.fleet.networks {
        let made = network.kind.as_ref().map_or(NetworkKind::Lan, |k| k.value);
        // What is directly on the physical LAN has that LAN's addresses; tunnels write their own.
        let apart = !matches!(made, NetworkKind::Physical | NetworkKind::Wireguard);
        if apart && network.ipv4.is_none() && network.ipv6.is_none() {
            out.push(
                Diagnostic::error(codes::NO_PREFIX, &network.place, format!("network `{id}` has no prefix"))
                    .help("write its `ipv4`, its `ipv6` or both"),
            );
        }
    }
}
