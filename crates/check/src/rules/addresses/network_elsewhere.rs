//! A host or service on a network of another site, host or environment.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{HostId, Network, NetworkId};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let networks = &facts.fleet.networks;
    for (id, host) in &facts.fleet.hosts {
        for name in host.interfaces.values().filter_map(|i| i.network.as_ref()) {
            if let Some(network) = networks.get(&name.value) {
                judge(facts, id, &name.value, network, &name.place, &format!("host `{id}`"), out);
            }
        }
    }
    for svc in facts.services.iter().filter(|s| s.certain) {
        for name in &svc.service.networks {
            let Some(network) = networks.get(&name.value) else { continue };
            let who = format!("service `{}`", svc.name);
            if let (Some(here), Some(there)) = (&svc.service.environment, &network.environment)
                && here.value != there.value
            {
                let message = format!(
                    "{who} of environment `{}` cannot be on network `{}` of `{}`",
                    here.value, name.value, there.value
                );
                out.push(
                    Diagnostic::error(codes::NETWORK_ELSEWHERE, &name.place, message)
                        .label(&there.place, "the network's environment"),
                );
            }
            for host in &svc.hosts {
                if judge(facts, host, &name.value, network, &name.place, &format!("{who} on `{host}`"), out) {
                    break;
                }
            }
        }
    }
}

/// Reports a network that the host cannot be on; true when it did.
fn judge(
    facts: &Facts<'_>,
    host: &HostId,
    name: &NetworkId,
    network: &Network,
    place: &Place,
    who: &str,
    out: &mut Findings,
) -> bool {
    let site = facts.fleet.hosts.get(host).and_then(|h| h.site.as_ref());
    let (where_to, at) = match (&network.at, &network.site) {
        (Some(at), _) if at.value != *host => (format!("on host `{}`", at.value), &at.place),
        (None, Some(there)) if site.is_some_and(|s| s.value != there.value) => {
            (format!("at site `{}`", there.value), &there.place)
        }
        _ => return false,
    };
    out.push(
        Diagnostic::error(
            codes::NETWORK_ELSEWHERE,
            place,
            format!("{who} cannot be on network `{name}`, which is {where_to}"),
        )
        .label(at, "the network"),
    );
    true
}
