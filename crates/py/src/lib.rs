//! Python's values and their texts, for trees that were written for Ansible and Jinja2.
//!
//! - [`Value`], [`Map`]: what Python's `None`, `bool`, `int`, `float`, `str`, `bytes`, `date`, `list` and
//!   `dict` hold, compared as Python compares them.
//! - [`str`], [`repr`]: Python 3.11's texts of them.
//! - [`Node`]: a value with the place of each of its parts; what [`load`] gives.
//! - [`load`]: YAML 1.1 as PyYAML's `SafeLoader` reads it; [`yaml::dump`] writes it as its dumper does.
//! - [`json`]: Python's `json.dumps` and `json.loads`.
//! - [`literal`]: Python's `ast.literal_eval`, which INI inventories are read with.

pub mod codes;
mod float;
pub mod json;
pub mod literal;
mod map;
mod node;
mod printable;
mod text;
mod value;
pub mod yaml;

pub use map::{Key, Map};
pub use node::{Entry, Kind, Marks, Node};
pub use text::{repr, repr_str, str};
pub use value::{Value, compare, int_and_float};
pub use yaml::{NoTags, Tagged, Tags, load};
