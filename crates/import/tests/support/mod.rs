//! Folders of cases: `in/` has the files, `with/` sources of the fleet they are brought into, `expected.txt` all
//! that comes of them, down to what is different when the fleet is rendered.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

/// What every reader holds to: its cases are as expected, each statement of a file is in the model's text or told, and
/// no text stops it. Wants `ENGINE`, `read` and `means` (which lines say something) where it stands.
#[allow(unused_macros)]
macro_rules! holds_of_a_reader {
    ($engine:literal, $path:literal) => {
        use proptest::prelude::{any, prop, prop_assert_eq, proptest};

        #[test]
        fn each_case_is_as_expected() {
            support::hold(&ENGINE);
        }

        fn check(host: Option<&str>, files: &[import::ImportFile]) -> Result<(), String> {
            let (imported, told) = read(&import::Input { host, files, fleet: None });
            // Of a file with faults nothing is written.
            if imported.report.has_errors() {
                return Ok(());
            }
            support::accounted(&imported, &told, files, means)
        }

        fn file(text: &str) -> [import::ImportFile; 1] {
            [import::ImportFile { path: $path.into(), text: text.into() }]
        }

        fn normal(text: &str) -> import::Normal {
            (ENGINE.normal)(&file(text))
        }

        #[test]
        fn nothing_of_the_cases_is_lost() {
            for case in support::cases($engine) {
                assert_eq!(check(None, &support::inputs(&case)), Ok(()), "{}", case.display());
            }
        }

        fn samples() -> Vec<String> {
            let all = support::cases($engine).iter().flat_map(|case| support::inputs(case)).map(|f| f.text).collect();
            assert_ne!(all, Vec::<String>::new());
            all
        }

        proptest! {
            #[test]
            fn any_text_is_read(text in any::<String>()) {
                prop_assert_eq!(check(Some("gate"), &file(&text)), Ok(()));
                normal(&text);
            }

            #[test]
            fn damaged_files_are_read_and_nothing_is_lost(
                which in any::<prop::sample::Index>(),
                cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "[ -~\n]{0,12}"), 0..4),
            ) {
                let text = support::damaged(which.get::<String>(&samples()), &cuts);
                prop_assert_eq!(check(Some("gate"), &file(&text)), Ok(()));
                normal(&text);
            }
        }
    };
}
#[allow(unused_imports)]
pub(crate) use holds_of_a_reader;

use import::{Engine, ImportFile, Imported, Input};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub fn cases(engine: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(engine);
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn tree(root: &Path, at: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(at).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tree(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
        }
    }
}

/// The files of a case.
pub fn inputs(case: &Path) -> Vec<ImportFile> {
    let mut files = BTreeMap::new();
    tree(&case.join("in"), &case.join("in"), &mut files);
    files.into_iter().map(|(path, text)| ImportFile { path, text }).collect()
}

fn with(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    tree(&case.join("with"), &case.join("with"), &mut files);
    files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect()
}

fn fleet(files: &BTreeMap<String, Vec<u8>>) -> (Option<model::Fleet>, diag::Report) {
    let mut files = files.clone();
    files.entry("fleet.yaml".to_owned()).or_insert_with(|| b"domain: test.example\n".to_vec());
    source::load(&source::Sources { root_name: "test".to_owned(), files, ..source::Sources::default() })
}

/// Reads a case; the fleet it is brought into is the one of `with/`.
pub fn read(engine: &Engine, case: &Path) -> Imported {
    let files = inputs(case);
    let with = with(case);
    let model = if with.is_empty() { None } else { fleet(&with).0 };
    (engine.read)(&Input { host: None, files: &files, fleet: model.as_ref() })
}

/// Everything that comes of a case, as a text.
pub fn told(engine: &Engine, case: &Path) -> String {
    let imported = read(engine, case);
    let mut out = String::new();
    for file in &imported.files {
        writeln!(out, "=== {}\n{}", file.path, file.text).unwrap();
    }
    if imported.lock != derive::Lock::default() {
        writeln!(out, "=== fleet.lock\n{}", imported.lock.to_text()).unwrap();
    }
    writeln!(out, "=== notes").unwrap();
    for note in &imported.notes {
        writeln!(out, "{}: {}: {}", note.place, note.what, note.why).unwrap();
    }
    write!(out, "\n=== faults\n{}", diag::render_plain(&imported.report)).unwrap();
    if !imported.report.has_errors() {
        rendered(engine, case, &imported, &mut out);
    }
    out
}

