//! What a rule is, and where it puts what it found.

use crate::facts::{Facts, Kind};
use diag::{Diagnostic, Place};
use std::collections::BTreeSet;

/// What happens to a finding when an exception names its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It stays: nothing sets it aside.
    Fault,
    /// A derived part was replaced by hand and that breaks something: an exception makes it a warning, and
    /// the twin says what really happens.
    Override,
    /// A standard; looked at only by fleets that hold the named set of standards, and an exception makes it
    /// a warning.
    Standard(&'static str),
    /// About exceptions themselves; run when all others are done.
    Exceptions,
}

/// One rule on the model.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Its name, by which exceptions and standards refer to it.
    pub name: &'static str,
    /// What it finds, in one line.
    pub meaning: &'static str,
    /// What an exception does to it.
    pub class: Class,
    /// Looks at the fleet.
    pub(crate) run: fn(&Facts<'_>, &mut Findings),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}

/// What a rule found.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The thing it is about, by which an exception names it.
    pub(crate) of: Option<(Kind, String)>,
    /// What to say.
    pub(crate) diagnostic: Diagnostic,
}

/// Where a rule puts what it found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) items: Vec<Finding>,
    /// Where the exceptions stand that set something aside; known when [`Class::Exceptions`] runs.
    pub(crate) used: BTreeSet<Place>,
}

impl Findings {
    /// Something that no exception names.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(Finding { of: None, diagnostic });
    }
    /// Something about a thing that an exception may name.
    pub(crate) fn about(&mut self, kind: Kind, name: impl Into<String>, diagnostic: Diagnostic) {
        self.items.push(Finding { of: Some((kind, name.into())), diagnostic });
    }
}
