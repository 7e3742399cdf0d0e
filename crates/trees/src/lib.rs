//! Trees of templates as render scripts have them: which folder serves which host, and what becomes of each file.
//!
//! - [`Files`]: what lies in the fleet's folder, read by the caller.
//! - [`Layout`], [`jobs`]: which file is made from which, for which host.
//! - [`Renderer`]: its [`Worker`]s make one job at a time a [`Made`] file, one worker a thread, with what each
//!   template read and where that came from.
//! - [`codes`]: the diagnostics.
//!
//! The rules are those of the scripts people have: a host's files lie in `GROUP/HOST/` of the tree, or in
//! `GROUP/` for all hosts of a group that is shared. What ends with `.j2` is a template and loses the ending;
//! everything else is copied with its mode, names that begin with a dot too; what ends with `.sh` becomes
//! executable. Where such a script loses or overwrites a file in silence, this is an error.

pub mod codes;
mod files;
mod job;
mod outputs;
mod renderer;
mod shown;

pub use files::{Entry, Files};
pub use job::{Host, Job, Layout, Single, Style, jobs, unused};
pub use outputs::outputs;
pub use renderer::{Given, Made, Read, Renderer, Scope, Worker};
