//! A host whose services may use more than it has.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::HostId;
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut memory: BTreeMap<&HostId, (u64, Vec<&str>)> = BTreeMap::new();
    for svc in facts.services.iter().filter(|s| s.certain) {
        let Some(limit) = svc.service.limits.as_ref().and_then(|l| l.memory) else { continue };
        for host in &svc.hosts {
            let sum = memory.entry(host).or_default();
            sum.0 = sum.0.saturating_add(limit.0);
            sum.1.push(svc.name);
        }
    }
    for (id, (sum, names)) in memory {
        let Some(capacity) = facts.fleet.hosts.get(id).and_then(|h| h.capacity.as_ref()) else { continue };
        if let Some(has) = capacity.memory.filter(|has| has.0 < sum) {
            let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64);
            out.push(
                Diagnostic::warning(
                    codes::OVERCOMMITTED,
                    &capacity.place,
                    format!("services on `{id}` may use {} of memory, it has {}", gib(sum), gib(has.0)),
                )
                .help(format!("lower their `limits`, or move one: {}", names.join(", "))),
            );
        }
    }
}