/// The model files among those of `with/`: a file that is there already is put together with the new one as the
/// command does, key by key at the top.
fn together(case: &Path, imported: &Imported) -> BTreeMap<String, Vec<u8>> {
    let mut files = with(case);
    for file in &imported.files {
        let have = String::from_utf8(files.remove(&file.path).unwrap_or_default()).unwrap();
        let text = if have.is_empty() {
            file.text.clone()
        } else {
            import::together(&file.path, &have, &file.text).unwrap()
        };
        files.insert(file.path.clone(), text.into_bytes());
    }
    files
}

/// What the fleet says to it, and what is different in the rendered files.
fn rendered(engine: &Engine, case: &Path, imported: &Imported, out: &mut String) {
    let (model, mut report) = fleet(&together(case, imported));
    if let Some(model) = &model {
        report = source::settle(report, check::check(model));
    }
    report.items.retain(|d| d.severity != diag::Severity::Note);
    write!(out, "\n=== the fleet says\n{}", diag::render_plain(&report)).unwrap();
    let Some(model) = model.filter(|_| !report.has_errors()) else { return };
    let derived = derive::derive(&model, &imported.lock, &derive::Options::default());
    let Some(derived_fleet) = derived.fleet else {
        write!(out, "{}", diag::render_plain(&derived.report)).unwrap();
        return;
    };
    let (hosts, report) = render::render(&derived_fleet);
    if report.has_errors() {
        write!(out, "{}", diag::render_plain(&report)).unwrap();
    }
    let files = inputs(case);
    let from = |path: &str| path.split('/').next().unwrap_or("").to_owned();
    let about: std::collections::BTreeSet<String> = files.iter().map(|f| from(&f.path)).collect();
    writeln!(out, "\n=== different when rendered").unwrap();
    for host in about {
        let before: Vec<ImportFile> = files.iter().filter(|f| from(&f.path) == host).cloned().collect();
        let desired = &hosts[&model::HostId::new(&host)];
        let mut after = Vec::new();
        for (path, file) in desired.files.iter().filter(|(path, f)| (engine.compared)(&f.engine, path)) {
            let text =
                file.text.reveal(&|name| engine::secret::value(name, &|n| secret(n, &files)).ok()).unwrap();
            after.push(ImportFile { path: path.clone(), text });
        }
        for d in import::compare(&(engine.normal)(&before), &(engine.normal)(&after)) {
            // Of engines whose files are made of much else, what the imported ones said and ours do not.
            if d.before.is_none() && !matches!(engine.name, "wireguard" | "bird") {
                continue;
            }
            let side = |v: Option<String>| v.unwrap_or_else(|| "(nothing)".to_owned());
            writeln!(out, "{host}: {}\n    before: {}\n    after:  {}", d.key, side(d.before), side(d.after))
                .unwrap();
        }
    }
}

/// Secrets as a person would have put them into the store: a host's WireGuard key is its file's.
fn secret(name: &str, files: &[ImportFile]) -> Option<String> {
    let Some(rest) = name.strip_prefix("wireguard/") else { return Some("pass word".to_owned()) };
    let host = rest.split('/').next()?;
    let own = files.iter().find(|f| f.path.split('/').next() == Some(host))?;
    let line = own.text.lines().find(|l| l.trim_start().to_ascii_lowercase().starts_with("privatekey"))?;
    Some(line.split_once('=')?.1.trim().to_owned())
}

