//! What OpenTofu knows, as facts for a fleet.

mod outputs;
mod reference;
mod stack;
mod state;

pub use outputs::{Output, outputs};
pub use reference::Reference;
pub use stack::{File, Found, Given, Lost, Stack};
pub use state::{Instance, State, Step, state};
