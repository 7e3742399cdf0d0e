//! Every fleet in `examples/`: it is checked, locked, locked again to the same bytes, and rendered; what no
//! engine does yet is said.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{copy, json, root};
use std::collections::BTreeSet;
use std::fs;

fn names() -> Vec<String> {
    let folders = fs::read_dir(root().join("examples")).unwrap().flatten();
    let names = folders.filter(|e| e.path().is_dir()).map(|e| e.file_name().into_string().unwrap());
    let names: Vec<String> = names.collect();
    assert!(names.len() >= 5, "{names:?}");
    names
}

#[test]
fn each_checks_with_no_warning_but_what_an_exception_sets_aside() {
    for name in names() {
        let fleet = copy(&name);
        let answer = json(fleet.path(), &["check"]);
        assert_eq!(answer["exit"], 0, "{name}: {answer:#}");
        // What an exception sets aside stays in sight.
        let excused = |d: &serde_json::Value| d["labels"].to_string().contains("set aside until");
        let all = answer["diagnostics"].as_array().unwrap();
        let loud = all.iter().find(|d| d["severity"] != "note" && !excused(d));
        assert_eq!(loud, None, "{name}");
    }
}

#[test]
fn each_locks_twice_to_the_same_bytes() {
    for name in names() {
        let fleet = copy(&name);
        let lock = fleet.path().join("fleet.lock");
        assert_eq!(json(fleet.path(), &["lock"])["exit"], 0, "{name}");
        let first = fs::read(&lock).unwrap();
        let again = json(fleet.path(), &["lock"]);
        assert_eq!((&again["exit"], &again["changed"]), (&0.into(), &false.into()), "{name}: {again:#}");
        assert_eq!(fs::read(&lock).unwrap(), first, "{name}");
        assert_eq!(json(fleet.path(), &["lock", "--check"])["exit"], 0, "{name}");
        // Without what is already chosen nothing else is chosen, but for keys, which are random.
        let keyless = |bytes: &[u8]| -> serde_json::Value {
            let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            value.as_object_mut().unwrap().retain(|k, _| !k.contains("key"));
            value
        };
        fs::remove_file(&lock).unwrap();
        assert_eq!(json(fleet.path(), &["lock"])["exit"], 0, "{name}");
        assert_eq!(keyless(&fs::read(&lock).unwrap()), keyless(&first), "{name}");
    }
}

/// Hosts that get nothing and keys of the sources that nobody reads would be silently ignored.
#[test]
fn each_renders_and_says_what_it_does_not_do() {
    let mut said = BTreeSet::new();
    for name in names() {
        let fleet = copy(&name);
        json(fleet.path(), &["lock"]);
        let answer = json(fleet.path(), &["render"]);
        assert_eq!(answer["exit"], 0, "{name}: {:#}", answer["diagnostics"]);
        let hosts = answer["hosts"].as_object().unwrap();
        // A fleet may be nothing but trees of templates yet.
        assert!(!hosts.is_empty() || !answer["trees"].as_array().unwrap().is_empty(), "{name}");
        for (host, what) in hosts {
            assert!(!what["files"].as_object().unwrap().is_empty(), "{name}: {host} gets no file");
        }
        for diagnostic in answer["diagnostics"].as_array().unwrap() {
            let message = diagnostic["message"].as_str().unwrap();
            if diagnostic["code"] == "FW0900" {
                let what = message.strip_prefix("not supported yet: ").unwrap_or_else(|| panic!("{message}"));
                let file = diagnostic["place"]["file"].as_str().unwrap();
                assert!(fleet.path().join(file).exists(), "{name}: {file}");
                said.insert(format!("{name}: {what}"));
            }
        }
    }
    // What only these examples have and no engine does yet.
    for word in ["constellation: backup of", "standards: ", "atlas: ", "two-sites: backup of photos"] {
        assert!(said.iter().any(|s| s.starts_with(word)), "`{word}` is not said: {said:#?}");
    }
}
