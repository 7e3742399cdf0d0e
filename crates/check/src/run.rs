//! Runs all rules.

use crate::date::Date;
use crate::exceptions::Exceptions;
use crate::facts::Facts;
use crate::rule::{Class, Findings, Rule};
use crate::table::RULES;
use diag::Report;
use model::Fleet;

/// Everything the rules find in a fleet, in the order of the text. Exceptions count as not ended.
pub fn check(fleet: &Fleet) -> Report {
    check_on(fleet, None)
}

/// Like [`check`], on a day (`2027-06-30`): exceptions that have ended set nothing aside. A text that is no
/// day is like no day.
pub fn check_on(fleet: &Fleet, today: Option<&str>) -> Report {
    let today = today.and_then(Date::parse);
    let facts = Facts::of(fleet, today);
    let mut exceptions = Exceptions::of(fleet, today);
    let mut report = Report::new();
    // Rules about exceptions look at what the others have met.
    let (last, first): (Vec<&Rule>, Vec<&Rule>) = RULES.iter().partition(|r| r.class == Class::Exceptions);
    for rule in first.into_iter().chain(last) {
        if let Class::Standard(profile) = rule.class
            && !facts.standards.contains(profile)
        {
            continue;
        }
        let mut found = Findings::default();
        if rule.class == Class::Exceptions {
            found.used = exceptions.used();
        }
        (rule.run)(&facts, &mut found);
        for mut finding in found.items {
            exceptions.apply(rule, &mut finding);
            report.push(finding.diagnostic);
        }
    }
    report.sort();
    report
}
