//! Instruments. Each works in the network namespace of the thread that calls it.

pub(super) mod dns;
pub(super) mod http;
pub(super) mod listen;
pub(super) mod ping;
pub(super) mod sniff;
pub(super) mod sockets;
pub(super) mod tcp;
pub(super) mod tls;
pub(super) mod udp;
