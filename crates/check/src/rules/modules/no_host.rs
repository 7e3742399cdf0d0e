//! A service with fewer hosts to run on than it needs.

use crate::codes;
use crate::facts::{Facts, Kind, Svc};
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Placement, PlacementNeeds, Sp};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        match &svc.service.on {
            Some(Placement::Names(names) | Placement::Each(names)) => {
                for name in names.iter().filter(|n| is_set(facts, n) && facts.hosts_named(n).is_empty()) {
                    let message =
                        format!("service `{}` would run nowhere: `{}` has no host", svc.name, name.value);
                    out.push(error(&name.place, message));
                }
            }
            Some(Placement::Any(any)) => {
                let copies = any.copies.as_ref().map_or(1, |c| c.value as usize);
                let place = any.copies.as_ref().map_or(&any.any.place, |c| &c.place);
                let hosts = svc.hosts.len();
                if copies == 0 {
                    out.push(error(place, format!("0 copies of service `{}` are none", svc.name)));
                } else if is_set(facts, &any.any) && hosts < copies {
                    let message = format!(
                        "service `{}` wants {copies} of the hosts of `{}`, which has {hosts}",
                        svc.name, any.any.value
                    );
                    out.push(error(place, message));
                }
            }
            Some(Placement::Needs(needs)) => unfit(facts, svc, needs, out),
            None => {}
        }
    }
}

fn error(place: &Place, message: String) -> Diagnostic {
    Diagnostic::error(codes::NO_HOST, place, message)
}

/// True for names of groups and environments; others are another rule's finding.
fn is_set(facts: &Facts<'_>, name: &Sp<String>) -> bool {
    let kinds = [Kind::Host, Kind::Group, Kind::Environment];
    matches!(
        facts.find(name, &kinds),
        crate::facts::Found::One(Kind::Group | Kind::Environment | Kind::Host, _)
    )
}

/// No host has all that is needed: says what each requirement leaves.
fn unfit(facts: &Facts<'_>, svc: &Svc<'_>, needs: &PlacementNeeds, out: &mut Findings) {
    let known_site = needs.site.as_ref().is_none_or(|s| facts.has(Kind::Site, s.as_str()));
    if !svc.hosts.is_empty() || !known_site {
        return;
    }
    let hosts = || facts.fleet.hosts.values();
    let capacities = || hosts().filter_map(|h| h.capacity.as_ref());
    let mut parts = Vec::new();
    if let Some(cpu) = needs.cpu {
        let most = capacities().filter_map(|c| c.cpu).max();
        let most =
            most.map_or_else(|| "no host says what it has".to_owned(), |most| format!("the most is {most}"));
        parts.push(format!("{cpu} cores ({most})"));
    }
    if let Some(memory) = needs.memory {
        let enough = capacities().filter(|c| c.memory.is_some_and(|m| m >= memory)).count();
        parts.push(format!("its memory ({enough} hosts have it)"));
    }
    for (name, size) in &needs.storage {
        let enough = capacities().filter(|c| c.volumes.get(name).is_some_and(|has| has >= size)).count();
        parts.push(format!("storage `{name}` of that size ({enough} hosts have it)"));
    }
    if let Some(site) = &needs.site {
        let there = facts.at_site.get(site.as_str()).map_or(0, Vec::len);
        parts.push(format!("a place at site `{}` ({there} hosts are there)", site.value));
    }
    let message = format!("no host has what service `{}` needs: {}", svc.name, parts.join(", "));
    out.push(error(&needs.place, message).help("write `capacity:` in the hosts, or ask for less"));
}
