//! Where files come from: this room opens none itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Files by path, as a caller has them.
pub trait Files {
    /// The bytes of a file; nothing when it is not there; why, when it cannot be read. Paths are as the caller
    /// named the first ones: absolute, or relative to where those are.
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String>;
}

impl Files for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        Ok(self.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice())))
    }
}
