//! What lies where. The caller reads the disk; this room only looks names up.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Files by path. Paths are relative, separated by `/`, without `.` and `..`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    entries: BTreeMap<String, Content>,
}

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file's bytes.
    Bytes(Vec<u8>),
    /// Something that was not read, and what it is: `a symlink out of the tree`, `a socket`.
    Other(String),
}

impl Files {
    /// None yet.
    pub fn new() -> Files {
        Files::default()
    }

    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.entries.insert(clean(&path.into()), Content::Bytes(bytes.into()));
    }

    /// Adds something that was not read.
    pub fn insert_other(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.entries.insert(clean(&path.into()), Content::Other(what.into()));
    }

    /// What a path holds, nothing for a folder.
    pub fn get(&self, path: &str) -> Option<&Content> {
        self.entries.get(&clean(path))
    }

    /// True when something lies under the path. The root, `""` or `.`, always is a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        let path = clean(path);
        path.is_empty() || self.under(&path).next().is_some()
    }

    /// Names in a folder, sorted by their bytes.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let folder = clean(folder);
        let names: BTreeSet<&str> =
            self.under(&folder).map(|rest| rest.split('/').next().unwrap_or(rest)).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// All paths and what they hold.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.entries.iter().map(|(path, content)| (path.as_str(), content))
    }

    /// What lies under a folder, without its path.
    fn under<'f>(&'f self, folder: &str) -> impl Iterator<Item = &'f str> + use<'f> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = (Bound::Included(prefix.clone()), Bound::Unbounded);
        self.entries.range::<String, _>(from).map_while(move |(path, _)| path.strip_prefix(&prefix))
    }
}

/// `folder/name`, with the root as nothing.
pub(crate) fn join(folder: &str, name: &str) -> String {
    let folder = clean(folder);
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder of a path, `""` at the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What Python's `os.path.splitext` calls the extension of a name: from its last point, leading points apart.
pub(crate) fn extension(name: &str) -> &str {
    let body = name.trim_start_matches('.');
    match body.rfind('.') {
        Some(at) => &body[at..],
        None => "",
    }
}

fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}
