//! Folders that need not be looked into hold no source.

use proptest::prelude::*;
use source::folder::may_hold_sources;
use source::{Role, role};

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
