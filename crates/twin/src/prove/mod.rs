//! Live proofs: what a fleet promises, as questions; each is answered by real packets and by the engines
//! themselves. Nothing here is written by hand for a fleet: the questions follow from it.
//!
//! `ask` derives them (pure), `probe` has the instruments, `judge` answers, `hop` finds what is broken,
//! `report` writes it down.

mod ask;
mod context;
mod ground;
mod hop;
mod judge;
mod probe;
mod question;
pub mod report;
#[cfg(test)]
pub(crate) mod sample;
mod verdict;

pub use ask::questions;
pub use context::{Options, ProveContext};
pub use ground::{Ground, within};
pub use judge::prove;
pub(crate) use judge::{ActiveAlert, active_alerts, picks};
pub use question::{Kind, Question};
pub use verdict::{BrokenHop, Outcome, Verdict, all_proved};
