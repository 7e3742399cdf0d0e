//! What proofs need to know.

use super::ground::Ground;
use crate::world::World;
use derive::fleet::Fleet;
use std::time::Duration;

/// A booted fleet and how patiently it is asked.
#[derive(Clone, Copy)]
pub struct ProveContext<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The world around it.
    pub world: &'a World,
    /// Where it runs.
    pub ground: &'a dyn Ground,
    /// How patiently it is asked.
    pub options: &'a Options,
}

/// How patiently a fleet is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long what must come about is awaited.
    pub patience: Duration,
    /// How long an attempt that must fail is given to succeed. At most a TCP connection's first repeat
    /// (1 s, RFC 6298) later an open port would have answered.
    pub silence: Duration,
    /// Questions worked on at a time.
    pub at_once: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { patience: Duration::from_secs(10), silence: Duration::from_millis(1_200), at_once: 24 }
    }
}
