//! Fixtures from disk, and Ansible as the oracle.

#![allow(dead_code)]

use ansible::Files;
use diag::Diagnostic;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub fn oracle_program(name: &str) -> PathBuf {
    let program = here().join("../../../target/oracle/bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: source .config/setup.sh and call need_oracle, as ./test does",
        program.display()
    );
    program
}

/// A command that sees no configuration of this machine.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(oracle_program(name));
    command
        .env_remove("ANSIBLE_CONFIG")
        .env("HOME", std::env::temp_dir().join("fleetwright-oracle-ansible"))
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_DEPRECATION_WARNINGS", "false")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/");
    command
}

/// Runs a Python program with JSON on its input; it prints JSON.
pub fn python(program: &str, input: &serde_json::Value) -> serde_json::Value {
    let mut child =
        command("python").args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(input).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Names of the folders in a folder, sorted.
pub fn folders(of: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(here().join(of))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What lies under a folder.
pub fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    gather(folder, "", &mut files);
    files
}

fn gather(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            gather(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_symlink() {
            files.insert_other(path, "a symlink");
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// A case's sources: lines of its file `sources`, or its only entry named `inventory…` or `hosts…`.
pub fn sources(folder: &Path) -> Vec<String> {
    if let Ok(lines) = fs::read_to_string(folder.join("sources")) {
        return lines.lines().map(str::to_owned).collect();
    }
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("inventory") || name.starts_with("hosts"))
        .collect();
    names.sort();
    names
}

/// A case's folder of playbooks, the line in its file `playbooks`.
pub fn playbooks(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("playbooks")).ok().map(|line| line.trim().to_owned())
}

/// Decrypts what `decrypted.json` of a case knows: the second line of a vaulted text, and what it holds.
pub fn vault(folder: &Path) -> impl Fn(&[u8], Option<&str>) -> Result<String, Diagnostic> {
    let known: BTreeMap<String, String> = fs::read(folder.join("decrypted.json"))
        .map(|bytes| serde_json::from_slice(&bytes).unwrap())
        .unwrap_or_default();
    move |bytes, id| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().nth(1).unwrap_or_default().trim();
        known.get(line).cloned().ok_or_else(|| {
            let which = id.map(|id| format!(" for vault id `{id}`")).unwrap_or_default();
            Diagnostic::bare("FW1103", format!("no vault password{which} decrypts this"))
        })
    }
}
