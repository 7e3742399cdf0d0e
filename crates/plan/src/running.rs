//! What runs otherwise than it was confirmed: which units bring it back, and what a reader would see change.

use artifact::{Observation, RunningDiff};
use engine::running::{Back, How, Running, of};
use similar::TextDiff;
use std::collections::BTreeMap;

/// Lines around a change.
const AROUND: usize = 3;

/// Why a unit must do something although none of its files changes.
#[derive(Default)]
pub(crate) struct Cause {
    /// A reload would not do.
    pub(crate) restart: bool,
    /// What runs otherwise.
    pub(crate) details: Vec<String>,
}

/// By unit.
pub(crate) fn causes(seen: &Observation) -> BTreeMap<String, Cause> {
    let mut out: BTreeMap<String, Cause> = BTreeMap::new();
    for (running, _, back) in backs(seen) {
        let cause = out.entry(back.unit).or_default();
        cause.restart |= back.how == How::Restart;
        let on = back.interface.map_or(String::new(), |i| format!(" of {i}"));
        cause.details.push(format!("running {}{on} is not as it was confirmed", running.name()));
    }
    out
}

fn backs(seen: &Observation) -> impl Iterator<Item = (Running, &RunningDiff, Back)> {
    let known = seen.running.iter().filter_map(|(name, diff)| Some((Running::of(name)?, diff)));
    known.flat_map(|(running, diff)| {
        running.back(&diff.was, &diff.is).into_iter().map(move |back| (running, diff, back))
    })
}

/// From what a unit runs to what it is to run again.
pub(crate) fn diff(seen: &Observation, unit: &str) -> Option<String> {
    let own = backs(seen).filter(|(_, _, back)| back.unit == unit);
    let texts: Vec<String> = own.map(|(_, diff, back)| unified(diff, back.interface.as_deref())).collect();
    (!texts.is_empty()).then(|| texts.concat())
}

fn unified(diff: &RunningDiff, interface: Option<&str>) -> String {
    let lines = |text: &str| interface.map_or_else(|| text.to_owned(), |i| of(text, i));
    let (is, was) = (lines(&diff.is), lines(&diff.was));
    TextDiff::from_lines(&is, &was).unified_diff().context_radius(AROUND).to_string()
}

/// What runs that somebody changed, by name.
pub(crate) fn drift(seen: &Observation) -> impl Iterator<Item = String> {
    seen.running.keys().map(|name| format!("running {name}"))
}
