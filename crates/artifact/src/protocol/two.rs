//! The apply conversation of protocol 2, and the confirm that ends it.

use super::{Claim, Hello, Packed};
use serde::{Deserialize, Serialize};

/// Bytes of a blob that travel in one [`Chunk`], before they are packed.
pub const CHUNK: usize = 256 << 10;
/// Largest JSON of a desired state, in bytes.
pub const DESIRED: usize = 64 << 20;
/// The agent waits this long for each line of the conversation; a session is kept with [`Order::Wait`].
pub const PATIENCE_S: u32 = 120;

/// `apply`: first line. The agent answers
/// - `unchanged`: the digest is the one on record and nothing differs;
/// - `want`: the digest is not on record; a line with the [`Packed`] `FlatDesired` follows, then `observed`;
/// - `observed`: something differs, or a generation is to be gone back to (`Observation::desired` is it).
///
/// After `observed` with nothing to do, `unchanged` comes; else the agent waits for an [`Order`]. The end of
/// input instead means "leave it".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyRequest {
    /// Version and agent.
    pub hello: Hello,
    /// Who does it.
    pub claim: Claim,
    /// The host's name in the fleet.
    pub host: String,
    /// What it should be.
    pub target: Goal,
    /// Seconds after `armed` at which the host undoes the change by itself unless it was confirmed;
    /// 0: no timer is set (a confirm is still needed).
    pub deadline_s: u32,
    /// Milliseconds a started unit is watched before it counts as up.
    pub settle_ms: u32,
}

/// What a host should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The state with this `FlatDesired::digest`.
    Digest(String),
    /// A generation it keeps: the host has it all.
    Generation(u64),
}

/// What the controller wants next. `wait` any number of times, at least every [`PATIENCE_S`] seconds; `go`
/// once; `switch` once, after `checked` of a go with `hold`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Stay as you are; the answer is awaited for another [`PATIENCE_S`] seconds.
    Wait,
    /// Do it.
    Go(Go),
    /// Arm and switch now.
    Switch,
}

/// Stage, check and, unless held, arm and switch. When more than 2 s have passed since `observed`, the agent
/// looks again, and fails with `world-moved` when other steps came out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Go {
    /// Digest of the plan the controller made of the observation; kept in the receipt.
    pub plan: String,
    /// How many blobs follow, as lines of [`Chunk`]: one blob after the other, each ending in one that is
    /// `last`. [`Order::Wait`] must not come between them.
    pub blobs: usize,
    /// Say `checked` and wait for [`Order::Switch`] before anything live changes.
    pub hold: bool,
}

/// A piece of the bytes of one hash. What came before a connection broke is kept: the next `observed` says in
/// `Observation::partial` at which byte to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The hash of the whole.
    pub sha256: String,
    /// Where this piece begins. Only the first piece of a blob may begin elsewhere than the one before
    /// ended: at 0 to begin anew, or where `partial` says.
    pub at: u64,
    /// At most [`CHUNK`] bytes.
    pub data: Packed,
    /// The blob is whole with this one.
    pub last: bool,
}

/// `confirm`: the controller saw the host over a new connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmRequest {
    /// Version and agent.
    pub hello: Hello,
    /// Who does it.
    #[serde(default)]
    pub claim: Claim,
    /// The generation.
    pub generation: u64,
    /// The token of the `switched` event.
    pub token: String,
}
