//! What nobody should write by hand: addresses, ports, keys, peers, placement, paths.

pub mod fleet;
