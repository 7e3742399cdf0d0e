//! The little D-Bus the agent speaks with systemd, so that it starts no `systemctl` and hears of every
//! finished job instead of asking again and again.

mod connection;
mod wire;

pub use connection::{BusError, Connection, Message};
pub use wire::{Malformed, Reader, Value, Writer};
