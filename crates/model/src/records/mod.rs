//! The things a fleet is made of, one file a kind.

mod bgp;
mod compose;
mod container;
mod expose;
mod fleet;
mod host;
mod module;
mod network;
mod operations;
mod policy;
mod profile;
mod secret;
mod service;
mod site;
mod tofu;
mod tree;
mod tunnel;

pub use bgp::*;
pub use compose::*;
pub use container::*;
pub use expose::*;
pub use fleet::*;
pub use host::*;
pub use module::*;
pub use network::*;
pub use operations::*;
pub use policy::*;
pub use profile::*;
pub use secret::*;
pub use service::*;
pub use site::*;
pub use tofu::*;
pub use tree::*;
pub use tunnel::*;
