//! A fleet rendered in memory.

use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use artifact::Desired;
use derive::fleet::Fleet;
use derive::{Lock, Options};
use diag::Report;
use model::HostId;
use source::Sources;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A fleet with every file of every host.
pub(super) struct World {
    pub(super) model: model::Fleet,
    pub(super) fleet: Fleet,
    pub(super) hosts: BTreeMap<HostId, Desired>,
    /// Warnings and notes.
    pub(super) report: Report,
}

impl World {
    /// Reads, checks, derives and renders. Nothing where there are no sources.
    ///
    /// # Errors
    /// When the fleet has errors: all of them.
    pub(super) fn of(sources: &Sources, lock: &Lock) -> Result<Option<World>, Failure> {
        if sources.files.is_empty() {
            return Ok(None);
        }
        let (model, mut report) = source::load(sources);
        if let Some(model) = &model {
            report = source::settle(report, check::check_on(model, Some(&clock::today())));
        }
        let failure =
            |report: Report| Failure { exit: Exit::Errors, report, texts: Arc::new(sources.clone()) };
        let Some(model) = model.filter(|_| !report.has_errors()) else { return Err(failure(report)) };
        let derived = derive::derive(&model, lock, &Options::default());
        report.extend(derived.report);
        report.sort();
        let Some(fleet) = derived.fleet.filter(|_| !report.has_errors()) else { return Err(failure(report)) };
        let (hosts, rendered) = render::render(&fleet);
        report.extend(rendered);
        report.sort();
        if report.has_errors() {
            return Err(failure(report));
        }
        Ok(Some(World { model, fleet, hosts, report }))
    }
}
