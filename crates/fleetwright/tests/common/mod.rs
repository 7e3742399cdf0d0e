//! Runs the program as a person does.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod far;
pub mod planted;
pub mod twin;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// An example fleet.
pub fn example(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

/// The program, with nothing of the caller's environment that changes its words.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetwright"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR").env_remove("TERM");
    command
}

/// What came of a run.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs it in a folder.
pub fn run_in(folder: &Path, args: &[&str]) -> Ran {
    ran(program().args(args).current_dir(folder).output().unwrap())
}

/// Runs it on a fleet.
pub fn run(fleet: &Path, args: &[&str]) -> Ran {
    ran(program().arg("-C").arg(fleet).args(args).output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs it with `--json` and checks the outer shape.
pub fn json(fleet: &Path, args: &[&str]) -> Value {
    let ran = run(fleet, &[args, &["--json"]].concat());
    let value: Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    assert_eq!(value["exit"], ran.code, "{value}");
    assert!(value["command"].is_string() && value["diagnostics"].is_array(), "{value}");
    assert_eq!(ran.err, "", "nothing beside the answer");
    value
}

/// A fleet of one's own: files by path.
pub fn fleet(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A copy of an example that a test may change.
pub fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_into(&example(name), folder.path());
    folder
}

fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == ".fleetwright" {
            continue;
        }
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
