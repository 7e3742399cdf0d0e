//! The desired state of one host while it is being written. One owner a path and unit: a second one is an
//! error.

use crate::codes;
use artifact::stage::{ALL, health_name};
use artifact::{Check, Desired, Dir, File, Health, Link, Package, Text, Thing, Unit, User, Why};
use derive::fleet::Host;
use diag::{Diagnostic, Report};
use engine::{Daemon, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// First line of every file that may hold comments.
pub(crate) const HEADER: &str = "# Written by fleetwright from the model: change it there.";

/// Mode, owner and group of a file.
#[derive(Clone, Copy)]
pub(crate) struct Rights<'r>(pub u32, pub &'r str, pub &'r str);

/// Readable by everyone.
pub(crate) const PUBLIC: Rights<'static> = Rights(0o644, "root", "root");
/// For root only: holds secrets.
pub(crate) const SECRET: Rights<'static> = Rights(0o600, "root", "root");

pub(crate) struct Out<'a> {
    desired: Desired,
    owners: BTreeMap<String, Why>,
    stages: BTreeMap<String, Stage>,
    needs: Vec<(String, String)>,
    overrides: BTreeSet<&'a str>,
    engine: String,
    host: &'a Host,
    report: &'a mut Report,
}

impl<'a> Out<'a> {
    pub(crate) fn new(host: &'a Host, report: &'a mut Report) -> Self {
        Out {
            desired: Desired { host: host.id.to_string(), ..Desired::default() },
            owners: BTreeMap::new(),
            stages: BTreeMap::new(),
            needs: Vec::new(),
            overrides: BTreeSet::new(),
            engine: String::new(),
            host,
            report,
        }
    }

    pub(crate) fn say(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
    }

    /// What comes from now on is wanted by this engine.
    pub(crate) fn begin(&mut self, engine: &str) {
        engine.clone_into(&mut self.engine);
    }

    fn note(&mut self, thing: Thing, name: &str) {
        self.desired.owned.note(thing, name, &self.engine);
    }

    fn own(&mut self, what: &str, why: &Why) -> bool {
        if let Some(first) = self.owners.get(what) {
            self.report.push(
                Diagnostic::error(
                    codes::TWO_OWNERS,
                    &why.place,
                    format!("{what} on {} has two owners: {} and {}", self.host.id, first.reason, why.reason),
                )
                .label(&first.place, "first used here")
                .help("one of the two must go to another host or use another path"),
            );
            return false;
        }
        self.owners.insert(what.to_owned(), why.clone());
        true
    }

    pub(crate) fn packages(&mut self, names: &[&str], why: &Why) {
        for name in names {
            self.note(Thing::Package, name);
            self.desired.packages.entry((*name).to_owned()).or_insert_with(|| Package { why: why.clone() });
        }
    }

    pub(crate) fn dir(&mut self, path: &str, rights: (u32, &str, &str), data: bool, why: &Why) {
        let (mode, owner, group) = rights;
        self.note(Thing::Dir, path);
        self.desired.dirs.entry(path.to_owned()).or_insert_with(|| Dir {
            mode,
            owner: owner.to_owned(),
            group: group.to_owned(),
            data,
            why: why.clone(),
        });
    }

    /// A file; `why` is who owns it, the lines know the rest.
    pub(crate) fn file(&mut self, engine: &str, path: &str, rights: Rights<'_>, text: Text, why: &Why) {
        let Rights(mode, owner, group) = rights;
        if self.own(path, why) {
            self.note(Thing::File, path);
            self.desired.files.insert(
                path.to_owned(),
                File {
                    engine: engine.to_owned(),
                    mode,
                    owner: owner.to_owned(),
                    group: group.to_owned(),
                    text,
                },
            );
        }
    }

    pub(crate) fn link(&mut self, path: &str, target: &str, why: &Why) {
        if self.own(path, why) {
            self.note(Thing::Link, path);
            self.desired.links.insert(path.to_owned(), Link { target: target.to_owned(), why: why.clone() });
        }
    }

    pub(crate) fn user(&mut self, name: &str, user: User) {
        if self.own(&format!("account {name}"), &user.why.clone()) {
            self.note(Thing::User, name);
            self.desired.users.insert(name.to_owned(), user);
        }
    }

