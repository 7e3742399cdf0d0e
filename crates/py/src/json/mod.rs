//! Python's `json` module.

mod dumps;
mod loads;

pub use dumps::{Indent, JsonOptions, dumps};
pub use loads::{JsonError, load, loads};
