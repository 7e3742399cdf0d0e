//! Folders of sources, read from the repository.

use source::{Role, Sources, role};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a fleet's folder as the command line does.
pub fn read(root: &Path) -> io::Result<Sources> {
    let mut files = BTreeMap::new();
    walk(root, root, &mut files)?;
    let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sources = Sources { root_name: name, files, ..Sources::default() };
    compose_files(root, &mut sources)?;
    Ok(sources)
}

/// Files of Compose projects, as far as they are there.
fn compose_files(root: &Path, sources: &mut Sources) -> io::Result<()> {
    let mut asked = BTreeSet::new();
    loop {
        let mut wanted = source::wanted(sources);
        wanted.retain(|path| asked.insert(path.clone()));
        if wanted.is_empty() {
            return Ok(());
        }
        for path in wanted.into_iter().filter(|path| root.join(path).is_file()) {
            let bytes = fs::read(root.join(&path))?;
            sources.files.insert(path, bytes);
        }
    }
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
