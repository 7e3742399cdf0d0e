//! The things a fleet is made of, one file a kind.

mod bgp;
mod expose;
mod fleet;
mod host;
mod module;
mod network;
mod operations;
mod policy;
mod profile;
mod service;
mod site;
mod tree;
mod tunnel;

pub use bgp::*;
pub use expose::*;
pub use fleet::*;
pub use host::*;
pub use module::*;
pub use network::*;
pub use operations::*;
pub use policy::*;
pub use profile::*;
pub use service::*;
pub use site::*;
pub use tree::*;
pub use tunnel::*;
