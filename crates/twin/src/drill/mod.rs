//! Breaking parts of a running fleet and seeing what its alerting says.
//!
//! `component` names parts, `fault` breaks and heals them, `expect` says what alerts must follow, `run` drills them one after the other.

mod component;
mod expect;
mod fault;
mod run;

pub use component::{Part, parts};
pub use fault::{Faults, break_part, heal_part};
pub use run::drill;
