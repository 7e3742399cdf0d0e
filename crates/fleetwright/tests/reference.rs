//! docs/commands, docs/exit-codes.md and the man pages follow from the code. `UPDATE=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::fs;

#[test]
fn pages_of_commands_are_as_the_code_says() {
    let docs = common::root().join("docs");
    let pages = fleetwright::reference::pages();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(docs.join("commands")).unwrap();
        for (path, text) in &pages {
            fs::write(docs.join(path), text).unwrap();
        }
    }
    for (path, text) in &pages {
        let there = fs::read_to_string(docs.join(path)).unwrap_or_default();
        assert_eq!(
            &there, text,
            "docs/{path} is stale: run `UPDATE=1 cargo nextest run -p fleetwright reference`"
        );
    }
    let there: BTreeSet<String> = fs::read_dir(docs.join("commands"))
        .unwrap()
        .map(|e| format!("commands/{}", e.unwrap().file_name().to_str().unwrap()))
        .collect();
    let wanted = pages.keys().filter(|p| p.starts_with("commands/")).cloned().collect();
    assert_eq!(there, wanted, "left: files in docs/commands, right: commands");
}

#[test]
fn the_help_of_every_command_has_an_example_or_needs_none() {
    for (path, text) in fleetwright::reference::pages() {
        let plain = [
            "commands/README.md",
            "exit-codes.md",
            "commands/twin.md",
            "commands/twin-ls.md",
            "commands/twin-gc.md",
        ];
        assert!(plain.contains(&&*path) || text.contains("```sh"), "{path} has no example");
    }
}

/// The picture in the README is drawn from the example it shows.
#[test]
fn the_picture_of_the_readme_is_as_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("two-sites.svg");
    let ran =
        common::run(&common::example("two-sites"), &["--quiet", "graph", "--out", drawn.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let kept = common::root().join("docs/two-sites.svg");
    if std::env::var_os("UPDATE").is_some() {
        fs::copy(&drawn, &kept).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&kept).unwrap_or_default(),
        fs::read_to_string(&drawn).unwrap(),
        "docs/two-sites.svg is stale: run `UPDATE=1 cargo nextest run -p fleetwright reference`"
    );
}
