//! Why a host could not be used.

use std::fmt;

/// Why a command or file operation on a host did not happen. "Could not be reached" is not "failed".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteError {
    /// The host is not there or does not answer.
    Unreachable {
        /// Host.
        host: String,
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
            RemoteError::Unreachable { host, detail } => write!(f, "{host}: unreachable: {detail}"),
            RemoteError::Deadline { host, command, after_ms } => {
                write!(f, "{host}: `{command}` did not end within {after_ms} ms")
            }
            RemoteError::Failed { host, command, detail } => write!(f, "{host}: `{command}`: {detail}"),
        }
    }
}

impl std::error::Error for RemoteError {}