    /// A daemon's packages and unit.
    pub(crate) fn daemon(&mut self, daemon: &Daemon, reload_on: &[&str], restart_on: &[&str], why: &Why) {
        self.packages(daemon.packages, why);
        self.unit(daemon.unit, daemon.stage, daemon.unit(reload_on, restart_on, why));
    }

    pub(crate) fn unit(&mut self, name: &str, stage: Stage, unit: Unit) {
        if self.own(name, &unit.why.clone()) {
            self.note(Thing::Unit, name);
            self.stages.insert(name.to_owned(), stage);
            self.desired.units.insert(name.to_owned(), unit);
        }
    }

    /// The unit an earlier renderer made, to be completed.
    pub(crate) fn unit_mut(&mut self, name: &str) -> Option<&mut Unit> {
        self.desired.units.get_mut(name)
    }

    /// `unit` comes up after `needed`, when both are on this host.
    pub(crate) fn after(&mut self, unit: &str, needed: &str) {
        self.needs.push((unit.to_owned(), needed.to_owned()));
    }

    pub(crate) fn check(&mut self, check: Check) {
        self.desired.checks.push(check);
    }

    pub(crate) fn health(&mut self, health: Health) {
        self.note(Thing::Health, &health_name(&health));
        self.desired.health.push(health);
    }

    /// The host's raw text for an engine.
    pub(crate) fn raw(&mut self, engine: &'static str) -> Option<(&'a str, Why)> {
        let (text, place) = self.host.overrides.get(engine)?;
        self.overrides.insert(engine);
        Some((text, Why::new(place, format!("override: raw text for {engine}"))))
    }

    /// The host's stages, those of engines it does not have reported.
    fn stage(&mut self) {
        let engines = self.desired.owned.engines();
        for (name, (stage, place)) in &self.host.manage {
            self.desired.stages.0.insert(name.clone(), *stage);
            if name == ALL || engines.contains(name.as_str()) {
                continue;
            }
            let message =
                format!("`manage` names {name}, and nothing on {} is rendered for it", self.host.id);
            let diagnostic = if crate::table::names().any(|known| known == name) {
                Diagnostic::warning(codes::MANAGE_UNUSED, place, message)
                    .help("take it away, or describe what it is for; until then it changes nothing")
            } else {
                let known: Vec<String> = engines
                    .iter()
                    .map(|e| (*e).to_owned())
                    .chain(crate::table::names().map(str::to_owned))
                    .collect();
                let known = known.iter().map(String::as_str).chain([ALL]);
                Diagnostic::error(codes::MANAGE_UNUSED, place, message)
                    .help(format!("here there are {}", listed(&engines)))
                    .suggest(name, known)
            };
            self.report.push(diagnostic);
        }
    }

    /// The finished state: units in order, unused raw text reported.
    pub(crate) fn finish(mut self) -> Desired {
        for (name, (_, place)) in &self.host.overrides {
            if !self.overrides.contains(name.as_str()) {
                self.report.push(
                    Diagnostic::error(
                        codes::OVERRIDE_UNUSED,
                        place,
                        format!("{name} does not run on {}, or takes no raw text", self.host.id),
                    )
                    .help("raw text is taken for nftables, networkd, sysctl, bird, sshd and resolver"),
                );
            }
        }
        self.stage();
        let mut stages: BTreeMap<Stage, Vec<&String>> = BTreeMap::new();
        for (name, stage) in &self.stages {
            stages.entry(*stage).or_default().push(name);
        }
        let mut before: &[&String] = &[];
        for units in stages.values() {
            for name in units {
                if let Some(unit) = self.desired.units.get_mut(*name) {
                    unit.after.extend(before.iter().map(|b| (*b).clone()));
                }
            }
            before = units;
        }
        for (unit, needed) in &self.needs {
            if unit != needed
                && self.desired.units.contains_key(needed)
                && let Some(unit) = self.desired.units.get_mut(unit)
            {
                unit.after.insert(needed.clone());
            }
        }
        self.desired
    }
}

fn listed(engines: &BTreeSet<&str>) -> String {
    let mut all: Vec<&str> = engines.iter().copied().filter(|e| !e.is_empty()).collect();
    all.push(ALL);
    all.join(", ")
}
