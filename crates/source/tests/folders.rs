//! Folders that need not be looked into hold no source.

use proptest::prelude::*;
use source::folder::may_hold_sources;
use source::{Role, Sources, role};

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("hosts".to_owned()),
        Just("templates".to_owned()),
        Just("secrets".to_owned()),
        Just(".git".to_owned()),
        "[a-z.]{1,6}",
    ]
}

proptest! {
    #[test]
    fn a_source_lies_in_folders_that_may_hold_one(
        parts in prop::collection::vec(part(), 1..5),
        end in prop::sample::select(vec!["yaml", "yml", "md", "txt"]),
    ) {
        let folder = parts.join("/");
        let path = format!("{folder}/x.{end}");
        if role(&path) != Role::Other {
            for (at, _) in path.match_indices('/') {
                prop_assert!(may_hold_sources(&path[..at]), "{} of {path}", &path[..at]);
            }
        }
    }
}

#[test]
fn trees_of_other_programs_are_not_looked_into() {
    for folder in ["templates", "secrets", ".fleetwright", "out/web1", "infra/modules"] {
        assert!(!may_hold_sources(folder), "{folder}");
    }
    for folder in ["hosts", "hosts/old", "out"] {
        assert!(may_hold_sources(folder), "{folder}");
    }
}

/// A render script's vault may have the name of a source.
#[test]
fn what_a_tree_names_is_no_source() {
    let tree = "config: {inventory: hosts.yaml, reading: flat, secrets: secrets.yaml, templates: templates, into: out}";
    for files in [
        vec![("fleet.yaml", format!("trees: {{{tree}}}\n"))],
        vec![("fleet.yaml", String::new()), ("trees.yaml", format!("{tree}\n"))],
    ] {
        let vault = "$ANSIBLE_VAULT;1.1;AES256\n3132\n".to_owned();
        let files =
            files.into_iter().chain([("secrets.yaml", vault), ("hosts.yaml", "web: {}\n".to_owned())]);
        let files = files.map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
        let (fleet, report) =
            source::load(&Sources { root_name: "small".to_owned(), files, ..Sources::default() });
        assert!(fleet.is_some_and(|fleet| fleet.secrets.is_empty()) && !report.has_errors(), "{report:?}");
    }
}
