//! All of a fleet's sources to one model.

use crate::{builtin, codes, facts, folder, profiles, projects};
use diag::{Diagnostic, Place, Report, Severity};
use model::decode::{Cx, Decode};
use model::{Fleet, Node, Sp};
use std::collections::{BTreeMap, BTreeSet};

/// The files of a fleet's folder, by path relative to it with `/` between parts. Files whose
/// [`folder::role`] is `Other` may be left out.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The folder's name; the fleet's name when it writes none.
    pub root_name: String,
    /// Bytes by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that are no sources and that sources refer to: those [`crate::beside`] names, by the path they are named
    /// by. They may hold what is secret, and are never shown.
    pub beside: BTreeMap<String, Vec<u8>>,
}

/// Reads a fleet. The report holds everything that is wrong with the text; there is a fleet whenever every
/// thing in it could be read, if only in outline, so that the rules can be tried on it as well
/// (see [`settle`]). The tool's own modules are merged in; a fleet's module of the same name wins.
pub fn load(sources: &Sources) -> (Option<Fleet>, Report) {
    let mut report = Report::new();
    let Some(mut root) = folder::assemble(sources, &mut report) else {
        return (None, report);
    };
    let whole = !report.items.iter().any(folder::loses_a_thing);
    profiles::compose(&mut root, &mut report);
    let facts = facts::fill(&mut root, sources, &mut report);
    let mut cx = Cx::default();
    let fleet = Fleet::decode(&root, &mut cx);
    let whole = whole && !cx.lost;
    report.extend(facts.told(cx.report));
    report.sort();
    let Some(mut fleet) = fleet.filter(|_| whole) else { return (None, report) };
    if fleet.name.is_none() {
        fleet.name = Some(Sp::new(sources.root_name.clone(), &Place::builtin("name of the folder")));
    }
    for (name, module) in builtin::modules() {
        match fleet.modules.get(name) {
            Some(own) => report.push(Diagnostic::note(
                codes::MODULE_HIDES,
                &own.place,
                format!("this module takes the place of the built-in `{name}`"),
            )),
            None => {
                fleet.modules.insert(name.clone(), module.clone());
            }
        }
    }
    (Some(fleet), report)
}

/// The fleet as it is written, profiles put in: one tree, before it means anything. `None` when nothing could
/// be read. For showing what stands where; [`load`] reports what is wrong with it.
pub fn tree(sources: &Sources) -> Option<Node> {
    let mut report = Report::new();
    let mut root = folder::assemble(sources, &mut report)?;
    profiles::compose(&mut root, &mut report);
    Some(root)
}

/// Puts what reading and what the rules found together. A rule's finding about a thing that could not be read
/// as it stands is left out: it most often only repeats the fault. A thing is its file; in `fleet.yaml`, which
/// holds many, it is the line.
pub fn settle(reading: Report, rules: Report) -> Report {
    let part = |place: &Place| {
        let line = if &*place.file == folder::FLEET_FILE { place.line } else { 0 };
        (place.file.clone(), line)
    };
    let fault = |d: &&Diagnostic| d.severity == Severity::Error && !projects::loses_nothing(d);
    let faults = reading.items.iter().filter(fault);
    let faulty: BTreeSet<_> = faults.filter_map(|d| d.place.as_ref().map(part)).collect();
    let mut all = reading;
    all.items.extend(rules.items.into_iter().filter(|d| {
        let mut places = d.place.iter().chain(d.labels.iter().map(|(place, _)| place));
        !places.any(|place| faulty.contains(&part(place)))
    }));
    all.sort();
    all
}
