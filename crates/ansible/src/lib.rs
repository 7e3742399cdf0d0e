//! Ansible inventories as ansible-core 2.19 reads them, and back.
//!
//! - [`Files`]: what lies where, read by the caller.
//! - [`read`]: YAML and INI inventories, folders of them, `group_vars` and `host_vars`, vaulted or not, to an
//!   [`Inventory`]: groups, hosts, and each host's variables by Ansible's precedence, with where each came
//!   from and what it shadowed.
//! - [`connection`]: the `ansible_*` variables of a host as typed facts.
//! - [`dialect`]: a simpler reading of the same file, where each top-level key is a group and merging is flat.
//! - [`script`]: what an inventory script prints for `--list` and `--host`.
//!
//! Known differences from Ansible. Refused here: plugin configurations, scripts and TOML (they need Ansible
//! itself), ranges that end before they begin (no host in Ansible), cycles and undecryptable values (Ansible
//! drops the file, or waits until the value is used). Told here and silent there: files of variables nothing
//! reads, ports given to a known host. Different: a Python set keeps the order it is written in, bytes are a
//! text, and hosts of groups two and more levels down come in one order, not in another in each run. An
//! implicit `localhost` is not listed.

pub mod codes;
pub mod connection;
mod data;
pub mod dialect;
mod files;
mod ini;
mod inventory;
mod literal;
mod merge;
mod pattern;
mod read;
pub mod script;
mod shlex;
mod source;
mod vars_files;
mod yaml;

pub use files::{Content, Files};
pub use inventory::{Group, Host, Inventory, Layer, Origin, Var, Vars};
pub use read::{Options, Vault, load_values, read};
pub use shlex::split as split_words;
