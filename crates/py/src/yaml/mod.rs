//! YAML 1.1 as PyYAML reads and writes it.
//!
//! Reading follows `SafeLoader` (`resolver.py`, `constructor.py` of PyYAML 6.0) with Ansible's loader on top:
//! a key twice in one map is a warning and the last value stays. Writing follows PyYAML's `CSafeDumper`
//! (libyaml 0.2.5), which is what Ansible's `to_yaml` calls.
//!
//! The parser underneath follows YAML 1.2, so these are refused with an error where PyYAML reads them: a tab
//! right after a key's colon, quoted text that goes on at the left margin, `-` before a bracket or comma
//! (`[a -]`). Values that contain themselves, sets and ordered maps have no value here and are refused too.
//! LS and PS (U+2028, U+2029) are letters here and line breaks in YAML 1.1.

mod analyze;
mod base64;
mod dump;
mod entries;
mod read;
mod resolve;
mod tags;
mod timestamp;
mod write;

pub use dump::{DumpOptions, Style, dump};
pub use read::load;
pub use tags::{NoTags, Tagged, Tags};
