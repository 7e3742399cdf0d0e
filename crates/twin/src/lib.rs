//! The same fleet in namespaces, and what to ask it.
//!
//! `topology` says what to build, `base` makes the image every machine boots from, `twin` builds it,
//! `world` says what stands around a fleet and `session` runs a fleet in its twin; `control` breaks and heals it, `gc` releases it, whatever happened to whoever built it. `ground` and
//! `machine` are what those stand on.

pub mod base;
mod control;
pub mod drill;
mod error;
mod gc;
mod ground;
mod growth;
mod machine;
mod paths;
mod preflight;
pub mod prove;
mod remote;
pub mod session;
mod state;
pub mod topology;
mod twin;
mod watch;
pub mod world;

pub use crate::remote::NamespaceRemote;
pub use base::{Base, Recipe};
pub use error::TwinError;
pub use gc::{Condition, TwinInfo, gc, twins};
pub use machine::power::PowerOff;
pub use machine::{Seed, Seeds};
pub use preflight::{Lack, preflight};
pub use topology::Topology;
pub use twin::Twin;
pub use watch::Watch;
