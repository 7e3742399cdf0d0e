//! The rules, one file each.

pub mod addresses;
pub mod modules;
pub mod names;
pub mod policies;
pub mod routing;
pub mod services;
