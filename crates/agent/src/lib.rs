//! On the host: the transaction, its journal, the dead-man timer, and the way back. Speaks the protocol of
//! `docs/apply-protocol.md` over standard input and output.

mod accounts;
mod arm;
mod bring_back;
mod check;
mod commands;
mod confirm;
mod conversation;
mod drift;
mod drift_watch;
mod fault_points;
mod generations;
mod health;
mod identity;
mod journal;
mod lock;
mod nft_seen;
mod observe;
mod packages;
mod paths;
mod recover;
mod redact;
mod room;
mod run;
mod running;
mod running_text;
mod store;
mod switch;
mod system;
mod systemd;
mod take;
mod talk;
mod transaction;
mod tree;
mod undo;

pub mod bus;

pub use commands::{
    apply_command, confirm_command, deadman, drift_command, generations_command, observe_command,
    probe_command, recover_command, status_command, undo_command, unlock_command,
};
pub use drift_watch::{Watched, drift_watch};
pub use journal::{Entry, Journal, line};
pub use system::System;
pub use systemd::{Systemd, Timer, Verb};
pub use talk::Talk;
