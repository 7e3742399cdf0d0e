//! That nothing changed: what is applied before and after, and what the files mean.

use super::read::Read;
use super::world::World;
use ::import::{Difference, ImportFile, Normal, compare};
use artifact::stage::health_name;
use artifact::{Desired, Stage, Thing};
use model::HostId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
pub(super) struct Proof {
    /// How many facts of the files were held against what is rendered.
    pub(super) compared: usize,
    /// What the files say and what is rendered, where that differs.
    pub(super) different: Vec<Difference>,
    /// How many hosts' applied state was held against the one before.
    pub(super) hosts: usize,
    /// What an apply would do otherwise than before.
    pub(super) applied: Vec<Difference>,
}

impl Proof {
    pub(super) fn holds(&self) -> bool {
        self.different.is_empty() && self.applied.is_empty()
    }
}

/// Looks at both.
pub(super) fn prove(read: &Read, before: Option<&World>, after: &World) -> Proof {
    let mut applied = Vec::new();
    for (id, now) in &after.hosts {
        let earlier = before.and_then(|b| b.hosts.get(id));
        let was = earlier.map(|d| state(&d.managed())).unwrap_or_default();
        for mut difference in compare(&was, &state(&now.managed())) {
            if difference.after.is_none() && earlier.is_some_and(|e| stays(e, now, &difference.key)) {
                continue;
            }
            difference.key = format!("{id}: {}", difference.key);
            shorten(&mut difference);
            applied.push(difference);
        }
    }
    let (compared, different) = match &read.meaning {
        super::read::Meaning::Nothing => (0, Vec::new()),
        super::read::Meaning::Inventory(inventory) => {
            let listing = crate::commands::inventory::listing(&after.model, &after.fleet);
            let facts = inventory.hosts.values().map(|h| h.vars.len()).sum();
            (facts, ::import::ansible::compare(inventory, &listing))
        }
        super::read::Meaning::Engine(engine) => {
            let (mut compared, mut different) = (0, Vec::new());
            for (host, files) in &read.by_host {
                let imported = (engine.normal)(files);
                let rendered = match after.hosts.get(host.as_str()) {
                    Some(desired) => (engine.normal)(&rendered(engine, desired, host, files, after)),
                    None => Normal::new(),
                };
                compared += imported.len();
                for mut difference in compare(&imported, &rendered) {
                    difference.key = format!("{host}: {}", difference.key);
                    different.push(difference);
                }
            }
            (compared, different)
        }
    };
    Proof { compared, different, hosts: after.hosts.len(), applied }
}

/// Whether something that is no longer applied stays on the host as it is: an engine that wanted it is not applied
/// any more, and then nothing of it is taken away (`FlatDesired::leaves_alone`).
fn stays(before: &Desired, now: &Desired, key: &str) -> bool {
    let owners = thing(key).and_then(|(thing, name)| before.owned.of(thing, name));
    owners.into_iter().flatten().any(|engine| now.stages.of(engine) != Stage::Manage)
}

/// What a key of [`state`] is about.
fn thing(key: &str) -> Option<(Thing, &str)> {
    let (kind, name) = key.split_once(' ')?;
    let things =
        [Thing::Package, Thing::User, Thing::Dir, Thing::File, Thing::Link, Thing::Unit, Thing::Health];
    Some((things.into_iter().find(|t| t.word() == kind)?, name))
}

