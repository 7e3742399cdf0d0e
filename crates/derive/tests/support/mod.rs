//! Folders of sources, read from the repository, and the resolved fleet as text.

#![allow(dead_code)]

pub mod dump;

use derive::{Derived, Lock, Options};
use model::Fleet;
use source::{Role, Sources, role};
use std::collections::BTreeMap;
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

/// The model of an example.
pub fn example(name: &str) -> Fleet {
    let sources = read(&repository().join("examples").join(name)).unwrap();
    model(&sources)
}

/// The model of sources that read without an error.
pub fn model(sources: &Sources) -> Fleet {
    let (fleet, report) = source::load(sources);
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    fleet.unwrap()
}

/// A fleet in one text.
pub fn text(yaml: &str) -> Fleet {
    let files = BTreeMap::from([("fleet.yaml".to_owned(), yaml.as_bytes().to_vec())]);
    model(&Sources { root_name: "test".to_owned(), files, ..Sources::default() })
}

/// Derives with keys made up from the interfaces' names.
pub fn derived(model: &Fleet, lock: &Lock) -> Derived {
    let mut lock = lock.clone();
    for want in derive::wanted_keys(model, &lock) {
        let mut random = [0u8; 32];
        for (n, byte) in want.secret.bytes().enumerate() {
            random[n % 32] = random[n % 32].wrapping_mul(31).wrapping_add(byte);
        }
        let (_, public) = derive::keys::generate(random);
        lock.set_key(&want.host, &want.iface, &public);
    }
    derive::derive(model, &lock, &Options::default())
}

/// The fleet, or a panic with what is wrong.
pub fn fleet(model: &Fleet) -> derive::fleet::Fleet {
    let derived = derived(model, &Lock::default());
    derived.fleet.unwrap_or_else(|| panic!("{}", diag::render_plain(&derived.report)))
}
