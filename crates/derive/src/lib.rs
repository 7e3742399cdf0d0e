//! What nobody should write by hand: addresses, ports, keys, peers, placement, paths. Pure: the same model
//! and the same lock give the same fleet and the same lock, byte for byte.

mod admit;
mod alloc;
mod announced;
mod bgp;
pub mod codes;
mod doors;
mod edges;
mod entries;
mod exposures;
mod firewall;
pub mod fleet;
mod graph;
mod hierarchy;
mod hosts;
mod instances;
mod ipam;
pub mod keys;
pub mod lock;
mod mappings;
mod names;
mod openings;
mod origins;
mod peers;
mod place;
mod policies;
mod predict;
mod rollout;
mod run;
mod segments;
mod shares;
mod tunnels;
mod unsupported;
mod watch;
mod watch_alerts;
mod ways;
mod work;

pub use lock::Lock;
pub use predict::predict;
pub use rollout::{Rollout, Witness, rollout};
pub use run::{Derived, KeyWant, Options, derive, stale, wanted_keys};
