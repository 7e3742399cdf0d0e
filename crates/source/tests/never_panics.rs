//! Whatever is in the folder, reading ends with a report.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use source::Sources;
use std::sync::OnceLock;
use support::{read, repository};

/// Every example's sources: valid text to damage.
fn examples() -> &'static [Sources] {
    static ALL: OnceLock<Vec<Sources>> = OnceLock::new();
    ALL.get_or_init(|| {
        let examples = ["two-sites", "anycast", "atlas", "constellation", "standards"];
        let examples = examples.iter().map(|name| format!("examples/{name}"));
        let folders = examples.chain(["fleets/compose-two-sites".to_owned()]);
        folders.map(|folder| read(&repository().join(folder)).unwrap()).collect()
    })
}

/// Loads, and holds what every report must keep: places are in files that were given, lines and columns
/// are there, and a fleet that is missing has an error that says why.
fn load(sources: &Sources) {
    let (fleet, report) = source::load(sources);
    assert!(fleet.is_some() || report.has_errors());
    for item in &report.items {
        let places = item.place.iter().chain(item.labels.iter().map(|(p, _)| p));
        for place in places {
            if !place.is_source() {
                continue;
            }
            let Some(bytes) = sources.files.get(&*place.file) else {
                panic!("{place} is in no file: {}", item.message)
            };
            let text = String::from_utf8_lossy(bytes);
            let lines: Vec<&str> = text.split(['\n', '\r']).collect();
            assert!(place.line as usize <= lines.len() + 1, "{place} is below the text: {}", item.message);
            assert!(place.column > 0, "{place}");
        }
    }
    let known = |file: &str| sources.files.get(file).map(|b| String::from_utf8_lossy(b).into_owned());
    let shown = diag::render_pretty(&report, &known, diag::Style::Plain);
    assert!(!shown.contains('\u{1b}'), "an escape sequence reaches the terminal");
}

fn one(path: &str, bytes: Vec<u8>) -> Sources {
    let mut sources = Sources { root_name: "fleet".to_owned(), ..Sources::default() };
    sources.files.insert(path.to_owned(), bytes);
    sources
}

/// Pieces that mean something to YAML or to the language.
const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    "%YAML 1.2\n",
    "---\n",
    "...\n",
    "\t",
    "~",
    "<<",
    "\\x",
    "\\u12",
    "hosts",
    "services",
    "use",
    "site",
    "on",
    "module",
    "profiles",
    "yes",
    "10.0.0.0/8",
    "2001:db8::/32",
    "443",
    "\u{feff}",
    "\u{0}",
    "\u{85}",
    "é",
    "𝄞",
];

proptest! {
    #[test]
    fn on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        load(&one("fleet.yaml", bytes));
    }

    #[test]
    fn on_any_pieces(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        load(&one("fleet.yaml", pieces.concat().into_bytes()));
    }

    #[test]
    fn on_any_paths(path in "[a-z./ A-Z_-]{0,20}(\\.yaml|\\.yml)?", text in "[a-z:\n ]{0,40}") {
        load(&one(&path, text.into_bytes()));
    }

    #[test]
    fn on_damaged_fleets(
        which in 0usize..5,
        damage in proptest::collection::vec((any::<u32>(), any::<u32>(), 0usize..5, proptest::sample::select(PIECES)), 1..4),
    ) {
        let mut sources = examples()[which].clone();
        for (file, at, kind, piece) in damage {
            let paths: Vec<String> = sources.files.keys().cloned().collect();
            let path = &paths[file as usize % paths.len()];
            let bytes = sources.files.get_mut(path).unwrap();
            let at = at as usize % (bytes.len() + 1);
            match kind {
                0 => { bytes.truncate(at); }
                1 => { bytes.splice(at..at, piece.bytes()); }
                2 => { if at < bytes.len() { bytes[at] = piece.as_bytes()[0]; } }
                3 => { let end = (at + 7).min(bytes.len()); bytes.drain(at..end); }
                _ => { let part: Vec<u8> = bytes[at..].to_vec(); bytes.extend(part); }
            }
        }
        load(&sources);
    }
}
