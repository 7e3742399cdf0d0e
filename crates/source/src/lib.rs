//! Text to model: a fleet's folder, as bytes by path, becomes typed values that know their place.
//!
//! Pure: callers read the files. Every fault of every file is reported; nothing is dropped in silence.

pub mod builtin;
pub mod codes;
mod compose;
pub mod folder;
mod load;
mod merge;
mod reference;
mod schema;
mod text;
pub mod yaml;

pub use folder::{Role, role};
pub use load::{Sources, load, settle, tree};
pub use reference::language_reference;
pub use schema::{schema, schema_of};
pub use text::MAX_BYTES;
