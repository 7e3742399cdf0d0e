//! Twins for tests: booted from a copy of an example, taken down whatever happens to the test. Needs root, the
//! programs of `twin::preflight`, and the agent and stand-in built beside the program.

use super::{Ran, copy, json, program, run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A running twin of a copy of an example.
pub struct Lab {
    folder: tempfile::TempDir,
    name: String,
}

impl Drop for Lab {
    fn drop(&mut self) {
        release(&self.name);
    }
}

/// A name no other test and no other run has.
pub fn unique(test: &str) -> String {
    format!("r{}-{test}", std::process::id())
}

/// Takes down and collects a twin in whatever state it is.
pub fn release(name: &str) {
    let _ = program().args(["--quiet", "twin", "down", name]).output();
    let _ = program().args(["--quiet", "twin", "gc"]).output();
}

impl Lab {
    /// Boots and applies.
    pub fn up(example: &str, test: &str) -> Self {
        Self::up_in(copy(example), test)
    }

    pub fn up_in(folder: tempfile::TempDir, test: &str) -> Self {
        let lab = Lab { folder, name: unique(test) };
        let up = json(lab.path(), &["twin", "up", "--name", &lab.name]);
        assert_eq!(up["exit"], 0, "{up:#}");
        lab
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Replaces a text that must be there in one source file, and gives the old text.
    pub fn edit(&self, file: &str, from: &str, to: &str) -> Edited {
        Edited::of(self.path(), file, from, to)
    }

    pub fn prove(&self) -> Value {
        json(self.path(), &["twin", "prove", "--name", &self.name])
    }

    /// Brings the twin to the sources and asks everything again.
    pub fn apply(&self) -> Value {
        json(self.path(), &["twin", "apply", "--name", &self.name])
    }

    pub fn plan(&self) -> Value {
        json(self.path(), &["plan", "--twin", &self.name])
    }

    /// A command on a host, which must succeed.
    pub fn sh(&self, host: &str, script: &str) -> String {
        let ran = self.shell(host, script);
        assert_eq!(ran.code, 0, "{host}: {script}: {}{}", ran.out, ran.err);
        ran.out
    }

    pub fn shell(&self, host: &str, script: &str) -> Ran {
        run(self.path(), &["--quiet", "twin", "shell", "--name", &self.name, host, "--", "sh", "-c", script])
    }

    /// Takes it down; nothing of it may be left.
    pub fn down(self) {
        let down = json(self.path(), &["twin", "down", &self.name]);
        assert_eq!(down["released"], serde_json::json!([self.name]), "{down:#}");
        assert_eq!(remains(&self.name), Vec::<String>::new());
    }
}

/// An edit of a source file that is taken back when it goes.
pub struct Edited {
    path: PathBuf,
    before: Option<String>,
}

impl Edited {
    pub fn of(folder: &Path, file: &str, from: &str, to: &str) -> Self {
        let path = folder.join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{file} no longer has `{from}`");
        std::fs::write(&path, before.replacen(from, to, 1)).unwrap();
        Edited { path, before: Some(before) }
    }

    /// A file that was not there.
    pub fn new(folder: &Path, file: &str, text: &str) -> Self {
        let path = folder.join(file);
        assert!(!path.exists(), "{file} is there");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        Edited { path, before: None }
    }
}

impl Drop for Edited {
    fn drop(&mut self) {
        let _ = match &self.before {
            Some(text) => std::fs::write(&self.path, text),
            None => std::fs::remove_file(&self.path),
        };
    }
}

/// Every verdict there is holds.
pub fn all_proved(answer: &Value) {
    let verdicts = answer["verdicts"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let rest: Vec<&Value> = verdicts.iter().filter(|v| v["outcome"] != "proved").collect();
    assert!(rest.is_empty() && !verdicts.is_empty(), "{rest:#?}\n{:#}", answer["outcome"]);
    assert_eq!(answer["exit"], 0);
}

/// Hosts an apply changed; none may have failed.
pub fn changed(answer: &Value) -> BTreeSet<String> {
    let hosts = answer["outcome"]["hosts"].as_object().unwrap_or_else(|| panic!("{answer:#}"));
    for (host, outcome) in hosts {
        let word = outcome.as_object().unwrap().keys().next().unwrap();
        assert!(matches!(&**word, "changed" | "unchanged"), "{host}: {outcome:#}");
    }
    hosts.iter().filter(|(_, o)| o.get("changed").is_some()).map(|(h, _)| h.clone()).collect()
}

/// Steps of a plan by host: `kind name change`, with the places of their reasons.
pub fn steps(plan: &Value) -> BTreeMap<String, BTreeMap<String, String>> {
    assert_eq!((&plan["exit"], &plan["plan"]["unknown"].as_object().map(|u| u.len())), (&0.into(), &Some(0)));
    let word = |v: &Value| v.as_str().unwrap_or_else(|| panic!("{v:#}")).to_owned();
    let mut out = BTreeMap::new();
    for (name, host) in plan["plan"]["hosts"].as_object().unwrap() {
        let steps: BTreeMap<String, String> = host["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| {
                (format!("{} {} {}", word(&s["kind"]), word(&s["name"]), s["change"]), s["why"].to_string())
            })
            .collect();
        if !steps.is_empty() {
            out.insert(name.clone(), steps);
        }
    }
    out
}

/// What is left of a twin anywhere on the machine.
pub fn remains(name: &str) -> Vec<String> {
    let mut left = Vec::new();
    let prefix = format!("fw-{name}.");
    for folder in
        ["/run/netns", "/run/fleetwright/twins", "/var/lib/fleetwright/twins", "/run/fleetwright/locks"]
    {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
        left.extend(names.filter(|n| n.starts_with(&prefix) || n == name).map(|n| format!("{folder}/{n}")));
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let ours = |l: &&str| l.contains(&prefix) || l.contains(&format!("/{name}/"));
    left.extend(mounts.lines().filter(ours).map(str::to_owned));
    for line in mounts.lines().filter(|l| l.contains(" - cgroup")) {
        let group = format!("{}/fw/{name}", line.split(' ').nth(4).unwrap());
        left.extend(Path::new(&group).exists().then_some(group));
    }
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if words.contains(&prefix) || words.contains(&format!("/twins/{name}/")) {
            left.push(format!("{}: {words}", process.path().display()));
        }
    }
    left
}
