//! HCL, the language of OpenTofu's and Terraform's configurations.

mod check;
mod fault;
mod format;
mod keys;
mod lex;
mod same;

pub use check::{File, check, kind};
pub use format::format;
