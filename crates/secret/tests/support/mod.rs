//! What several tests need.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use diag::Place;
use model::{Key, Node, NodeKind};
use secret::Entropy;
use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub fn place() -> Place {
    Place::new("a.yaml", 3, 7)
}

/// Randomness that is the same each time: a linear congruential generator (Knuth's MMIX).
pub struct Repeatable(pub u64);

impl Entropy for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Asks Python all questions at once.
pub fn oracle(questions: &[Value]) -> Vec<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/oracle/bin/python");
    assert!(
        python.exists(),
        "{} is missing: `need_oracle` of .config/setup.sh makes it (./test calls it)",
        python.display()
    );
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(&python)
        .arg(root.join("crates/secret/tests/oracle.py"))
        .env_clear()
        .envs([("HOME", home.path()), ("PATH", "/usr/bin:/bin".as_ref())])
        .env("LC_ALL", "C.UTF-8")
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(questions).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// JSON as the tree that YAML becomes; each value on its own line.
pub fn node(value: &Value, file: &str, line: &mut u32) -> Node {
    *line += 1;
    let place = Place::new(file, *line, 1);
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Array(items) => NodeKind::List(items.iter().map(|item| node(item, file, line)).collect()),
        Value::Object(entries) => NodeKind::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    let value = node(value, file, line);
                    (Key { text: key.clone(), place: value.place.clone() }, value)
                })
                .collect(),
        ),
        Value::String(text) => NodeKind::Scalar { text: text.clone(), quoted: false },
        other => NodeKind::Scalar { text: other.to_string(), quoted: false },
    };
    Node { kind, place }
}
