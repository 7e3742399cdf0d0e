//! A fleet in its twin: build the world, boot it, apply to it, find it again.

mod certs;
mod timers;

pub use certs::acme_files;
pub use timers::{TimerChange, changes as timer_changes, short as short_timers};
