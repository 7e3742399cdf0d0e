//! What all engines have in common.

use artifact::{Check, Health, Probe, Unit, UnitKind, Why};
use std::collections::BTreeSet;

/// When a unit comes up on its host: each stage after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Kernel settings.
    Kernel,
    /// The packet filter, before anything can be reached.
    Filter,
    /// Addresses, routes and policy rules.
    Links,
    /// Tunnels.
    Tunnels,
    /// Routing protocols.
    Routing,
    /// The resolver.
    Names,
    /// Everything else.
    Services,
}

/// An engine's daemon as Debian 12 packages it.
#[derive(Clone, Copy, Debug)]
pub struct Daemon {
    /// The engine's name, as in `File::engine` and `Check::engine`.
    pub engine: &'static str,
    /// Debian packages.
    pub packages: &'static [&'static str],
    /// systemd unit.
    pub unit: &'static str,
    /// Long-running, or applies a file and is done.
    pub kind: UnitKind,
    /// When it comes up.
    pub stage: Stage,
}

impl Daemon {
    /// Its unit, enabled and running, reloaded when one of `reload_on` changes and restarted when one of
    /// `restart_on` does.
    pub fn unit(&self, reload_on: &[&str], restart_on: &[&str], why: &Why) -> Unit {
        let set = |paths: &[&str]| paths.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>();
        Unit {
            kind: self.kind,
            enabled: true,
            active: true,
            reload_on: set(reload_on),
            restart_on: set(restart_on),
            reload: Vec::new(),
            after: BTreeSet::new(),
            why: why.clone(),
        }
    }
}

/// Where a path lies while its engine's checker reads it.
pub fn staged(path: &str) -> String {
    format!("{{stage}}{path}")
}

/// A check of staged files. All engines' checkers answer within a second; the limit is for a busy machine.
pub fn check<S: Into<String>>(engine: &str, files: &[&str], argv: impl IntoIterator<Item = S>) -> Check {
    Check {
        engine: engine.to_owned(),
        files: files.iter().map(|f| (*f).to_owned()).collect(),
        argv: argv.into_iter().map(Into::into).collect(),
        timeout_s: 30,
    }
}

/// Something to be seen within 30 seconds after the switch.
pub fn health(name: &str, probe: Probe, why: &Why) -> Health {
    Health { name: name.to_owned(), probe, timeout_s: 30, why: why.clone() }
}
