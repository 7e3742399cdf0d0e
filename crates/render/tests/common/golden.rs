//! Expected texts in `fleets/NAME/rendered/HOST/path`; `UPDATE=1` writes them.

use artifact::Desired;
use model::HostId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fleets").join(name).join("rendered")
}

/// Compares every file of every host, and that there are no others.
pub fn compare(name: &str, hosts: &BTreeMap<HostId, Desired>) {
    let root = folder(name);
    let mut wanted = BTreeMap::new();
    for (host, desired) in hosts {
        for (path, file) in &desired.files {
            wanted.insert(root.join(host.as_str()).join(path.trim_start_matches('/')), file.text.public());
        }
        let summary = summary(desired);
        wanted.insert(root.join(host.as_str()).join("units.txt"), summary);
    }
    if std::env::var_os("UPDATE").is_some() {
        let _ = std::fs::remove_dir_all(&root);
        for (path, text) in &wanted {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &wanted {
        let is = std::fs::read_to_string(path)
            .unwrap_or_else(|e| panic!("{}: {e}; UPDATE=1 writes it", path.display()));
        assert_eq!(&is, text, "{} differs; UPDATE=1 rewrites it", path.display());
    }
    let mut found = Vec::new();
    walk(&root, &mut found);
    for path in found {
        assert!(wanted.contains_key(&path), "{} is no longer rendered; UPDATE=1 removes it", path.display());
    }
}

fn walk(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Units, what they react to, and the order, as a person would list them.
fn summary(desired: &Desired) -> String {
    let mut out = String::new();
    let join = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    for (name, unit) in &desired.units {
        out.push_str(&format!(
            "{name}\n  after: {}\n  reload on: {}\n  restart on: {}\n",
            join(&unit.after),
            join(&unit.reload_on),
            join(&unit.restart_on)
        ));
    }
    let packages: Vec<&str> = desired.packages.keys().map(String::as_str).collect();
    out.push_str(&format!("packages: {}\n", packages.join(" ")));
    for (path, dir) in &desired.dirs {
        out.push_str(&format!("dir {path} {:04o} {}:{}\n", dir.mode, dir.owner, dir.group));
    }
    for (path, link) in &desired.links {
        out.push_str(&format!("link {path} -> {}\n", link.target));
    }
    for health in &desired.health {
        out.push_str(&format!("seen: {}: {:?}\n", health.name, health.probe));
    }
    out
}
