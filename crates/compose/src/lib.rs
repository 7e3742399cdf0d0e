//! Compose files to one merged project, as the Compose Specification and docker compose v2 merge them, and its
//! services as plain drafts ([`services`]), as services of a fleet ([`fleet_services`]) and as model files
//! ([`model_files`]).
//!
//! Pure: callers bring the files ([`Files`]) and the shell's variables ([`Options`]). Every value keeps the place
//! it was written at; every fault of every file is reported.
//!
//! `tests/oracle.rs` holds it to docker compose 2.40.3; `docs/compose.md` lists where it differs.

mod attached;
mod budget;
mod canonical;
pub mod codes;
mod consistency;
mod defaults;
pub mod dotenv;
pub mod draft;
mod environment;
mod extends;
mod files;
mod fleet;
mod include;
mod interpolate;
mod keys;
mod load;
mod merge;
mod node;
mod normalise;
mod path;
mod paths;
mod project;
mod quantity;
mod read;
mod reset;
mod scalar;
mod schema;
mod sources;
mod unique;
mod words;
mod yaml;

pub use draft::services;
pub use environment::Environment;
pub use files::Files;
pub use fleet::{FleetService, FleetServices, ModelFile, ModelFiles, fleet_services, model_files};
pub use node::{Entry, Map, Mark, Node, Value};
pub use project::{Options, Project, load};
