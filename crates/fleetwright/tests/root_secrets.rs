//! Known values of secrets on a twin's hosts, through apply, rotation and all that is said about them: they are in
//! the files that are for them and in nothing else, no argument of any process among it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::planted::{FLEET, GIVEN, Needles, by_olena, files, set};
use common::twin::{release, remains, unique};
use common::{Ran, fleet, ran};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const HOSTS: [&str; 2] = ["core", "edge"];

/// Reads the arguments of every process of the machine, those in namespaces too, again and again.
struct Watcher {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<HashSet<Vec<u8>>>,
}

impl Watcher {
    fn begin() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let mut seen = HashSet::new();
            while !until.load(Ordering::Relaxed) {
                for process in std::fs::read_dir("/proc").unwrap().flatten() {
                    let name = process.file_name();
                    if name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit)
                        && let Ok(words) = std::fs::read(process.path().join("cmdline"))
                        && !seen.contains(&words)
                    {
                        seen.insert(words);
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            seen
        });
        Watcher { stop, seen }
    }

    fn end(self) -> HashSet<Vec<u8>> {
        self.stop.store(true, Ordering::Relaxed);
        self.seen.join().unwrap()
    }
}

/// A twin of the fleet, and everything that was said about it.
struct Lab {
    folder: tempfile::TempDir,
    name: String,
    said: BTreeMap<String, Vec<u8>>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        release(&self.name);
    }
}

impl Lab {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps what a run said, to be searched.
    fn heard(&mut self, args: &[&str], ran: &Ran) {
        let n = self.said.len();
        self.said.insert(format!("{n:02} {} (out)", args.join(" ")), ran.out.clone().into_bytes());
        self.said.insert(format!("{n:02} {} (err)", args.join(" ")), ran.err.clone().into_bytes());
    }

    fn go(&mut self, args: &[&str]) -> Ran {
        let ran = ran(by_olena(self.path(), args).output().unwrap());
        self.heard(args, &ran);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran
    }

    fn ask(&mut self, args: &[&str]) -> Value {
        let ran = self.go(&[args, &["--json"]].concat());
        serde_json::from_str(&ran.out).unwrap()
    }

    fn at_twin(&mut self, args: &[&str]) -> Ran {
        let name = self.name.clone();
        self.go(&[args, &["--twin", &name]].concat())
    }

    fn plan(&mut self) -> Value {
        let name = self.name.clone();
        self.ask(&["plan", "--diff", "--twin", &name])
    }

    fn apply(&mut self) -> Value {
        let name = self.name.clone();
        self.ask(&["apply", "--yes", "--twin", &name])
    }

    /// Engines' files are read from the hosts. What they say is in `fleet.yaml` already, where an import adds nothing.
    fn imports_what_the_hosts_have(&mut self) {
        let name = self.name.clone();
        for (engine, host, code, said) in [
            ("bird", "edge", 1, "`hosts/edge` stands here"),
            ("wireguard", "edge", 1, "FW1607"),
            ("caddy", "core", 1, "`services/metrics` stands here"),
            ("prometheus", "core", 3, "core/etc/prometheus/prometheus.yml"),
        ] {
            let args = ["import", engine, "--live", "--host", host, "--dry-run", "--twin", &name];
            let ran = ran(by_olena(self.path(), &args).output().unwrap());
            self.heard(&args, &ran);
            let all = format!("{}{}", ran.out, ran.err);
            assert!(ran.code == code && all.contains(said), "{args:?}: {}\n{all}", ran.code);
        }
    }

