//! Why a host could not be used.

use std::fmt;

/// Why a host cannot be reached, in the order in which reaching it goes. Names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// What says how to reach it (`ssh_config`) cannot be read or asks for what is not supported.
    Config,
    /// Its name has no address.
    NameUnknown,
    /// There is no route, or the network says so.
    NoRoute,
    /// Nothing listens on the port.
    Refused,
    /// No answer in time.
    Timeout,
    /// Its host key is pinned nowhere.
    HostKeyUnknown,
    /// Its host key is not the pinned one.
    HostKeyChanged,
    /// It lets nobody in with the keys there are.
    Auth,
    /// The user may not become root there.
    NoSudo,
    /// sudo wants a password and there is nobody to ask, or it is wrong.
    SudoPassword,
    /// It is of another architecture than the agent.
    Architecture,
    /// systemd does not run there.
    NoSystemd,
    /// Its file system is read-only.
    ReadOnly,
    /// Its file system is full.
    DiskFull,
    /// The connection broke.
    Lost,
    /// The machine is switched off.
    Off,
    /// Something else.
    Other,
}

impl Reach {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Reach::Config => "config",
            Reach::NameUnknown => "name-unknown",
            Reach::NoRoute => "no-route",
            Reach::Refused => "refused",
            Reach::Timeout => "timeout",
            Reach::HostKeyUnknown => "host-key-unknown",
            Reach::HostKeyChanged => "host-key-changed",
            Reach::Auth => "auth",
            Reach::NoSudo => "no-sudo",
            Reach::SudoPassword => "sudo-password",
            Reach::Architecture => "architecture",
            Reach::NoSystemd => "no-systemd",
            Reach::ReadOnly => "read-only",
            Reach::DiskFull => "disk-full",
            Reach::Lost => "lost",
            Reach::Off => "off",
            Reach::Other => "other",
        }
    }

    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Reach::Config => "`ssh -G HOST` shows how OpenSSH itself reads it",
            Reach::NameUnknown => "write the host's address under `ssh.address`, or a HostName in ssh_config",
            Reach::NoRoute => "see whether this machine is on a network that leads there",
            Reach::Refused => "see whether sshd runs there, and on which port (`ssh.port`)",
            Reach::Timeout => {
                "see whether the host is up, and whether a firewall on the way lets this machine in"
            }
            Reach::HostKeyUnknown => {
                "`fleetwright trust HOST` shows the key and pins it once it was compared with the host's own"
            }
            Reach::HostKeyChanged => {
                "if the host was installed anew, `fleetwright trust --replace HOST`; if not, somebody is in between"
            }
            Reach::Auth => "try `ssh HOST`; the key must be in the agent or in a file ssh_config names",
            Reach::NoSudo => "sign in as root, or let the user run everything by sudo",
            Reach::SudoPassword => "run it where it can ask, or allow the user NOPASSWD",
            Reach::Architecture => "build the agent for the host's architecture",
            Reach::NoSystemd => "hosts need systemd as process 1",
            Reach::ReadOnly => "see why (`dmesg`), then remount it for writing",
            Reach::DiskFull => "make room on the host",
            Reach::Lost => "`fleetwright status` tells how the host is once it answers again",
            Reach::Off => "switch it on",
            Reach::Other => "try `ssh -v HOST`",
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a command or file operation on a host did not happen. "Could not be reached" is not "failed".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteError {
    /// The host cannot be reached or used at all.
    Unreachable {
        /// Host.
        host: String,
        /// What kind of reason.
        reason: Reach,
        /// What was seen.
        detail: String,
    },
    /// The command did not end within its deadline and was ended.
    Deadline {
        /// Host.
        host: String,
        /// The command.
        command: String,
        /// Milliseconds.
        after_ms: u64,
    },
    /// The command or file operation could not be done.
    Failed {
        /// Host.
        host: String,
        /// What was tried.
        command: String,
        /// What was seen.
        detail: String,
    },
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteError::Unreachable { host, detail, .. } => write!(f, "{host}: unreachable: {detail}"),
            RemoteError::Deadline { host, command, after_ms } => {
                write!(f, "{host}: `{command}` did not end within {after_ms} ms")
            }
            RemoteError::Failed { host, command, detail } => write!(f, "{host}: `{command}`: {detail}"),
        }
    }
}

impl std::error::Error for RemoteError {}
