//! What lies where. The caller reads the disk; this room only looks names up.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file, or what a link inside the tree leads to.
    File {
        /// Its bytes.
        bytes: Arc<[u8]>,
        /// Its permission bits.
        mode: u32,
    },
    /// Something that was not read, and what it is: `a link out of the tree`, `a socket`.
    Other(String),
}

/// Entries by path: relative to the fleet's folder, `/` between parts, without `.` and `..`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    entries: BTreeMap<String, Entry>,
}

impl Files {
    /// None yet.
    pub fn new() -> Files {
        Files::default()
    }

    /// Adds one.
    pub fn insert(&mut self, path: impl Into<String>, entry: Entry) {
        self.entries.insert(path.into(), entry);
    }

    /// What a path holds; nothing for a folder.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// What lies under a folder, with the way from it; sorted by their bytes.
    pub fn under<'f>(&'f self, folder: &str) -> impl Iterator<Item = (&'f str, &'f Entry)> + use<'f> {
        let prefix =
            if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        self.entries
            .range(prefix.clone()..)
            .map_while(move |(path, entry)| Some((path.strip_prefix(&prefix)?, entry)))
    }
}
