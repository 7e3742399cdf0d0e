//! Exceptions: what a policy sets aside, with a reason and an end.

use crate::date::Date;
use crate::facts::Kind;
use crate::rule::{Class, Finding, Rule};
use diag::{Place, Severity};
use model::{Exception, Fleet};
use std::collections::{BTreeMap, BTreeSet};

/// The exceptions of a fleet by rule and thing.
pub(crate) struct Exceptions<'a> {
    by_thing: BTreeMap<(&'a str, Kind, &'a str), &'a Exception>,
    today: Option<Date>,
    used: BTreeSet<Place>,
}

impl<'a> Exceptions<'a> {
    /// All that are written.
    pub(crate) fn of(fleet: &'a Fleet, today: Option<Date>) -> Self {
        let written = fleet.policies.values().flat_map(|p| &p.exceptions);
        let by_thing = written
            .filter_map(|exception| {
                let (kind, name) = exception.of.split_once('/')?;
                Some(((exception.rule.as_str(), Kind::of_prefix(kind)?, name), exception))
            })
            .collect();
        Exceptions { by_thing, today, used: BTreeSet::new() }
    }

    /// Makes a finding a warning when an exception that has not ended names its rule and thing. True when one
    /// did.
    pub(crate) fn apply(&mut self, rule: &Rule, finding: &mut Finding) -> bool {
        if !matches!(rule.class, Class::Override | Class::Standard(_)) {
            return false;
        }
        let Some((kind, name)) = &finding.of else { return false };
        let Some(exception) = self.by_thing.get(&(rule.name, *kind, name.as_str())) else { return false };
        self.used.insert(exception.place.clone());
        let until = Date::parse(&exception.until);
        let over = match (until, self.today) {
            (Some(until), Some(today)) => until < today,
            // An end that is no day is a finding of its own.
            (Some(_), None) | (None, _) => false,
        };
        let word = if over { "the exception ended" } else { "set aside" };
        let label = format!("{word} on {}: {}", exception.until.value, exception.reason.value);
        let label = if over { label } else { label.replacen(" on ", " until ", 1) };
        finding.diagnostic.labels.push((exception.place.clone(), label));
        if !over {
            finding.diagnostic.severity = Severity::Warning;
        }
        !over
    }

    /// Where the exceptions stand that were met.
    pub(crate) fn used(&self) -> BTreeSet<Place> {
        self.used.clone()
    }
}
