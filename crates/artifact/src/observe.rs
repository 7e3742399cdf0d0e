//! What the agent saw on a host, held against a desired state.

use crate::protocol::{Packed, Pending, UndoReport};
use std::collections::{BTreeMap, BTreeSet};

/// What differs between a desired state and a host. Packages, users and paths that are as desired are
/// left out; units are always listed, because their start times tell whether anything restarted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Observation {
    /// The host's name as the desired state has it.
    pub host: String,
    /// The confirmed generation on record; 0 when there is none.
    pub generation: u64,
    /// `FlatDesired::digest` of that generation.
    pub digest: Option<String>,
    /// Packages that are not installed.
    pub packages: BTreeSet<String>,
    /// Users that are missing or differ.
    pub users: BTreeMap<String, UserDiff>,
    /// Directories that are missing or differ.
    pub dirs: BTreeMap<String, PathDiff>,
    /// Files that are missing or differ.
    pub files: BTreeMap<String, PathDiff>,
    /// Links that are missing or differ.
    pub links: BTreeMap<String, PathDiff>,
    /// The state of every desired and every leaving unit.
    pub units: BTreeMap<String, UnitSeen>,
    /// What the generation on record owns and the desired state no longer wants.
    pub leaving: Leaving,
    /// Paths and units the generation on record owns that are no longer as it left them: edits by hand.
    pub drift: BTreeSet<String>,
    /// What runs otherwise than when the generation on record was confirmed, by its name in `Receipt::running`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<String, RunningDiff>,
    /// Hashes of wanted bytes the host does not have.
    pub lacking: BTreeSet<String>,
    /// A transaction that was neither confirmed nor undone.
    pub pending: Option<Pending>,
    /// The last undo nobody has collected yet.
    pub undo_report: Option<UndoReport>,
    /// For a generation that is gone back to: the `FlatDesired` of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Packed>,
    /// How many bytes of a lacking hash came before a connection broke.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partial: BTreeMap<String, u64>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// Nothing.
    Missing,
    /// A file.
    File {
        /// SHA-256 of its bytes, lower-case hex.
        sha256: String,
        /// Permission bits.
        mode: u32,
        /// Owner's name, or the number when it has no name.
        owner: String,
        /// Group's name, or the number.
        group: String,
    },
    /// A directory.
    Dir {
        /// Permission bits.
        mode: u32,
        /// Owner's name, or the number when it has no name.
        owner: String,
        /// Group's name, or the number.
        group: String,
    },
    /// A symbolic link.
    Link {
        /// Its target.
        target: String,
    },
    /// A socket, pipe or device: never replaced.
    Other,
}

/// A path that is not as desired.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PathDiff {
    /// What is there now.
    pub seen: Seen,
    /// The text that is there now, safe to print: only for text files of at most 256 KiB that are known
    /// to hold no secret, or with every secret hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// What runs otherwise than it was confirmed; both texts as `Receipt::running` has them, safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunningDiff {
    /// What was confirmed.
    pub was: String,
    /// What runs; empty when it is gone.
    pub is: String,
}

/// A user that is not as desired; each field says what is there now where it differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserDiff {
    /// There is no such account.
    pub missing: bool,
    /// The present home directory.
    pub home: Option<String>,
    /// The present shell.
    pub shell: Option<String>,
    /// Wanted supplementary groups the user is not in.
    pub groups_missing: BTreeSet<String>,
    /// Supplementary groups the fleet put the user in, and no longer wants.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups_extra: BTreeSet<String>,
    /// True when `authorized_keys` differs.
    pub keys: bool,
}

/// A systemd unit as `systemctl show` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UnitSeen {
    /// `loaded`, `not-found`, `masked` …
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating` …
    pub active: String,
    /// `running`, `exited`, `dead` …
    pub sub: String,
    /// `enabled`, `disabled`, `static` …; empty when there is no unit file.
    pub file_state: String,
    /// systemd runs an older unit file than the one on disk.
    pub need_daemon_reload: bool,
    /// `systemctl reload` is possible.
    pub can_reload: bool,
    /// When it last became active, microseconds since the epoch; 0 for never.
    pub active_enter_us: u64,
    /// When its main process started, microseconds since the epoch; 0 for never.
    pub main_start_us: u64,
    /// Its main process; 0 for none.
    pub main_pid: u32,
    /// How often systemd restarted it by itself.
    pub restarts: u32,
}

impl UnitSeen {
    /// True while it runs or is reloading.
    pub fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading")
    }
    /// True when it starts at boot, or cannot be enabled because it has no `[Install]` section.
    pub fn is_enabled(&self) -> bool {
        matches!(
            self.file_state.as_str(),
            "enabled" | "enabled-runtime" | "static" | "alias" | "indirect" | "generated" | "transient"
        )
    }
}

/// What a host has from the generation on record that is no longer wanted. A path goes back to what was
/// there when the fleet first took it; a unit to the state it had then.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Leaving {
    /// Files.
    pub files: BTreeMap<String, Leave>,
    /// Directories; never one with data.
    pub dirs: BTreeMap<String, Leave>,
    /// Links.
    pub links: BTreeMap<String, Leave>,
    /// Units.
    pub units: BTreeMap<String, UnitRest>,
    /// Accounts the fleet made.
    pub users: BTreeSet<String>,
}

/// A path that leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Leave {
    /// True when something was there before the fleet took the path, and is put back.
    pub restores: bool,
    /// Units that had it in `reload_on`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reloads: BTreeSet<String>,
    /// Units that had it in `restart_on`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub restarts: BTreeSet<String>,
    /// The text that is there now, under the rules of [`PathDiff::before`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// The state a unit goes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UnitRest {
    /// It ran.
    pub active: bool,
    /// It was enabled.
    pub enabled: bool,
    /// Paths it reads: when it goes on running and one of them leaves, it is restarted.
    #[serde(default)]
    pub reads: BTreeSet<String>,
}
