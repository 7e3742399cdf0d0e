//! The examples, all the way from their text.

use derive::fleet::Fleet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn read(root: &Path, at: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// A fleet of `examples/`, derived with made-up keys.
pub fn example(name: &str) -> Fleet {
    fleet_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name), name)
}

/// A fleet of `fleets/`, its `fleet.yaml` alone, derived with made-up keys.
pub fn fixture(name: &str) -> Fleet {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fleets").join(name);
    let text = std::fs::read(root.join("fleet.yaml")).unwrap();
    derived(name, BTreeMap::from([("fleet.yaml".to_owned(), text)]))
}

fn fleet_in(root: &Path, name: &str) -> Fleet {
    let mut files = BTreeMap::new();
    read(root, root, &mut files);
    derived(name, files)
}

fn derived(name: &str, files: BTreeMap<String, Vec<u8>>) -> Fleet {
    let (model, report) =
        source::load(&source::Sources { root_name: name.to_owned(), files, ..source::Sources::default() });
    assert!(!report.has_errors(), "{:#?}", report.items);
    let options = derive::Options::default();
    let derived = derive::derive(&model.unwrap(), &derive::Lock::default(), &options);
    let mut fleet = derived.fleet.unwrap_or_else(|| panic!("{:#?}", derived.report.items));
    for interface in fleet.hosts.values_mut().flat_map(|h| &mut h.wireguard) {
        super::KEY.clone_into(&mut interface.public_key);
        for peer in &mut interface.peers {
            super::KEY.clone_into(&mut peer.public_key);
        }
    }
    fleet
}
