//! Rules on names: what they refer to, and that nothing is described in vain.

pub mod ambiguous_name;
pub mod bad_domain_name;
pub mod group_cycle;
pub mod hash_cycle;
pub mod hash_of;
pub mod name_taken;
pub mod same_name;
pub mod secret_option;
pub mod secret_reader;
pub mod strange_word;
pub mod unknown_engine;
pub mod unknown_export;
pub mod unknown_name;
pub mod unknown_port;
pub mod unused;
