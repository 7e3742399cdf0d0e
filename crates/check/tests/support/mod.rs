//! Folders of sources, read from the repository.

#![allow(dead_code)]

use source::{Role, Sources, role};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// True when expectations are to be written anew (`UPDATE=1`).
pub fn update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|v| v == "1")
}

/// Reads a fleet's folder as the command line does.
pub fn read(root: &Path) -> io::Result<Sources> {
    let mut files = BTreeMap::new();
    walk(root, root, &mut files)?;
    let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Sources { root_name: name, files, ..Sources::default() })
}

fn walk(root: &Path, at: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if role(&relative) != Role::Other {
            files.insert(relative, fs::read(&path)?);
        }
    }
    Ok(())
}
