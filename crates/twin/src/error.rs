//! Why a twin could not be built, found or taken down.

use std::fmt;

/// Why something on the twin's ground did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TwinError {
    /// The topology cannot be built; one line a reason.
    Topology(Vec<String>),
    /// This machine lacks something; one line each, with how to get it.
    Lacks(Vec<String>),
    /// There is a twin of this name already.
    Exists(String),
    /// There is no twin of this name.
    NoTwin(String),
    /// Another process is bringing this twin up, changing it or taking it down.
    Busy(String),
    /// There is no such machine, outside namespace, interface or daemon in the twin.
    NoSuch(String),
    /// It was asked to stop.
    Cancelled,
    /// A step failed.
    Failed {
        /// What was tried.
        what: String,
        /// What was seen.
        detail: String,
    },
}

impl TwinError {
    /// A failed step.
    pub fn failed(what: impl Into<String>, detail: impl fmt::Display) -> Self {
        TwinError::Failed { what: what.into(), detail: detail.to_string() }
    }
}

/// Names the step in which an error happened.
pub(crate) trait Step<T> {
    fn step(self, what: impl FnOnce() -> String) -> Result<T, TwinError>;
}

impl<T, E: fmt::Display> Step<T> for Result<T, E> {
    fn step(self, what: impl FnOnce() -> String) -> Result<T, TwinError> {
        self.map_err(|e| TwinError::failed(what(), e))
    }
}

impl fmt::Display for TwinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TwinError::Topology(faults) => write!(f, "the topology cannot be built: {}", faults.join("; ")),
            TwinError::Lacks(lacks) => write!(f, "this machine lacks: {}", lacks.join("; ")),
            TwinError::Exists(name) => write!(f, "there is a twin {name} already; take it down first"),
            TwinError::NoTwin(name) => write!(f, "there is no twin {name}"),
            TwinError::Busy(name) => write!(f, "another process is at work on twin {name}"),
            TwinError::NoSuch(what) => write!(f, "there is no {what} in this twin"),
            TwinError::Cancelled => write!(f, "cancelled"),
            TwinError::Failed { what, detail } => write!(f, "{what}: {detail}"),
        }
    }
}

impl std::error::Error for TwinError {}
