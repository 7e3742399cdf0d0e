//! The same fleet in namespaces, and what to ask it.
//!
//! `topology` says what to build; everything else builds it, finds it again and takes it down.

pub mod topology;
pub mod world;
