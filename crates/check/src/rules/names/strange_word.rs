//! A word that is one of a few, and none of them.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let mut judge = |word: &str, place: &Place, key: &str, known: &[&str]| {
        if !known.contains(&word) {
            let message = format!("`{word}` has no meaning for `{key}`");
            let diagnostic = Diagnostic::error(codes::STRANGE_WORD, place, message);
            out.push(match diag::nearest(word, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known: {}", known.join(", "))),
            });
        }
    };
    let machines = fleet.hosts.values().filter_map(|h| h.machine.as_ref());
    for machine in machines.chain(fleet.profiles.values().filter_map(|p| p.machine.as_ref())) {
        judge(&machine.engine, &machine.place, "machine", &["incus", "proxmox", "physical"]);
    }
    for engine in fleet.environments.values().filter_map(|e| e.engine.as_ref()) {
        judge(engine, &engine.place, "engine", &["incus"]);
    }
    if let Some(gitops) = &fleet.gitops {
        judge(&gitops.forge.kind, &gitops.forge.place, "forge.kind", &["forgejo", "github", "gitlab"]);
        if let Some(plan) = &gitops.plan {
            judge(&plan.on, &plan.place, "plan.on", &["pull-request"]);
            plan.proof.iter().for_each(|p| judge(p, &plan.place, "plan.proof", &["static", "twin"]));
        }
        if let Some(apply) = &gitops.apply {
            judge(&apply.on, &apply.place, "apply.on", &["merge"]);
        }
    }
    for module in fleet.modules.values().filter(|m| m.place.is_source()) {
        for port in module.ports.values() {
            let spoken = port.protocol.iter();
            spoken.for_each(|p| judge(p, &port.place, "protocol", &["http", "https", "tcp", "udp"]));
        }
    }
}
