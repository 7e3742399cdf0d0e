//! What the engines want on one host, as values: packages, users, directories, files, links, units, and
//! the commands that check, activate and observe them. `render` makes them, `plan` compares them, the
//! agent makes them true. Every line of a file knows why it is there.

mod desired;
mod observe;
pub mod protocol;
pub mod signature;
pub mod stage;
mod text;
mod wire;

pub use desired::{Check, Desired, Dir, File, Health, Link, Package, Probe, Unit, UnitKind, User};
pub use observe::{Leave, Leaving, Observation, PathDiff, RunningDiff, Seen, UnitRest, UnitSeen, UserDiff};
pub use stage::{Owned, Stage, Stages, Thing};
pub use text::{Line, Segment, Text, Why};
pub use wire::{FlatDesired, FlatFile, Hasher, hash_hex};
