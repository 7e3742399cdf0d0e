//! A service named for a duty that its module does not have.

use crate::codes;
use crate::facts::{Facts, Svc};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Provides, ServiceId, Sp};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut judge = |name: &Sp<ServiceId>, roles: &[Provides], duty: &str| {
        let Some(svc) = facts.service(name.as_str()) else { return };
        let Some(module) = svc.module else { return };
        let fits = |s: &Svc<'_>| roles.iter().any(|role| s.provides(*role));
        if fits(svc) {
            return;
        }
        let role = roles.first().map_or("", |r| r.word());
        let diagnostic = Diagnostic::error(
            codes::WRONG_ROLE,
            &name.place,
            format!(
                "service `{}` cannot {duty}: its module `{}` does not provide `{role}`",
                svc.name, svc.service.module.value
            ),
        )
        .label(&svc.service.module.place, "its module");
        let others: Vec<&str> = facts.services.iter().filter(|s| fits(s)).map(|s| s.name).collect();
        out.push(match others.as_slice() {
            [] if module.place.is_source() => {
                diagnostic.help(format!("write `provides: {role}` in the module"))
            }
            [] => diagnostic,
            _ => diagnostic.help(format!("services that can: {}", others.join(", "))),
        });
    };
    let fleet = facts.fleet;
    for auth in fleet.auth.iter() {
        auth.directory.iter().for_each(|n| judge(n, &[Provides::Directory], "know people"));
        auth.oidc.iter().for_each(|n| judge(n, &[Provides::Oidc], "issue tokens"));
        auth.gate.iter().for_each(|n| judge(n, &[Provides::Gate], "ask people to sign in"));
    }
    for name in fleet.certificates.iter().filter_map(|c| c.internal.as_ref()) {
        judge(name, &[Provides::Ca], "issue certificates");
    }
    for federation in &fleet.federation {
        judge(&federation.from, &[Provides::Metrics, Provides::HostMetrics], "pass metrics on");
        judge(&federation.by, &[Provides::Metrics, Provides::HostMetrics], "take metrics");
    }
    for svc in &facts.services {
        for keeper in svc.service.backup.iter().filter_map(|b| b.to.as_ref()) {
            judge(keeper, &[Provides::Backups], "keep backups");
        }
    }
}