    /// The value a person gets to see; what is said here is not searched.
    fn value(&self, name: &str) -> Vec<u8> {
        let output = by_olena(self.path(), &["secrets", "show", name]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What a command on a host prints, byte for byte.
    fn bytes(&self, host: &str, script: &str) -> Vec<u8> {
        let script = format!("({script}) | base64 -w0");
        let args = ["--quiet", "twin", "shell", "--name", &self.name, host, "--", "sh", "-c", &script];
        let ran = ran(by_olena(self.path(), &args).output().unwrap());
        assert_eq!(ran.code, 0, "{host}: {script}: {}{}", ran.out, ran.err);
        STANDARD.decode(ran.out.trim()).unwrap()
    }

    /// The environment of a service's process.
    fn environment(&self, host: &str, service: &str) -> BTreeMap<String, Vec<u8>> {
        let script = format!("cat /proc/$(systemctl show -P MainPID {service}.service)/environ");
        let bytes = self.bytes(host, &script);
        let entries = bytes.split(|b| *b == 0).filter_map(|e| {
            let at = e.iter().position(|b| *b == b'=')?;
            Some((String::from_utf8_lossy(&e[..at]).into_owned(), e[at + 1..].to_vec()))
        });
        entries.collect()
    }
}

/// Everything that is kept of runs, on this machine and on the hosts, but the files that are there to hold a value.
fn kept(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let own = lab.path().join(".olena");
    let twins = lab.path().join(".fleetwright/twin/secrets");
    for (path, bytes) in files(lab.path(), &[&own, &twins]) {
        all.insert(path.display().to_string(), bytes);
    }
    for host in HOSTS {
        let state = lab.bytes(host, "tar c --exclude ./blobs -C /var/lib/fleetwright .");
        assert!(state.len() > 4096, "{host} keeps receipts");
        all.insert(format!("{host}: /var/lib/fleetwright"), state);
        all.insert(format!("{host}: journal"), lab.bytes(host, "journalctl --no-pager -o export"));
        let logs = "cat $(find /var/log -type f ! -path '/var/log/journal/*') /dev/null";
        all.insert(format!("{host}: /var/log"), lab.bytes(host, logs));
    }
    all
}

fn search(lab: &Lab, needles: &Needles, seen: &HashSet<Vec<u8>>) {
    let mut wrong = Vec::new();
    let places = kept(lab);
    for folder in [".fleetwright/history", ".fleetwright/logs", "fleet.lock", "plan.bin"] {
        let folder = lab.path().join(folder).display().to_string();
        assert!(places.keys().any(|p| p.starts_with(&folder)), "{folder} is among what is searched");
    }
    for (place, bytes) in lab.said.iter().chain(&places) {
        wrong.extend(needles.found_in(bytes).into_iter().map(|found| format!("{place}: {found}")));
    }
    for words in seen {
        let found = needles.found_in(words).into_iter();
        wrong.extend(
            found.map(|f| format!("arguments `{}`: {f}", String::from_utf8_lossy(words).replace('\0', " "))),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The search finds what is there: every form, in a log, in what a host keeps, and in arguments.
fn a_search_that_finds_nothing_could_have(lab: &Lab, needles: &Needles) {
    for (name, form, needle) in needles.forms() {
        let hay = [b"before ".as_slice(), needle, b" after"].concat();
        assert!(needles.found_in(&hay).iter().any(|f| f == &format!("{name} as {form}")), "{name} {form}");
    }
    let (name, session) = GIVEN[2];
    for before in ["", "x", "xy"] {
        let encoded = STANDARD.encode([before.as_bytes(), session.as_bytes()].concat());
        assert!(
            needles.found_in(encoded.as_bytes()).iter().any(|f| f.starts_with(name)),
            "base64 after {before:?}"
        );
    }
    let planted = lab.path().join(".fleetwright/logs/planted");
    std::fs::write(&planted, serde_json::json!({"token": GIVEN[0].1}).to_string()).unwrap();
    lab.bytes(
        "edge",
        &format!("echo {} >/var/lib/fleetwright/planted", STANDARD.encode(format!("{}\n", GIVEN[1].1))),
    );
    let places = kept(lab);
    let found: BTreeSet<&str> =
        places.iter().filter(|(_, b)| !needles.found_in(b).is_empty()).map(|(p, _)| p.as_str()).collect();
    assert_eq!(found, [planted.to_str().unwrap(), "edge: /var/lib/fleetwright"].into());
    std::fs::remove_file(planted).unwrap();
    lab.bytes("edge", "rm /var/lib/fleetwright/planted");

    let watcher = Watcher::begin();
    let script = "sleep 0.3";
    assert!(std::process::Command::new("sh").args(["-c", script, GIVEN[0].1]).status().unwrap().success());
    let found = watcher.end().iter().flat_map(|words| needles.found_in(words)).collect::<BTreeSet<_>>();
    assert!(found.contains("transit as plain"), "{found:?}");
}

/// Values are in files of mode 0600 on the hosts that use them, and in no file of a host that does not.
fn values_are_where_they_are_used(lab: &Lab, needles: &BTreeMap<&str, Needles>) {
    let holding = |host: &str| {
        let list =
            lab.bytes(host, "find /etc /usr/lib/systemd /run/systemd /root /home -type f -printf '%m %p\\n'");
        let mut holding: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let all = lab.bytes(host, "grep -rlE 'Tr4|W3b|S3ss|TOKEN' /etc /run/systemd /root /home || true");
        for path in String::from_utf8(all).unwrap().lines() {
            let bytes = lab.bytes(host, &format!("cat '{path}'"));
            for (name, needles) in needles {
                if !needles.found_in(&bytes).is_empty() {
                    let mode = format!("600 {path}");
                    assert!(String::from_utf8_lossy(&list).lines().any(|l| l == mode), "{host}:{path}");
                    holding.entry(path.to_owned()).or_default().insert(name);
                }
            }
        }
        holding
    };
    let paths = |all: &[(&str, &[&'static str])]| {
        all.iter()
            .map(|(p, names)| ((*p).to_owned(), names.iter().copied().collect()))
            .collect::<BTreeMap<_, _>>()
    };
    let worker: &[&str] = &["session", "token", "token-hash"];
    assert_eq!(holding("core"), paths(&[("/etc/fleetwright/services/worker.env", worker)]));
    let edge = [
        ("/etc/bird/bird.conf", &["transit"][..]),
        ("/etc/fleetwright/services/watcher.env", &["token"][..]),
    ];
    assert_eq!(holding("edge"), paths(&edge));
}

fn whole(needles: &BTreeMap<&'static str, Needles>, lab: &Lab, also: &[(&str, Vec<u8>)]) -> Needles {
    let mut all = Needles::default();
    for name in needles.keys() {
        all.plant(name, &lab.value(name));
    }
    for (name, value) in also {
        all.plant(name, value);
    }
    all
}

fn each(lab: &Lab) -> BTreeMap<&'static str, Needles> {
    let of = |name: &'static str| {
        let mut needles = Needles::default();
        needles.plant(name, &lab.value(name));
        (name, needles)
    };
    ["transit", "web", "session", "token", "token-hash"].map(of).into()
}

#[test]
fn a_value_is_nowhere_but_where_it_is_used() {
    let watcher = Watcher::begin();
    let mut lab =
        Lab { folder: fleet(&[("fleet.yaml", FLEET)]), name: unique("secrets"), said: BTreeMap::new() };
    for (name, value) in GIVEN {
        let args = [name, "--age"];
        let ran = set(lab.path(), &args, value.as_bytes());
        lab.heard(&["secrets", "set", name], &ran);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    lab.go(&["lock"]);
    let name = lab.name.clone();
    let up = lab.ask(&["twin", "up", "--name", &name]);
    assert_eq!(up["exit"], 0, "{up:#}");
    assert!(up["secrets"].as_array().is_none_or(Vec::is_empty), "the fleet's own values are used: {up:#}");

    // Byte for byte, in the process that asked for it.
    let environment = lab.environment("core", "worker");
    assert_eq!(environment["SESSION"], GIVEN[2].1.as_bytes());
    assert_eq!(environment["TOKEN"], lab.value("token"));
    assert_eq!(environment["TOKEN_HASH"], lab.value("token-hash"));
    let keys = ["wireguard/core/wg-backbone", "wireguard/edge/wg-backbone"];
    let mut old: Vec<(&str, Vec<u8>)> = keys.iter().map(|k| (*k, lab.value(k))).collect();

    // Everything that is said about the fleet and its hosts.
    let plan = lab.plan();
    assert_eq!(plan["empty"], true, "{plan:#}");
    lab.at_twin(&["status", "--drift"]);
    lab.go(&["why", "core:/etc/fleetwright/services/worker.env"]);
    lab.go(&["why", "edge:/etc/bird/bird.conf"]);
    lab.ask(&["render"]);
    lab.ask(&["show", "services/worker"]);
    lab.ask(&["secrets", "ls"]);
    lab.ask(&["secrets", "check"]);
    lab.ask(&["history"]);

    lab.imports_what_the_hosts_have();

    // New values: said before what restarts, then applied.
    old.push(("token", lab.value("token")));
    old.push(("token-hash", lab.value("token-hash")));
    let rotated = lab.ask(&["secrets", "rotate", "token", "--yes"]);
    let restarts: BTreeSet<String> = rotated["changes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|c| {
            c["restarts"].as_array().unwrap().iter().map(|u| format!("{}:{}", c["host"], u).replace('"', ""))
        })
        .collect();
    let expected = ["core:worker.service", "edge:watcher.service"];
    assert_eq!(restarts, expected.map(str::to_owned).into());
    lab.go(&["secrets", "rotate", keys[0], "--yes"]);
    let kept_plan = lab.path().join("plan.bin").display().to_string();
    lab.at_twin(&["plan", "--diff", "--out", &kept_plan]);
    let plan = lab.plan();
    assert_eq!(plan["empty"], false, "{plan:#}");
    let steps = plan["plan"].to_string();
    for unit in ["worker.service", "watcher.service", "wg-quick@wg-backbone.service"] {
        assert!(steps.contains(unit), "{unit}: {plan:#}");
    }
    let applied = lab.apply();
    assert_eq!(applied["exit"], 0, "{applied:#}");
    assert_eq!(lab.plan()["empty"], true);
    lab.at_twin(&["status", "--drift"]);
    let environment = lab.environment("core", "worker");
    assert_eq!(environment["TOKEN"], lab.value("token"));
    assert_ne!(environment["TOKEN"], old[2].1);
    assert_eq!(lab.environment("edge", "watcher")["TOKEN"], lab.value("token"));
    lab.go(&["history"]);
    lab.go(&["show", "1"]);
    lab.go(&["secrets", "check"]);

    old.push((keys[0], lab.value(keys[0])));
    // What a password is checked by is nobody else's either.
    old.push(("web's hash", lab.bytes("core", "grep -o '[$]2a[$][^ ]*' /etc/caddy/Caddyfile | tr -d '\\n'")));
    let needles = each(&lab);
    let all = whole(&needles, &lab, &old);
    let seen = watcher.end();
    assert!(seen.len() > 50, "processes were seen");
    search(&lab, &all, &seen);
    values_are_where_they_are_used(&lab, &needles);
    a_search_that_finds_nothing_could_have(&lab, &all);

    let down = lab.ask(&["twin", "down", &name]);
    assert_eq!(down["exit"], 0, "{down:#}");
    assert_eq!(remains(&lab.name), Vec::<String>::new());
}
