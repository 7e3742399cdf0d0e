//! A service that is to listen on an address its host does not have.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(listen) = &svc.service.listen else { continue };
        let ip = listen.value;
        if ip.is_loopback() || ip.is_unspecified() || svc.hosts.is_empty() {
            continue;
        }
        let error = |message| Diagnostic::error(codes::LISTEN_ELSEWHERE, &listen.place, message);
        let holders: Vec<_> = facts.addresses.iter().filter(|a| a.address.ip == ip).collect();
        if holders.iter().any(|a| svc.hosts.contains(a.host)) {
            continue;
        }
        if let Some(holder) = holders.first() {
            out.push(
                error(format!(
                    "`{}` cannot listen on {ip}: that is an address of `{}`, where it does not run",
                    svc.name, holder.host
                ))
                .label(holder.place, "the address"),
            );
            continue;
        }
        let originated = facts.fleet.bgp.iter().flat_map(|b| b.originate.values());
        let known = facts.segments.iter().any(|s| s.prefix.contains(&ip))
            || originated.into_iter().any(|o| o.prefix.contains(&ip));
        if !known {
            out.push(
                error(format!("`{}` cannot listen on {ip}: no host of the fleet has it", svc.name))
                    .help("leave `listen` out to listen on all addresses"),
            );
        }
    }
}
