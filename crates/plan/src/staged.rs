//! What would be done for engines that are not applied, and what of theirs is on the host.

use crate::host::HostPlan;
use crate::step::{Change, Kind};
use artifact::stage::ALL;
use artifact::{Desired, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Engines of a host that are not applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Staged {
    /// Their stages by name.
    pub stages: BTreeMap<String, Stage>,
    /// What an apply would do for those in shadow if it applied them. It never does.
    pub shadow: HostPlan,
    /// What of those that are observed is there, as `KIND NAME`.
    pub there: Vec<String>,
}

impl Staged {
    /// `all` is everything the host is described with, `plan` the plan to its [`Desired::rest`], from which only
    /// steps of things in shadow are kept: what else differs is none of its business.
    pub fn of(all: &Desired, mut plan: HostPlan) -> Staged {
        let engines = all.owned.engines().into_iter().filter(|e| all.stages.of(e) != Stage::Manage);
        let stages = engines.map(|e| (e.to_owned(), all.stages.of(e))).collect();
        let (shadow, observed) = (all.only(Stage::Shadow), all.only(Stage::Observe));
        let missing: BTreeSet<(Kind, &str)> = plan
            .steps
            .iter()
            .filter(|s| matches!(s.step.change, Change::Create | Change::Install | Change::Start))
            .map(|s| (s.step.kind, s.step.name.as_str()))
            .collect();
        let mut there = Vec::new();
        for (kind, name) in things(&observed) {
            if !missing.contains(&(kind, name)) {
                there.push(format!("{kind} {name}"));
            }
        }
        let wanted: BTreeSet<(Kind, &str)> = things(&shadow).into_iter().collect();
        plan.steps.retain(|s| wanted.contains(&(s.step.kind, s.step.name.as_str())));
        plan.drift.clear();
        Staged { stages, shadow: plan, there }
    }

    /// For people; empty when nothing is to be said.
    pub fn to_text(&self, diffs: bool) -> String {
        let mut out = String::new();
        let of = |stage: Stage| {
            let names = self.stages.iter().filter(|(name, s)| **s == stage && *name != ALL);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let shadow = of(Stage::Shadow);
        if !shadow.is_empty() && self.shadow.is_empty() {
            let _ = writeln!(out, "{}: shadow ({shadow}): nothing would change", self.shadow.host);
        } else if !shadow.is_empty() {
            let n = self.shadow.steps.len();
            let s = if n == 1 { "" } else { "s" };
            let _ = writeln!(out, "{}: shadow ({shadow}): {n} step{s} that no apply does", self.shadow.host);
            let text = self.shadow.to_text(diffs);
            // The first line counts what an apply would do.
            for line in text.lines().skip(1) {
                let _ = writeln!(out, "{line}");
            }
        }
        let observed = of(Stage::Observe);
        if !observed.is_empty() {
            let _ = writeln!(out, "{}: not ours yet ({observed}):", self.shadow.host);
            for thing in &self.there {
                let _ = writeln!(out, "    {thing}");
            }
            if self.there.is_empty() {
                let _ = writeln!(out, "    nothing of it is there");
            }
        }
        out
    }
}

fn things(desired: &Desired) -> Vec<(Kind, &str)> {
    let of = |kind: Kind| move |name| (kind, String::as_str(name));
    let packages = desired.packages.keys().map(of(Kind::Package));
    let users = desired.users.keys().map(of(Kind::User));
    let dirs = desired.dirs.keys().map(of(Kind::Dir));
    let files = desired.files.keys().map(of(Kind::File));
    let links = desired.links.keys().map(of(Kind::Link));
    let units = desired.units.keys().map(of(Kind::Unit));
    packages.chain(users).chain(dirs).chain(files).chain(links).chain(units).collect()
}
