//! What the controller and the agent say to each other: one JSON value a line. See
//! `docs/apply-protocol.md`.

mod event;
mod fault;
mod packed;
mod record;
mod request;
mod state;
pub mod two;

pub use event::Event;
pub use fault::{Code, Fault};
pub use packed::{Bytes, Packed, Unpackable};
pub use record::{DriftItem, DriftReport, DriftSeen, GenerationSeen, Pending, Receipt, Status, UndoReport};
pub use request::{
    Claim, DriftRequest, GenerationsRequest, Hello, ObserveRequest, ProbeRequest, StatusRequest, UndoRequest,
    UnlockRequest,
};
pub use state::State;
pub use two::{ApplyRequest, Chunk, ConfirmRequest, Go, Goal, Order};

/// Version of the requests and events. A higher one on the wire is refused. The journal has its own.
pub const PROTOCOL: u32 = 2;

/// Where the agent lies on a host.
pub const AGENT_PATH: &str = "/usr/lib/fleetwright/fleetwright-agent";
