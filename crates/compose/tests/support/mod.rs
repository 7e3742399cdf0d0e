//! Cases as text files: `== NAME` starts a file, `compose.yaml` and `override*.yaml` are merged in that order, a
//! `#` line before the first file says what it is about.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)]

use compose::{Node, Options, Project, Value};
use diag::Report;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A case and its files.
pub struct Case {
    pub name: String,
    pub about: String,
    pub files: Vec<(String, Vec<u8>)>,
}

/// Where the files of a case lie, for both programs.
pub const ROOT: &str = "/project";

pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The cases of a folder, by name.
pub fn cases(folder: &str) -> Vec<Case> {
    let mut all: Vec<Case> = fs::read_dir(here().join(folder))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "case"))
        .map(|p| parse(p.file_stem().unwrap().to_str().unwrap(), &fs::read(&p).unwrap()))
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!all.is_empty(), "no case in {folder}");
    all
}

fn parse(name: &str, bytes: &[u8]) -> Case {
    let mut case = Case { name: name.to_owned(), about: String::new(), files: Vec::new() };
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if let Some(file) = line.strip_prefix(b"== ") {
            let file = String::from_utf8(file.to_vec()).unwrap().trim().to_owned();
            case.files.push((file, Vec::new()));
        } else if let Some((_, text)) = case.files.last_mut() {
            text.extend_from_slice(line);
        } else {
            case.about.push_str(String::from_utf8_lossy(line).trim_start_matches(['#', ' ']));
        }
    }
    case
}

impl Case {
    /// The Compose files, in their order.
    pub fn composes(&self) -> Vec<String> {
        let top = |f: &&(String, Vec<u8>)| f.0 == "compose.yaml" || f.0.starts_with("override");
        self.files.iter().filter(top).map(|(name, _)| name.clone()).collect()
    }
    pub fn sources(&self) -> BTreeMap<String, Vec<u8>> {
        self.files.iter().map(|(name, text)| (format!("{ROOT}/{name}"), text.clone())).collect()
    }
    pub fn options(&self) -> Options {
        Options {
            files: self.composes().iter().map(|name| format!("{ROOT}/{name}")).collect(),
            environment: shell(),
            ..Options::default()
        }
    }
    /// The project and what was said about it.
    pub fn load(&self) -> (Option<Project>, Report) {
        let mut report = Report::new();
        let project = compose::load(&self.sources(), &self.options(), &mut report);
        (project, report)
    }
    /// The project, which has no fault.
    pub fn project(&self) -> Project {
        let (project, report) = self.load();
        assert!(!report.has_errors(), "{}: {}", self.name, diag::render_plain(&report));
        project.unwrap_or_else(|| panic!("{}: no project", self.name))
    }
}

/// The shell's variables, for both programs.
pub fn shell() -> BTreeMap<String, String> {
    [("SHELL_SET", "from shell"), ("HOME", "/home/me")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

/// A tree as JSON.
pub fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => i64::try_from(*i).map_or_else(|_| (*i as f64).into(), Into::into),
        Value::Float(f) => (*f).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.iter().map(|(k, e)| (k.to_owned(), json(&e.node))).collect(),
    }
}