/// The files of a host that take part in an engine's comparison. A WireGuard key stands for the imported file's when
/// it is the one the lock has the public half of; other secrets stay hidden.
fn rendered(
    engine: &::import::Engine,
    desired: &Desired,
    host: &str,
    files: &[ImportFile],
    after: &World,
) -> Vec<ImportFile> {
    let keys = private_keys(files);
    let publics: BTreeMap<&str, &str> = after
        .fleet
        .hosts
        .get(host)
        .into_iter()
        .flat_map(|h| &h.wireguard)
        .filter_map(|w| Some((w.private_key.as_str(), keys.get(&w.public_key)?.as_str())))
        .collect();
    let value =
        |name: &str| publics.get(name).map_or_else(|| format!("‹secret {name}›"), |key| (*key).to_owned());
    let of = desired.files.iter().filter(|(path, file)| (engine.compared)(&file.engine, path));
    of.map(|(path, file)| {
        let text = file.text.reveal(&|name| Some(value(name))).unwrap_or_default();
        ImportFile { path: path.clone(), text }
    })
    .collect()
}

/// Private keys of WireGuard files by their public halves.
fn private_keys(files: &[ImportFile]) -> BTreeMap<String, String> {
    let lines = files.iter().flat_map(|f| f.text.lines()).filter_map(|line| line.split_once('='));
    let keys = lines
        .filter(|(key, _)| key.trim().eq_ignore_ascii_case("privatekey"))
        .map(|(_, v)| v.trim().to_owned());
    keys.filter_map(|key| Some((derive::keys::public_of(&key)?, key))).collect()
}

/// Engines of a host that want something else than before.
pub(super) fn engines_that_change(before: &World, after: &World, id: &HostId) -> BTreeSet<String> {
    let (Some(was), Some(is)) = (before.hosts.get(id), after.hosts.get(id)) else { return BTreeSet::new() };
    let mut engines = BTreeSet::new();
    for difference in compare(&state(was), &state(is)) {
        let Some((thing, name)) = thing(&difference.key) else { continue };
        for owned in [&was.owned, &is.owned] {
            engines.extend(owned.of(thing, name).into_iter().flatten().cloned());
        }
    }
    // What goes with a host altogether has no engine left to be put in shadow.
    let there = is.owned.engines();
    engines.retain(|engine| there.contains(engine.as_str()));
    engines
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Everything a state wants, by kind and name, without the reasons, which move with every line of a source, and
/// without the order of units, which says only in which order an apply would start them.
fn state(desired: &Desired) -> Normal {
    let mut all = Normal::new();
    let mut add = |thing: Thing, name: &str, value: Value| {
        all.insert(format!("{} {name}", thing.word()), plainly(value).to_string());
    };
    for name in desired.packages.keys() {
        add(Thing::Package, name, Value::Null);
    }
    for (name, user) in &desired.users {
        add(Thing::User, name, json(user));
    }
    for (path, dir) in &desired.dirs {
        add(Thing::Dir, path, json(dir));
    }
    for (path, link) in &desired.links {
        add(Thing::Link, path, json(link));
    }
    for (name, unit) in &desired.units {
        add(Thing::Unit, name, json(unit));
    }
    for health in &desired.health {
        add(Thing::Health, &health_name(health), Value::Null);
    }
    for (path, file) in &desired.files {
        let rights = format!("{:04o} {}:{}", file.mode, file.owner, file.group);
        all.insert(format!("{} {path}", Thing::File.word()), format!("{rights}\n{}", file.text.public()));
    }
    all
}

fn plainly(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            map.remove("why");
            map.remove("after");
            Value::Object(map)
        }
        other => other,
    }
}

/// Of files the first line that differs; of the rest what it is.
fn shorten(difference: &mut Difference) {
    if let (Some(before), Some(after)) = (&difference.before, &difference.after) {
        let mut lines = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
        let pair = lines.next().map(|(a, b)| (a.to_owned(), b.to_owned()));
        let more = |text: &str, other: &str| text.lines().nth(other.lines().count()).map(str::to_owned);
        let (a, b) = match pair {
            Some((a, b)) => (Some(a), Some(b)),
            None => (more(before, after), more(after, before)),
        };
        (difference.before, difference.after) = (a, b);
        return;
    }
    for side in [&mut difference.before, &mut difference.after] {
        if side.is_some() {
            *side = Some("it is wanted".to_owned());
        }
    }
}
