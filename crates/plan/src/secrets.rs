//! Where secrets are used, and what a new value would interrupt.

use crate::order::is_own_file;
use artifact::{Desired, Why};
use std::collections::{BTreeMap, BTreeSet};

/// A file that holds a secret, or something made of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SecretUse {
    /// The host.
    pub host: String,
    /// The file.
    pub path: String,
    /// The engine that reads it.
    pub engine: String,
    /// The first line it stands in says why.
    pub why: Why,
    /// Units that are restarted when the file changes.
    pub restarts: BTreeSet<String>,
    /// Units that read the file again.
    pub reloads: BTreeSet<String>,
}

/// Every use of every secret, by its name.
pub fn secret_uses<'d>(hosts: impl IntoIterator<Item = &'d Desired>) -> BTreeMap<String, Vec<SecretUse>> {
    let mut all: BTreeMap<String, Vec<SecretUse>> = BTreeMap::new();
    for desired in hosts {
        for (path, file) in &desired.files {
            let mut told = BTreeSet::new();
            for line in file.text.lines.iter() {
                for segment in &line.segments {
                    let artifact::Segment::Secret(name) = segment else { continue };
                    let source = engine::secret::source(name);
                    if told.insert(source.to_owned()) {
                        let (restarts, reloads) = interrupted(desired, path);
                        let (host, engine) = (desired.host.clone(), file.engine.clone());
                        let (path, why) = (path.clone(), line.why.clone());
                        let found = SecretUse { host, path, engine, why, restarts, reloads };
                        all.entry(source.to_owned()).or_default().push(found);
                    }
                }
            }
        }
    }
    all
}

/// Units that a change of a file restarts, and those it makes read it again.
pub fn interrupted(desired: &Desired, path: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let among = |paths: &BTreeSet<String>| {
        paths.iter().any(|p| p == path || p.ends_with('/') && path.starts_with(p.as_str()))
    };
    let active = || desired.units.iter().filter(|(_, unit)| unit.active);
    let restarts: BTreeSet<String> = active()
        .filter(|(name, unit)| among(&unit.restart_on) || is_own_file(name, path))
        .map(|(name, _)| name.clone())
        .collect();
    let reloads = active()
        .filter(|(name, unit)| among(&unit.reload_on) && !restarts.contains(*name))
        .map(|(name, _)| name.clone())
        .collect();
    (restarts, reloads)
}
