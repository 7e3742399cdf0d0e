//! Twins applied to over SSH, and desks in their worlds from which one applies as to real hosts.

use super::twin::{all_proved, changed, release, remains, unique};
use super::{Ran, copy, json, program, ran, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A twin that was booted and applied to over SSH, taken down whatever happens.
pub struct Far {
    folder: tempfile::TempDir,
    pub name: String,
}

impl Drop for Far {
    fn drop(&mut self) {
        release(&self.name);
    }
}

impl Far {
    pub fn up(example: &str, test: &str) -> Self {
        Self::up_with(example, test, |_| {})
    }
    /// With something changed in the sources first.
    pub fn up_with(example: &str, test: &str, edit: impl FnOnce(&Path)) -> Self {
        let far = Far { folder: copy(example), name: unique(test) };
        edit(far.path());
        // Keys and secrets of its own: the real fleet's values are asked for, too.
        assert_eq!(run(far.path(), &["lock", "--quiet"]).code, 0);
        let up = far.json(&["twin", "up", "--over", "ssh", "--name"]);
        assert_eq!(up["exit"], 0, "{up:#}");
        let hosts = up["outcome"]["hosts"].as_object().unwrap().len();
        assert_eq!(changed(&up).len(), hosts, "{up:#}");
        far
    }
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
    /// A command with the twin's name behind it.
    pub fn json(&self, args: &[&str]) -> Value {
        json(self.path(), &[args, &[&*self.name]].concat())
    }
    /// Proves a kind of question.
    pub fn proves(&self, kind: &str) {
        all_proved(&json(self.path(), &["twin", "prove", kind, "--name", &self.name]));
    }
    /// What is there needs nothing, by either command, and is well.
    pub fn is_settled(&self) {
        let plan = self.json(&["plan", "--over", "ssh", "--twin"]);
        assert_eq!((&plan["exit"], &plan["empty"]), (&0.into(), &true.into()), "{plan:#}");
        let again = self.json(&["twin", "apply", "--no-prove", "--over", "ssh", "--name"]);
        assert_eq!(again["exit"], 0, "{again:#}");
        assert!(changed(&again).is_empty(), "{again:#}");
        let status = self.json(&["status", "--over", "ssh", "--twin"]);
        assert_eq!(status["exit"], 0, "{status:#}");
    }
    pub fn down(self) {
        assert_eq!(self.json(&["twin", "down"])["exit"], 0);
        assert_eq!(remains(&self.name), Vec::<String>::new());
    }
}

/// An administrator at a desk in the twin's world, with a key file and no pinned host key.
pub struct Desk<'a> {
    pub far: &'a Far,
    home: tempfile::TempDir,
    node: String,
}

impl<'a> Desk<'a> {
    pub fn sits(far: &'a Far, node: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        let key = PathBuf::from(format!("/run/fleetwright/twins/{}/ssh/id_ed25519", far.name));
        assert!(key.is_file(), "{}", key.display());
        std::fs::copy(&key, home.path().join(".ssh/id_ed25519")).unwrap();
        Desk { far, home, node: node.to_owned() }
    }
    /// Runs the program there, on the real fleet of the folder.
    pub fn run(&self, args: &[&str]) -> Ran {
        let netns = format!("--net=/run/netns/fw-{}.{}", self.far.name, self.node);
        let mut command = Command::new("nsenter");
        command.arg(netns).arg(program().get_program()).arg("-C").arg(self.far.path()).args(args);
        command.env("HOME", self.home.path()).env("USER", "root").env_remove("SSH_AUTH_SOCK");
        ran(command.output().unwrap())
    }
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
    }
    /// Somewhere on the internet.
    pub fn sits_at_a_client(far: &'a Far) -> Self {
        let prefix = format!("fw-{}.", far.name);
        let nodes = std::fs::read_dir("/run/netns").unwrap().flatten();
        let mut clients: Vec<String> = nodes
            .filter_map(|n| n.file_name().into_string().ok()?.strip_prefix(&prefix).map(str::to_owned))
            .filter(|n| n.starts_with("client-"))
            .collect();
        clients.sort();
        Self::sits(far, &clients[0])
    }
    /// Pins the keys these hosts show.
    pub fn trusts(&self, hosts: &[&str]) {
        let pinned = self.json(&[&["trust", "--yes"], hosts].concat());
        assert_eq!(pinned["exit"], 0, "{pinned:#}");
    }
}
