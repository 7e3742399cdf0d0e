//! How each engine is run on Debian 12, as values: its packages, its unit, the command that checks staged
//! files, what a changed file needs (reload or restart), and how it is seen to be well. One file an
//! engine; `render/src/ENGINE.rs` writes its text. See `docs/engines.md`.

mod daemon;

pub mod alertmanager;
pub mod bird;
pub mod blackbox;
pub mod caddy;
pub mod drift;
pub mod mount;
pub mod networkd;
pub mod nftables;
pub mod node_exporter;
pub mod prometheus;
pub mod resolver;
pub mod running;
pub mod secret;
pub mod service;
pub mod sshd;
pub mod sysctl;
pub mod wireguard;

pub use daemon::{Daemon, Stage, check, health, staged};
