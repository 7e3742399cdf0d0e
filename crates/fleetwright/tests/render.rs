//! `fleetwright render`: all or nothing, secrets hidden unless asked for.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, json, run};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, String)> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                let text = fs::read_to_string(&path).unwrap();
                all.insert(path.strip_prefix(folder).unwrap().to_owned(), (mode, text));
            }
        }
    }
    all
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn an_error_leaves_the_previous_output_as_it_was() {
    let (fleet, out) = (copy("two-sites"), tempfile::tempdir().unwrap());
    let target = out.path().join("hosts");
    let to = target.to_str().unwrap();
    assert_eq!(run(fleet.path(), &["render", "--out", to]).code, 0);
    let before = tree(&target);
    assert!(before.len() > 20);
    fs::write(fleet.path().join("services/photos.yaml"), "module: immich\non: nowhere\n").unwrap();
    assert_eq!(run(fleet.path(), &["render", "--out", to]).code, 1);
    assert_eq!(tree(&target), before);
    assert_eq!(entries(out.path()), 1, "nothing beside it");
}

#[test]
fn the_same_sources_give_the_same_bytes_and_old_files_go() {
    let (fleet, out) = (copy("two-sites"), tempfile::tempdir().unwrap());
    let target = out.path().join("hosts");
    let to = target.to_str().unwrap();
    run(fleet.path(), &["render", "--out", to]);
    let before = tree(&target);
    fs::write(target.join("stale"), "from another time").unwrap();
    assert_eq!(run(fleet.path(), &["render", "--out", to]).code, 0);
    assert_eq!(tree(&target), before);
    assert_eq!(entries(out.path()), 1);
}

#[test]
fn secrets_are_hidden_unless_asked_for_and_then_0600() {
    let (fleet, out) = (copy("two-sites"), tempfile::tempdir().unwrap());
    let _ = fs::remove_file(fleet.path().join("fleet.lock"));
    run(fleet.path(), &["lock"]);
    let private =
        fs::read_to_string(fleet.path().join(".fleetwright/secrets/wireguard/kyiv-gw/wg-kyiv-wroclaw"))
            .unwrap();
    let file = PathBuf::from("kyiv-gw/etc/wireguard/wg-kyiv-wroclaw.conf");
    let target = out.path().join("hosts");
    let to = target.to_str().unwrap();
    run(fleet.path(), &["render", "--out", to]);
    assert!(tree(&target)[&file].1.contains("‹secret wireguard/kyiv-gw/wg-kyiv-wroclaw›"));
    assert_eq!(run(fleet.path(), &["render", "--out", to, "--secrets"]).code, 0);
    let (mode, text) = &tree(&target)[&file];
    assert!(text.contains(private.trim()));
    assert_eq!(*mode, 0o600);
    for (path, (mode, text)) in tree(&target) {
        assert!(!text.contains(private.trim()) || mode == 0o600, "{}", path.display());
    }
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o700);
    let json = run(fleet.path(), &["render", "--json"]).out;
    assert!(!json.contains(private.trim()));
}

#[test]
fn a_folder_of_others_is_left_alone() {
    let (fleet, out) = (copy("two-sites"), tempfile::tempdir().unwrap());
    fs::write(out.path().join("mine"), "mine").unwrap();
    let ran = run(fleet.path(), &["render", "--out", out.path().to_str().unwrap()]);
    assert!(ran.code == 1 && ran.err.contains("FW3008"), "{}", ran.err);
    assert_eq!(tree(out.path()).len(), 1);
}

#[test]
fn one_host_can_be_chosen() {
    let fleet = copy("two-sites");
    let answer = json(fleet.path(), &["render", "--host", "kyiv-gw"]);
    assert_eq!(answer["hosts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["kyiv-gw"]);
    let ran = run(fleet.path(), &["render", "--host", "kyiv-gv"]);
    assert!(ran.code == 1 && ran.err.contains("did you mean `kyiv-gw`?"), "{}", ran.err);
}

#[test]
fn what_is_not_supported_yet_is_said() {
    let fleet = copy("constellation");
    let answer = json(fleet.path(), &["render"]);
    let said = answer["diagnostics"].as_array().unwrap();
    assert!(
        said.iter().any(|d| d["message"].as_str().unwrap().starts_with("not supported yet: ")),
        "{said:?}"
    );
}
