//! Rules on prefixes, addresses and interfaces.

pub mod address_outside;
pub mod bad_mac;
pub mod bad_pool;
pub mod bad_reservation;
pub mod bad_ssh;
pub mod bad_uplink;
pub mod drift_interval;
pub mod duplicate_address;
pub mod duplicate_mac;
pub mod forward_elsewhere;
pub mod gateway_outside;
pub mod host_without_address;
pub mod interface_name;
pub mod jump_circle;
pub mod network_elsewhere;
pub mod no_prefix;
pub mod overlapping_prefixes;
pub mod prefix_length;
pub mod reserved_address;
pub mod router_elsewhere;
pub mod same_device;
pub mod site_without_router;
pub mod wrong_family;
