//! `fleetwright lock`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, json, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_made_once_and_kept_private() {
    let fleet = copy("two-sites");
    let _ = fs::remove_file(fleet.path().join("fleet.lock"));
    let first = json(fleet.path(), &["lock"]);
    assert_eq!(first["changed"], true);
    assert_eq!(first["keys"].as_array().unwrap().len(), 2, "{first}");
    let key = fleet.path().join(".fleetwright/secrets/wireguard/kyiv-gw/wg-kyiv-wroclaw");
    let private = fs::read_to_string(&key).unwrap();
    assert_eq!((mode(&key), mode(key.parent().unwrap())), (0o600, 0o700));
    let lock = fs::read_to_string(fleet.path().join("fleet.lock")).unwrap();
    assert!(!lock.contains(private.trim()), "a private key is in the lock");
    let again = json(fleet.path(), &["lock"]);
    assert_eq!((&again["changed"], again["keys"].as_array().unwrap().len()), (&false.into(), 0));
    assert_eq!(fs::read_to_string(fleet.path().join("fleet.lock")).unwrap(), lock);
    assert_eq!(fs::read_to_string(&key).unwrap(), private);
}

#[test]
fn check_says_stale_and_changes_nothing() {
    let fleet = copy("two-sites");
    let _ = fs::remove_file(fleet.path().join("fleet.lock"));
    let ran = run(fleet.path(), &["lock", "--check"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("fleetwright lock") && !fleet.path().join("fleet.lock").exists(), "{}", ran.err);
    assert!(!fleet.path().join(".fleetwright").exists());
    run(fleet.path(), &["lock"]);
    let ran = run(fleet.path(), &["lock", "--check"]);
    assert_eq!((ran.code, &*ran.out), (0, "fleet.lock is up to date\n"), "{}", ran.err);
}

#[test]
fn a_key_that_is_elsewhere_stays_as_it_is() {
    let fleet = copy("two-sites");
    run(fleet.path(), &["lock"]);
    let lock = fs::read_to_string(fleet.path().join("fleet.lock")).unwrap();
    fs::remove_dir_all(fleet.path().join(".fleetwright")).unwrap();
    let answer = json(fleet.path(), &["lock"]);
    assert_eq!(answer["elsewhere"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(fs::read_to_string(fleet.path().join("fleet.lock")).unwrap(), lock);
}

#[test]
fn a_wrong_private_key_and_one_that_others_can_read_are_refused() {
    let fleet = copy("two-sites");
    let _ = fs::remove_file(fleet.path().join("fleet.lock"));
    run(fleet.path(), &["lock"]);
    let secrets = fleet.path().join(".fleetwright/secrets/wireguard");
    let (a, b) = (secrets.join("kyiv-gw/wg-kyiv-wroclaw"), secrets.join("wroclaw-gw/wg-kyiv-wroclaw"));
    fs::copy(&b, &a).unwrap();
    let ran = run(fleet.path(), &["lock"]);
    assert!(ran.code == 1 && ran.err.contains("FW3010"), "{}", ran.err);
    fs::set_permissions(&b, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = run(fleet.path(), &["lock"]);
    assert!(ran.code == 1 && ran.err.contains("FW3010"), "{}", ran.err);
    let private = fs::read_to_string(&b).unwrap();
    assert!(!ran.err.contains(private.trim()));
}

#[test]
fn a_damaged_lock_is_shown_with_its_line() {
    let fleet = copy("two-sites");
    fs::write(fleet.path().join("fleet.lock"), "{\n  \"version\": 1,\n  \"nonsense\": 2\n}\n").unwrap();
    let ran = run(fleet.path(), &["render"]);
    assert!(ran.code == 1 && ran.err.contains("fleet.lock:3"), "{}", ran.err);
}
