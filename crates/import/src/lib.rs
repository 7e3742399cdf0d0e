//! What other tools' files say, as files of the model, with what could not be carried.
//!
//! Values only: callers read the files. A reader makes model files ([`ModelFile`]), says what it left behind
//! ([`Note`]), and gives a normal form ([`Normal`]) of an engine's files, so that what was imported and what is
//! rendered afterwards can be held against each other by meaning instead of by bytes.
//!
//! An engine is a module with its line in [`ENGINES`].

pub mod ansible;
pub mod bird;
pub mod caddy;
pub mod codes;
pub mod incus;
mod known;
mod ledger;
mod names;
pub mod nftables;
pub mod prometheus;
mod same;
pub mod stage;
mod together;
mod types;
pub mod wireguard;
pub mod yaml;

pub use ledger::{Fate, Told};
pub use names::host as host_of;
pub use same::{Difference, Normal, compare};
pub use together::together;
pub use types::{Engine, ImportFile, Imported, Input, ModelFile, Note};

/// The engines whose files are read, by name.
pub const ENGINES: &[Engine] =
    &[wireguard::ENGINE, bird::ENGINE, prometheus::ENGINE, nftables::ENGINE, caddy::ENGINE];

/// The engine of a name.
pub fn engine(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|e| e.name == name)
}
