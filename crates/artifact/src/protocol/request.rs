//! The requests that fit in one line.

use crate::desired::Probe;
use crate::wire::FlatDesired;
use serde::{Deserialize, Serialize};

/// The first line of every request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the controller.
    pub protocol: u32,
    /// SHA-256 of the agent binary the controller has; empty when any will do. Another one answers
    /// `refused` with [`Code::AgentMismatch`] and does nothing.
    pub agent: String,
}

/// `observe`: what differs from this state?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The desired state.
    pub desired: FlatDesired,
}

/// `undo`: go back to what was before a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRequest {
    /// Version and agent.
    pub hello: Hello,
    /// The generation to undo: the last one.
    pub generation: u64,
    /// Undo it also when it was confirmed.
    pub confirmed: bool,
    /// Why, for the report.
    pub reason: String,
}

/// `status`, `generations` and `drift`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRequest {
    /// Version and agent.
    pub hello: Hello,
}

/// `drift`.
pub type DriftRequest = StatusRequest;

/// `generations`.
pub type GenerationsRequest = StatusRequest;

/// `probe`: is this seen from here? Another host may be the better witness of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// Version and agent.
    pub hello: Hello,
    /// What is looked for.
    pub probe: Probe,
    /// Seconds within which it must be seen.
    pub timeout_s: u32,
}

/// `unlock`: end the process that holds the host's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockRequest {
    /// Version and agent.
    pub hello: Hello,
    /// Its [`Claim::who`] or [`Claim::run`], exactly.
    pub holder: String,
}

/// Who changes a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// `user@machine`.
    pub who: String,
    /// How they came: their SSH_CONNECTION, or `local`.
    pub from: String,
    /// The id of the run.
    pub run: String,
    /// When the run began, seconds since the epoch by the controller's clock.
    pub since: u64,
}
