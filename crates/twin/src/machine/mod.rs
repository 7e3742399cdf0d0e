//! Machines: a disk over the base image, a systemd on it, switched on and off.

pub(crate) mod disk;
pub(crate) mod launch;
pub(crate) mod power;

pub use disk::{Seed, Seeds};
