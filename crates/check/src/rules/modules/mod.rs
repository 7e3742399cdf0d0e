//! Rules on modules, their parameters and where services run.

pub mod bad_env_name;
pub mod bad_module;
pub mod bad_spread;
pub mod module_needs;
pub mod no_host;
pub mod no_image;
pub mod no_placement;
pub mod no_variant;
pub mod overcommitted;
pub mod param_missing;
pub mod param_range;
pub mod param_type;
pub mod unit_taken;
pub mod unknown_param;
pub mod unknown_placeholder;
pub mod unknown_storage;
pub mod unknown_variant;
mod value;
