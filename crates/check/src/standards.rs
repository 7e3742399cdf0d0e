//! Which standards a fleet holds, breaks, or has set aside.

use crate::date::Date;
use crate::exceptions::Exceptions;
use crate::facts::Facts;
use crate::rule::Class;
use crate::rule::Findings;
use crate::table::RULES;
use diag::{Diagnostic, Severity};
use model::Fleet;
use std::collections::BTreeSet;

/// Names of all sets of standards.
pub fn profiles() -> BTreeSet<&'static str> {
    let names = RULES.iter().filter_map(|rule| match rule.class {
        Class::Standard(profile) => Some(profile),
        Class::Fault | Class::Override | Class::Exceptions => None,
    });
    names.collect()
}

/// How a fleet stands to one rule of a set of standards it holds itself to.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The set.
    pub profile: &'static str,
    /// The rule's code.
    pub code: &'static str,
    /// Its name.
    pub rule: &'static str,
    /// What it finds.
    pub meaning: &'static str,
    /// What breaks it.
    pub broken: Vec<Diagnostic>,
    /// What breaks it and is set aside by an exception that has not ended.
    pub set_aside: Vec<Diagnostic>,
}

impl Standing {
    /// True when nothing breaks it but what is set aside.
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

/// A line for each rule of the sets of standards that the fleet's policies name. `today` is `2027-06-30`;
/// without it no exception has ended.
pub fn standards(fleet: &Fleet, today: Option<&str>) -> Vec<Standing> {
    let today = today.and_then(Date::parse);
    let facts = Facts::of(fleet, today);
    let mut exceptions = Exceptions::of(fleet, today);
    let mut all = Vec::new();
    for rule in RULES {
        let Class::Standard(profile) = rule.class else { continue };
        if !facts.standards.contains(profile) {
            continue;
        }
        let mut found = Findings::default();
        (rule.run)(&facts, &mut found);
        let items = found.items.into_iter().map(|mut finding| {
            exceptions.apply(rule, &mut finding);
            finding.diagnostic
        });
        let (broken, set_aside) = items.partition(|d| d.severity == Severity::Error);
        all.push(Standing {
            profile,
            code: rule.code,
            rule: rule.name,
            meaning: rule.meaning,
            broken,
            set_aside,
        });
    }
    all
}
