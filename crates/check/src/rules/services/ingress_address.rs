//! An address that requests are to come in at, in no prefix that leads to the ingress.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::HostId;
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in facts.services.iter().filter(|s| s.certain) {
        for address in svc.service.ingress.iter().flat_map(|i| &i.address) {
            let mut originate = facts.fleet.bgp.iter().flat_map(|b| b.originate.values());
            let holding = originate.find(|o| o.prefix.contains(&address.value));
            let error = |message| Diagnostic::error(codes::INGRESS_ADDRESS, &address.place, message);
            let Some(holding) = holding else {
                out.push(
                    error(format!("nothing announces {}: it is in no originated prefix", address.value))
                        .help("write its prefix under `bgp.originate`, or leave `address` out"),
                );
                continue;
            };
            let at: BTreeSet<&HostId> = holding.at.names.iter().flat_map(|n| facts.hosts_named(n)).collect();
            if let Some(host) = svc.hosts.iter().find(|h| !at.contains(*h)) {
                out.push(
                    error(format!("{} does not lead to `{host}`, where `{}` runs", address.value, svc.name))
                        .label(&holding.at.place, format!("{} leads here", holding.prefix.value)),
                );
            }
        }
    }
}
