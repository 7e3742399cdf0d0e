//! Templates as Python's Jinja2 3.1 renders them, byte for byte, with Ansible 2.19's filters, tests and lookups;
//! or as Ansible's own engine does, with variables that are templates themselves.
//!
//! An engine of its own and not minijinja: there `~`, `|join` and macros print through its own value type,
//! which has no tuples, no strict scopes as Jinja2's compiler decides them, and no generators, so identity
//! with Python could be had for single values only, and each missing piece would differ in silence.
//!
//! - [`Engine`], [`Options`], [`Variables`], [`Rendered`]: reading and rendering.
//! - [`World`]: what a template may ask for from outside: files, environment, passwords, the time. This room
//!   reads nothing itself.
//! - [`simple`]: the kind of template that knows `{{NAME}}` only.
//! - [`codes`]: the diagnostics.
//!
//! Inside: `parse` makes a tree and decides which variable each name is, `run` walks it, `value` is what
//! Python holds, `filters`, `tests`, `methods`, `functions` what templates call, `regex` Python's `re`,
//! `net` addresses. What is supported, what differs and what is refused: `docs/templates.md`.

pub mod codes;
mod crypt;
mod engine;
mod error;
mod filters;
mod functions;
mod methods;
mod net;
mod ops;
mod parse;
mod regex;
mod run;
pub mod simple;
mod tests;
mod text;
mod value;
mod world;

pub use engine::{Engine, Loader, Options, Rendered, Values, Variables};
pub use error::{Fault, Res};
pub use run::Args;
pub use value::V as Value;
pub use world::{FileKind, NoWorld, World};
