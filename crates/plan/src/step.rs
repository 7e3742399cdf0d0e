//! One step from what is to what should be.

use std::fmt;

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Debian package.
    Package,
    /// An account.
    User,
    /// A directory.
    Dir,
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// systemd itself reads its unit files again.
    Manager,
    /// A systemd unit.
    Unit,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Installs a package.
    Install,
    /// Makes what is not there.
    Create,
    /// Makes what is there as it should be.
    Update,
    /// Takes away what the fleet made.
    Remove,
    /// Puts back what was there before the fleet took it.
    Restore,
    /// Starts a unit at boot from now on.
    Enable,
    /// No longer starts it at boot.
    Disable,
    /// Starts.
    Start,
    /// Stops and starts: connections to it break.
    Restart,
    /// Reads its configuration again without stopping.
    Reload,
    /// Stops.
    Stop,
}

/// One step, with its own reason in terms of the host; the reason in terms of the sources is in
/// [`crate::PlannedStep`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// What it is about.
    pub kind: Kind,
    /// Path, unit, package or user.
    pub name: String,
    /// What is done.
    pub change: Change,
    /// What differs ("mode 0644, is 0600"), or what causes it ("/etc/bird/bird.conf changes").
    pub detail: Vec<String>,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Package => "package",
            Kind::User => "user",
            Kind::Dir => "dir",
            Kind::File => "file",
            Kind::Link => "link",
            Kind::Manager => "manager",
            Kind::Unit => "unit",
        }
    }
}

impl Change {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Change::Install => "install",
            Change::Create => "create",
            Change::Update => "update",
            Change::Remove => "remove",
            Change::Restore => "restore",
            Change::Enable => "enable",
            Change::Disable => "disable",
            Change::Start => "start",
            Change::Restart => "restart",
            Change::Reload => "reload",
            Change::Stop => "stop",
        }
    }
    /// The sign in front of a line: `+` comes, `~` changes, `-` goes.
    pub fn sign(self) -> char {
        match self {
            Change::Install | Change::Create | Change::Enable | Change::Start => '+',
            Change::Update | Change::Restore | Change::Restart | Change::Reload => '~',
            Change::Remove | Change::Disable | Change::Stop => '-',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
