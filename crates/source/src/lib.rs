//! Text to model: a fleet's folder, as bytes by path, becomes typed values that know their place.
//!
//! Pure: callers read the files. Every fault of every file is reported; nothing is dropped in silence.

pub mod builtin;
pub mod codes;
mod facts;
pub mod folder;
mod load;
mod merge;
mod profiles;
mod projects;
mod reference;
mod schema;
mod text;
pub mod yaml;

pub use facts::{beside, stacks};
pub use folder::{Role, role};
pub use load::{Sources, load, settle, tree};
pub use projects::{projects, wanted};
pub use reference::language_reference;
pub use schema::{schema, schema_of};
pub use text::MAX_BYTES;