/// Holds all cases of an engine to their expected texts; `UPDATE=1` rewrites them.
pub fn hold(engine: &Engine) {
    let mut wrong = Vec::new();
    for case in cases(engine.name) {
        let got = told(engine, &case);
        let file = case.join("expected.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if got != expected {
            wrong.push(format!("{}:\n{got}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every line of the files that means something (`means`, a truth a line) is accounted for: the model says it in words that can be
/// found there, a note tells of it, or a fault does.
pub fn accounted(
    imported: &Imported,
    told: &[import::Told],
    files: &[ImportFile],
    means: impl Fn(&str) -> Vec<bool>,
) -> Result<(), String> {
    let model: String =
        imported.files.iter().map(|f| f.text.as_str()).chain([&*imported.lock.to_text()]).collect();
    for one in told {
        if one.fates.is_empty() {
            return Err(format!("nothing became of {} {}", one.place, one.what));
        }
        for fate in &one.fates {
            match fate {
                // Such texts are written with escapes.
                import::Fate::Carried(words) if words.contains(['"', '\\']) || !words.is_ascii() => {}
                import::Fate::Carried(words) if !model.contains(words.as_str()) => {
                    return Err(format!("{} {}: not in the model: {words}\n{model}", one.place, one.what));
                }
                import::Fate::Noted(why) => {
                    let found = imported.notes.iter().any(|n| n.place == one.place && n.why == *why);
                    if !found {
                        return Err(format!("{} {}: no note", one.place, one.what));
                    }
                }
                import::Fate::Carried(_) => {}
            }
        }
    }
    for file in files {
        for ((number, line), _) in
            (1..).zip(file.text.lines()).zip(means(&file.text)).filter(|(_, means)| *means)
        {
            let covered =
                told.iter().any(|t| *t.place.file == *file.path && (t.place.line..=t.last).contains(&number));
            let fault = imported.report.items.iter().filter_map(|d| d.place.as_ref());
            if !covered && !fault.into_iter().any(|p| *p.file == *file.path && p.line == number) {
                return Err(format!("{}:{number} is lost: {line}", file.path));
            }
        }
    }
    Ok(())
}

/// A text with pieces cut out and others put in.
pub fn damaged(text: &str, cuts: &[(proptest::sample::Index, usize, String)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, length, new) in cuts {
        let from = at.index(chars.len() + 1);
        let to = (from + length).min(chars.len());
        chars.splice(from..to, new.chars());
    }
    chars.into_iter().collect()
}

/// A WireGuard key; in tests, the value of every secret.
pub const KEY: &str = "aKZaVL2cSYNQJ2PKcvkBGQPHSRPQ3BoPMLQGiCaRW1E=";

/// A fleet of `examples/` with what each of its hosts should be.
pub fn example(name: &str) -> (model::Fleet, BTreeMap<model::HostId, artifact::Desired>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let mut files = BTreeMap::new();
    tree(&root, &root, &mut files);
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let (model, report) =
        source::load(&source::Sources { root_name: name.to_owned(), files, ..source::Sources::default() });
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    let model = model.unwrap();
    let mut lock = derive::Lock::default();
    for (n, want) in (1_u8..).zip(derive::wanted_keys(&model, &lock)) {
        let (_, public) = derive::keys::generate([n; 32]);
        lock.set_key(&want.host, &want.iface, &public);
    }
    let derived = derive::derive(&model, &lock, &derive::Options::default());
    let (hosts, report) = render::render(&derived.fleet.unwrap());
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    (model, hosts)
}

/// The same file with other blanks and comments, as its language allows.
pub fn rewritten(path: &str, text: &str) -> String {
    let mut out = String::from("# written anew\n");
    for line in text.lines() {
        let blank = line.trim();
        if path.ends_with(".conf") && !path.ends_with("nftables.conf") && !blank.starts_with('#') {
            // Indentation means nothing.
            out.push_str(&format!("   {blank}   # a comment\n"));
        } else if path.ends_with(".network") {
            out.push_str(&format!("{line}\n"));
        } else if !blank.starts_with('#') {
            // Indentation may mean something, what is behind it may not.
            let comment =
                if blank.contains(['|', '`', '"']) || blank.is_empty() { "" } else { "   # a comment" };
            out.push_str(&format!("{}{comment}\n\n", line.trim_end()));
        }
    }
    out
}
