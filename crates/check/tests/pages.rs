//! Every diagnostic code of the workspace has one meaning and a page, and every page has a code.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use support::{repository, update};

/// Codes by number, each with the files that say `pub const NAME: &str = "FWnnnn"` and the names there.
fn codes() -> BTreeMap<String, Vec<(String, String)>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(repository().join("crates")).unwrap() {
        walk(&entry.unwrap().path().join("src"), &mut all);
    }
    all
}

fn walk(at: &Path, all: &mut BTreeMap<String, Vec<(String, String)>>) {
    let Ok(entries) = fs::read_dir(at) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let Some(rest) = line.trim().strip_prefix("pub const ") else { continue };
                let Some((name, value)) = rest.split_once(": &str = \"FW") else { continue };
                let code = format!("FW{}", value.trim_end_matches("\";"));
                let file = path.strip_prefix(repository()).unwrap_or(&path).display().to_string();
                all.entry(code).or_default().push((file, name.to_owned()));
            }
        }
    }
}

/// Code and title of each page.
fn titles() -> BTreeMap<&'static str, &'static str> {
    check::pages().iter().map(|(code, text)| (*code, text.lines().next().unwrap_or_default())).collect()
}

#[test]
fn each_code_is_one_thing() {
    let twice: Vec<_> = codes().into_iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "one number for two things: {twice:#?}");
}

#[test]
fn each_code_has_a_page_and_each_page_a_code() {
    let (codes, titles) = (codes(), titles());
    let mut wrong = String::new();
    for (code, places) in &codes {
        match titles.get(code.as_str()) {
            None => writeln!(wrong, "no page docs/codes/{code}.md for {places:?}").unwrap(),
            Some(title) if !title.starts_with(&format!("# {code}: ")) => {
                writeln!(wrong, "docs/codes/{code}.md begins with `{title}`, not `# {code}: …`").unwrap();
            }
            Some(_) => {}
        }
        let text = check::explain(code).unwrap_or_default();
        if !text.is_empty() && !text.contains("**The way out.**") {
            writeln!(wrong, "docs/codes/{code}.md shows no way out").unwrap();
        }
    }
    for code in titles.keys().filter(|code| !codes.contains_key(**code)) {
        writeln!(wrong, "docs/codes/{code}.md is about no code").unwrap();
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Codes about sources (reading, rules, derivation) are found in a small fleet of their own.
#[test]
fn each_code_about_sources_has_a_fixture() {
    let folders: Vec<String> = fs::read_dir(repository().join("fleets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    // Its ten megabytes are made by a test of `source`.
    let made = ["FW0011"];
    let missing: Vec<String> = codes()
        .into_keys()
        .filter(|code| code.as_str() < "FW09" && !made.contains(&code.as_str()))
        .filter(|code| !folders.iter().any(|name| name.starts_with(&format!("bad-{code}"))))
        .collect();
    assert!(missing.is_empty(), "no fleets/bad-CODE-… for {missing:?}");
}

#[test]
fn each_rules_page_has_its_meaning_as_title() {
    let titles = titles();
    for rule in check::RULES {
        let mut meaning = rule.meaning.to_owned();
        meaning[..1].make_ascii_uppercase();
        assert_eq!(titles.get(rule.code).copied(), Some(format!("# {}: {meaning}", rule.code).as_str()));
    }
}

#[test]
fn codes_are_explained_however_they_are_typed() {
    assert!(check::explain("fw0201").is_some_and(|text| text.starts_with("# FW0201")));
    assert_eq!(check::explain("FW9999"), None);
    assert_eq!(check::explain(""), None);
}

/// What the first digits of a code say.
const BANDS: &[(&str, &str)] = &[
    ("FW00", "Files and YAML"),
    ("FW01", "Reading values"),
    ("FW02", "Names"),
    ("FW03", "Networks and addresses"),
    ("FW04", "Services, exposures and sign-in"),
    ("FW05", "Tunnels and BGP"),
    ("FW06", "Modules, parameters and placement"),
    ("FW07", "Policies and standards"),
    ("FW08", "Derivation"),
    ("FW09", "Rendering, and what is not supported yet"),
    ("FW10", "Plan and apply"),
    ("FW11", "Secrets"),
    ("FW12", "Ansible inventories"),
    ("FW130", "Templates"),
    ("FW135", "Trees of templates"),
    ("FW14", "Compose files"),
    ("FW15", "OpenTofu and Terraform"),
    ("FW16", "Import"),
    ("FW2", "The twin and its proofs"),
    ("FW3", "The command line"),
];

#[test]
fn the_index_lists_every_page() {
    let mut index = "# Diagnostic codes\n\nEvery message of `fleetwright` has a code that never changes its meaning; `fleetwright explain CODE` prints its\npage. Rules with a name in brackets can be set aside by an exception (see FW0711).\n".to_owned();
    for (band, about) in BANDS {
        let pages: Vec<_> = titles().into_iter().filter(|(code, _)| code.starts_with(band)).collect();
        if pages.is_empty() {
            continue;
        }
        write!(index, "\n## {about}\n\n").unwrap();
        for (code, title) in pages {
            let title = title.split_once(": ").map_or(title, |(_, title)| title);
            let name = check::RULES
                .iter()
                .find(|r| r.code == code)
                .filter(|r| !matches!(r.class, check::Class::Fault | check::Class::Exceptions));
            let name = name.map(|r| format!(" (`{}`)", r.name)).unwrap_or_default();
            writeln!(index, "- [{code}]({code}.md): {title}{name}").unwrap();
        }
    }
    let file = repository().join("docs/codes/README.md");
    if update() {
        fs::write(&file, &index).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == index, "docs/codes/README.md is not what the pages say; UPDATE=1 rewrites it");
    let unlisted: Vec<_> =
        titles().into_iter().filter(|(code, _)| !index.contains(&format!("[{code}]"))).collect();
    assert!(unlisted.is_empty(), "in no band: {unlisted:?}");
}
