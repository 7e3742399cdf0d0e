//! OpenTofu and Terraform, as values: nothing here reads a file or starts a program.
//!
//! - [`Stack`]: what `tofu output -json` printed and a state file of version 4, with the line of each value; a
//!   [`Reference`] (`tofu/STACK/OUTPUT/KEY`) leads to a value in it.
//! - [`hcl`]: whether a text is HCL, and the spaces `tofu fmt` sets.

pub mod codes;
pub mod hcl;
pub mod json;
mod read;

pub use read::{File, Found, Given, Instance, Lost, Output, Reference, Stack, State, Step, outputs, state};
