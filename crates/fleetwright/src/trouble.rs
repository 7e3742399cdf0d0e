//! Codes of what goes wrong on the way onto hosts and on them, with the way out of each. Numbers are stable;
//! never reuse one.

use artifact::protocol::Code;
use diag::Diagnostic;
use remote::{Reach, RemoteError};

/// The host's name leads nowhere.
pub const NAME_UNKNOWN: &str = "FW1001";
/// No route to the host.
pub const NO_ROUTE: &str = "FW1002";
/// The host refuses the connection.
pub const REFUSED: &str = "FW1003";
/// The host does not answer in time.
pub const TIMEOUT: &str = "FW1004";
/// The host's key is not known.
pub const HOST_KEY_UNKNOWN: &str = "FW1005";
/// The host's key is another one than the pinned one.
pub const HOST_KEY_CHANGED: &str = "FW1006";
/// The host does not let this user in.
pub const AUTH: &str = "FW1007";
/// The user may not use sudo.
pub const NO_SUDO: &str = "FW1008";
/// sudo wants a password.
pub const SUDO_PASSWORD: &str = "FW1009";
/// The host has another architecture.
pub const ARCHITECTURE: &str = "FW1010";
/// The host is not run by systemd.
pub const NO_SYSTEMD: &str = "FW1011";
/// A file system of the host is read-only.
pub const READ_ONLY: &str = "FW1012";
/// A file system of the host is full.
pub const DISK_FULL: &str = "FW1013";
/// ssh_config or a key file cannot be used.
pub const SSH_CONFIG: &str = "FW1014";
/// The connection was lost while it was in use.
pub const LOST: &str = "FW1015";
/// The host is switched off.
pub const OFF: &str = "FW1016";
/// Another run holds the host's lock.
pub const LOCK_HELD: &str = "FW1020";
/// The host's journal is damaged.
pub const JOURNAL_DAMAGED: &str = "FW1021";
/// The host's journal was written by a newer version.
pub const JOURNAL_NEWER: &str = "FW1022";
/// A generation is not on the host.
pub const GENERATION_MISSING: &str = "FW1023";
/// The host is no longer as it was when the plan was made.
pub const WORLD_MOVED: &str = "FW1024";
/// The host's clock is far off.
pub const CLOCK_SKEW: &str = "FW1025";
/// A checker refused the new files.
pub const CHECK_FAILED: &str = "FW1026";
/// The host went back.
pub const WENT_BACK: &str = "FW1027";
/// The host went back, but not wholly.
pub const UNDO_INCOMPLETE: &str = "FW1028";
/// The fleet cannot own a path.
pub const PATH: &str = "FW1029";
/// A plan file cannot be used.
pub const PLAN_FILE: &str = "FW1030";
/// A plan is of another fleet.
pub const OTHER_FLEET: &str = "FW1031";
/// A plan no longer fits the sources or the hosts.
pub const PLAN_STALE: &str = "FW1032";
/// Another run is under way in this folder.
pub const RUN_LOCK: &str = "FW1033";

/// The code of what the agent said, and the way out of it in one clause. `None` for what is a fault of ours.
pub fn of_agent(code: Code) -> Option<(&'static str, &'static str)> {
    Some(match code {
        Code::LockHeld => (LOCK_HELD, "wait for it, or end it with `fleetwright unlock HOST --holder NAME`"),
        Code::JournalDamaged => (JOURNAL_DAMAGED, "look at /var/lib/fleetwright/journal on the host"),
        Code::JournalNewer => (JOURNAL_NEWER, "use at least the version the message names"),
        Code::GenerationMissing => (GENERATION_MISSING, "`fleetwright generations HOST` lists what is there"),
        Code::CheckFailed => (CHECK_FAILED, "`fleetwright why HOST:PATH:LINE` names the source line"),
        Code::DiskFull => (DISK_FULL, "make room on the host and apply again"),
        Code::ReadOnly => (READ_ONLY, "look at `dmesg` on the host"),
        Code::NoSystemd => (NO_SYSTEMD, "only hosts run by systemd can be managed"),
        Code::Unhealthy | Code::UnitFailed | Code::SwitchFailed => {
            (WENT_BACK, "correct the sources and apply again")
        }
        Code::UndoIncomplete => (UNDO_INCOMPLETE, "look at the named things on the host"),
        Code::PathRefused | Code::PathBlocked => (PATH, "use another path, or move away what is there"),
        Code::WorldMoved => (WORLD_MOVED, "plan again: the host is not as it was when the plan was made"),
        Code::ClockSkew => (CLOCK_SKEW, "set the host's clock; nothing is decided by it"),
        Code::BadRequest
        | Code::NotSwitched
        | Code::ProtocolNewer
        | Code::AgentMismatch
        | Code::BlobMismatch
        | Code::NoTransaction
        | Code::TokenMismatch => return None,
    })
}

/// The code of what kept a host from being reached, and the way out of it.
pub fn of_remote(error: &RemoteError) -> Option<(&'static str, &'static str)> {
    match error {
        RemoteError::Unreachable { reason, .. } => of_reach(*reason),
        RemoteError::Deadline { .. } => of_reach(Reach::Timeout),
        RemoteError::Failed { .. } => None,
    }
}

/// The code of a way a connection fails, and the way out of it.
pub fn of_reach(reason: Reach) -> Option<(&'static str, &'static str)> {
    let code = match reason {
        Reach::NameUnknown => NAME_UNKNOWN,
        Reach::NoRoute => NO_ROUTE,
        Reach::Refused => REFUSED,
        Reach::Timeout => TIMEOUT,
        Reach::HostKeyUnknown => HOST_KEY_UNKNOWN,
        Reach::HostKeyChanged => HOST_KEY_CHANGED,
        Reach::Auth => AUTH,
        Reach::NoSudo => NO_SUDO,
        Reach::SudoPassword => SUDO_PASSWORD,
        Reach::Architecture => ARCHITECTURE,
        Reach::NoSystemd => NO_SYSTEMD,
        Reach::ReadOnly => READ_ONLY,
        Reach::DiskFull => DISK_FULL,
        Reach::Config => SSH_CONFIG,
        Reach::Lost => LOST,
        Reach::Off => OFF,
        Reach::Other => return None,
    };
    Some((code, reason.help()))
}

/// A diagnostic about one host.
pub fn about(code: &'static str, host: &str, what: &str, help: &str) -> Diagnostic {
    Diagnostic::bare(code, format!("{host}: {what}")).help(help)
}
