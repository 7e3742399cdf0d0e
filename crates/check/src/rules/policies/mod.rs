//! Rules on policies, and the standards a fleet can hold itself to.

pub mod allow_nothing;
pub mod allows_everything;
pub mod bad_date;
pub mod exception_expired;
pub mod exception_of;
pub mod exception_reason;
pub mod exception_rule;
pub mod exception_unused;
pub mod health_missing;
pub mod image_floats;
pub mod layer_missing;
pub mod static_port;
pub mod unknown_port_name;
pub mod unknown_standard;
