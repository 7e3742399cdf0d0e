//! Stages: how far an engine of a host has come into the fleet's hands, and what of a desired state is applied.
//!
//! The one place that parts a desired state. Everything that goes to a host goes through
//! [`crate::FlatDesired::of`], which takes [`Desired::managed`] only.

use crate::desired::{Desired, Health};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for every engine that is not named.
pub const ALL: &str = "all";

/// How far an engine of a host has come into the fleet's hands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// What is there is shown, and not compared.
    Observe,
    /// What would change is shown, and never done.
    Shadow,
    /// Applied.
    #[default]
    Manage,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Observe => "observe",
            Stage::Shadow => "shadow",
            Stage::Manage => "manage",
        }
    }
}

/// The stages of a host's engines by name; [`ALL`] stands for those not named, which are managed otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Stages(pub BTreeMap<String, Stage>);

impl Stages {
    /// The stage of an engine.
    pub fn of(&self, engine: &str) -> Stage {
        self.0.get(engine).or_else(|| self.0.get(ALL)).copied().unwrap_or_default()
    }
    /// Whether every engine is applied.
    pub fn manages_all(&self) -> bool {
        self.0.values().all(|stage| *stage == Stage::Manage)
    }
    /// Whether none is written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The stage of something: the furthest of those who want it, so that what a managed engine needs is there.
    fn furthest<'a>(&self, owners: impl IntoIterator<Item = &'a String>) -> Option<Stage> {
        owners.into_iter().map(|engine| self.of(engine)).max()
    }
}

/// What kind of thing an engine wants on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A package.
    Package,
    /// An account.
    User,
    /// A directory.
    Dir,
    /// A file.
    File,
    /// A link.
    Link,
    /// A unit.
    Unit,
    /// A health probe, by [`health_name`].
    Health,
}

impl Thing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Thing::Package => "package",
            Thing::User => "user",
            Thing::Dir => "dir",
            Thing::File => "file",
            Thing::Link => "link",
            Thing::Unit => "unit",
            Thing::Health => "health",
        }
    }
}

/// Which engines want what on a host: engines by `KIND NAME`. What nobody is noted for is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Owned(BTreeMap<String, BTreeSet<String>>);

impl Owned {
    /// An engine wants something.
    pub fn note(&mut self, thing: Thing, name: &str, engine: &str) {
        self.0.entry(key(thing, name)).or_default().insert(engine.to_owned());
    }
    /// The engines that want something.
    pub fn of(&self, thing: Thing, name: &str) -> Option<&BTreeSet<String>> {
        self.0.get(&key(thing, name))
    }
    /// Every engine that wants anything.
    pub fn engines(&self) -> BTreeSet<&str> {
        self.0.values().flatten().map(String::as_str).collect()
    }
    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn key(thing: Thing, name: &str) -> String {
    format!("{} {name}", thing.word())
}

/// What tells a health probe from the others of its host.
pub fn health_name(health: &Health) -> String {
    let probe = serde_json::to_string(&health.probe).unwrap_or_default();
    format!("{} {probe}", health.name)
}

impl Desired {
    /// What is applied: without everything only engines of another stage want. An apply, its checks, health and
    /// secrets know no more than this.
    pub fn managed(&self) -> Cow<'_, Desired> {
        if self.stages.manages_all() { Cow::Borrowed(self) } else { Cow::Owned(self.only(Stage::Manage)) }
    }

    /// What engines of one stage want and none of a later stage does. For stages that are not applied it is a
    /// state of its own, of which nothing is applied.
    pub fn only(&self, stage: Stage) -> Desired {
        let mut part = self.part(|s| s == stage);
        if stage != Stage::Manage {
            part.stages = Stages::default();
        }
        part
    }

    /// What no managed engine wants: a state of its own to be looked at, of which nothing is applied.
    pub fn rest(&self) -> Desired {
        Desired { stages: Stages::default(), ..self.part(|s| s != Stage::Manage) }
    }

    fn part(&self, wanted: impl Fn(Stage) -> bool) -> Desired {
        let is = |thing: Thing, name: &str| {
            let owners = self.owned.of(thing, name).into_iter().flatten();
            wanted(self.stages.furthest(owners).unwrap_or_default())
        };
        let mut part = self.clone();
        part.packages.retain(|name, _| is(Thing::Package, name));
        part.users.retain(|name, _| is(Thing::User, name));
        part.dirs.retain(|path, _| is(Thing::Dir, path));
        part.files.retain(|path, _| is(Thing::File, path));
        part.links.retain(|path, _| is(Thing::Link, path));
        part.units.retain(|name, _| is(Thing::Unit, name));
        part.health.retain(|health| is(Thing::Health, &health_name(health)));
        // A check is about files: without any of them there is nothing to check.
        part.checks.retain(|check| {
            check.files.is_empty() || check.files.iter().any(|path| part.files.contains_key(path))
        });
        let foreign = |path: &String| {
            (self.files.contains_key(path) && !part.files.contains_key(path))
                || (self.links.contains_key(path) && !part.links.contains_key(path))
        };
        let gone: BTreeSet<&String> = self.units.keys().filter(|u| !part.units.contains_key(*u)).collect();
        for unit in part.units.values_mut() {
            unit.reload_on.retain(|path| !foreign(path));
            unit.restart_on.retain(|path| !foreign(path));
            unit.after.retain(|name| !gone.contains(name));
        }
        let there = [
            (Thing::Package, part.packages.keys().collect::<BTreeSet<_>>()),
            (Thing::User, part.users.keys().collect()),
            (Thing::Dir, part.dirs.keys().collect()),
            (Thing::File, part.files.keys().collect()),
            (Thing::Link, part.links.keys().collect()),
            (Thing::Unit, part.units.keys().collect()),
        ];
        let kept: BTreeSet<String> =
            there.iter().flat_map(|(thing, names)| names.iter().map(|n| key(*thing, n))).collect();
        part.owned.0.retain(|key, _| kept.contains(key));
        part
    }

    /// All of it as if every engine were applied: what a twin boots.
    pub fn in_full(mut self) -> Desired {
        self.stages = Stages::default();
        self
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.users.is_empty()
            && self.dirs.is_empty()
            && self.files.is_empty()
            && self.links.is_empty()
            && self.units.is_empty()
    }
}

impl crate::FlatDesired {
    /// Whether something of the generation on record stays as it is although this state does not speak of it:
    /// an engine that wanted it then is no longer applied. What nobody is noted for stays too, as long as
    /// anything is not applied here: a thing is taken away only by who surely owns it.
    pub fn leaves_alone(&self, record: &crate::FlatDesired, thing: Thing, name: &str) -> bool {
        if self.stages.manages_all() {
            return false;
        }
        let Some(owners) = record.owned.of(thing, name) else { return true };
        owners.iter().any(|engine| self.stages.of(engine) != Stage::Manage)
    }
}
