//! The desired state of one host.

use crate::stage::{Owned, Stages};
use crate::text::{Text, Why};
use std::collections::{BTreeMap, BTreeSet};

/// Everything one host should be. Keys are absolute paths, unit names, package names or user names.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Desired {
    /// The host's name.
    pub host: String,
    /// Debian packages that must be installed.
    pub packages: BTreeMap<String, Package>,
    /// System users and people.
    pub users: BTreeMap<String, User>,
    /// Directories with mode and owner.
    pub dirs: BTreeMap<String, Dir>,
    /// Files.
    pub files: BTreeMap<String, File>,
    /// Symbolic links.
    pub links: BTreeMap<String, Link>,
    /// systemd units with their wanted state. Activated in dependency order.
    pub units: BTreeMap<String, Unit>,
    /// Commands that must pass on the staged files before anything is switched.
    pub checks: Vec<Check>,
    /// What must be seen after the switch for the change to count as a success.
    pub health: Vec<Health>,
    /// Which engines want what of it.
    #[serde(default, skip_serializing_if = "Owned::is_empty")]
    pub owned: Owned,
    /// Engines that are not applied, or not all of them; empty when all are.
    #[serde(default, skip_serializing_if = "Stages::is_empty")]
    pub stages: Stages,
}

/// A Debian package.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Package {
    /// Why it is needed.
    pub why: Why,
}

/// A user account.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// System account (`useradd --system`) or a person.
    pub system: bool,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// Supplementary groups.
    pub groups: BTreeSet<String>,
    /// Lines of `authorized_keys`.
    pub keys: Vec<String>,
    /// Why the account exists.
    pub why: Why,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Dir {
    /// Permission bits, e.g. 0o755.
    pub mode: u32,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Holds data (a volume): never removed, also not when it leaves the model.
    pub data: bool,
    /// Why it is there.
    pub why: Why,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct File {
    /// The engine that owns it (`nftables`, `bird`, …).
    pub engine: String,
    /// Permission bits, e.g. 0o644; 0o600 or stricter when it holds secrets.
    pub mode: u32,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// What is in it.
    pub text: Text,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// What it points at.
    pub target: String,
    /// Why it is there.
    pub why: Why,
}

/// How a unit is brought from an old configuration to a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// A long-running service or timer.
    Service,
    /// A one-shot that applies a file (sysctl, nftables): started again when its files change.
    Apply,
}

/// A systemd unit that must be enabled and active. Its unit file, if it is ours, is one of the files.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unit {
    /// Kind.
    pub kind: UnitKind,
    /// Enabled at boot.
    pub enabled: bool,
    /// Should run now (false: must be stopped).
    pub active: bool,
    /// A change of one of these files is picked up by `reload` (below). A path that ends with `/` stands for
    /// all files below that folder, also one that leaves.
    pub reload_on: BTreeSet<String>,
    /// A change of one of these files needs a restart.
    pub restart_on: BTreeSet<String>,
    /// Command that makes the running daemon read its files; empty: `systemctl reload NAME`.
    pub reload: Vec<String>,
    /// Units that are brought up before this one.
    pub after: BTreeSet<String>,
    /// Why it runs.
    pub why: Why,
}

/// A command run on the host against staged files before the switch. In `argv`, `{stage}` is the folder
/// that holds the staged tree (so `/etc/bird/bird.conf` is `{stage}/etc/bird/bird.conf`); files that do
/// not change are staged too when a check of their engine runs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Check {
    /// The engine.
    pub engine: String,
    /// Run when one of these files changes.
    pub files: BTreeSet<String>,
    /// The command; exit code 0 is a pass.
    pub argv: Vec<String>,
    /// Seconds after which the check counts as failed.
    pub timeout_s: u32,
}

/// Something that must be seen after the switch.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Health {
    /// What it is about, e.g. the unit or the service.
    pub name: String,
    /// How it is seen.
    pub probe: Probe,
    /// Seconds within which it must be seen.
    pub timeout_s: u32,
    /// Why it must hold.
    pub why: Why,
}

/// How health is seen on the host itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// `systemctl is-active UNIT` says active.
    Unit(String),
    /// A TCP connection to `ADDRESS:PORT` opens.
    Tcp(String),
    /// `GET http://…` answers with a status below 400.
    Http(String),
    /// A command exits 0.
    Command(Vec<String>),
}
