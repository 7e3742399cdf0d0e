//! A host in a folder: a root with accounts, fake account tools and a stand-in for systemd, and the real
//! agent binary working on it.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)]

pub mod systemd;

use artifact::protocol::two::{ApplyRequest, CHUNK, ConfirmRequest, Go};
use artifact::protocol::{
    Chunk, Claim, DriftReport, Event, Goal, Hello, ObserveRequest, Order, PROTOCOL, Packed, StatusRequest,
    UndoRequest,
};
use artifact::{Desired, Dir, File, FlatDesired, Link, Observation, Text, Unit, UnitKind, User, Why};
use diag::Place;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use systemd::FakeSystemd;

/// The stand-in ends before its folder goes.
pub struct World {
    pub systemd: FakeSystemd,
    pub folder: tempfile::TempDir,
    /// A process in whose mount namespace the host is.
    pub within: Option<u32>,
}

const USERADD: &str = r#"#!/bin/sh
etc=$(dirname "$0")/../../etc
home=/ shell=/bin/sh groups= uid=$(id -u) gid=$(id -g)
while [ $# -gt 1 ]; do
  case $1 in
    --home-dir) home=$2; shift;; --shell) shell=$2; shift;; --groups) groups=$2; shift;; --gid) gid=$2; shift;;
    --uid) uid=$2; shift;;
  esac
  shift
done
echo "$1:x:$uid:$gid::$home:$shell" >> "$etc/passwd"
grep -q "^$1:" "$etc/group" || echo "$1:x:4000:" >> "$etc/group"
for group in $(echo "$groups" | tr , ' '); do sed -i "/^$group:/s/\$/$1/" "$etc/group"; done
"#;
const USERMOD: &str = r#"#!/bin/sh
etc=$(dirname "$0")/../../etc
[ "$1" = --groups ] && [ $# = 3 ] || exit 1
sed -i "s/:$3\$/:/" "$etc/group"
for group in $(echo "$2" | tr , ' '); do sed -i "/^$group:/s/\$/$3/" "$etc/group"; done
"#;
const CHPASSWD: &str = r#"#!/bin/sh
cat >"$(dirname "$0")/../../srv/chpasswd"
"#;
const GROUPADD: &str = r#"#!/bin/sh
etc=$(dirname "$0")/../../etc
for name; do :; done
echo "$name:x:4001:" >> "$etc/group"
"#;
const GROUPDEL: &str = r#"#!/bin/sh
sed -i "/^$1:/d" "$(dirname "$0")/../../etc/group"
"#;
const USERDEL: &str = r#"#!/bin/sh
etc=$(dirname "$0")/../../etc
sed -i "/^$1:/d" "$etc/passwd" "$etc/group"
sed -i "s/:$1\$/:/" "$etc/group"
"#;

impl World {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("fw").tempdir_in("/tmp").unwrap();
        let root = folder.path();
        for path in ["etc/systemd/system", "usr/sbin", "var/lib", "srv"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\nadm:x:4:\n").unwrap();
        for (name, text) in [
            ("useradd", USERADD),
            ("userdel", USERDEL),
            ("usermod", USERMOD),
            ("chpasswd", CHPASSWD),
            ("groupadd", GROUPADD),
            ("groupdel", GROUPDEL),
        ] {
            let path = root.join("usr/sbin").join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let systemd = FakeSystemd::start(root);
        World { systemd, folder, within: None }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }
    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }
    pub fn put(&self, path: &str, text: &str, mode: u32) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Every path of the host with kind, mode, owner and content; the agent's own state and boot unit aside.
    pub fn tree(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        let root = match self.within {
            None => self.root().to_path_buf(),
            Some(pid) => Path::new(&format!("/proc/{pid}/root")).join(self.root().strip_prefix("/").unwrap()),
        };
        walk(&root, &root, &mut out);
        let own = ["/run", "/var/lib/fleetwright", "/etc/systemd/system/fleetwright-recover.service"];
        out.retain(|p, _| !own.iter().any(|o| p.starts_with(o)) && !p.contains("sysinit.target.wants"));
        out
    }

    pub fn active(&self) -> BTreeSet<String> {
        self.systemd.brain.lock().unwrap().active.clone()
    }
    /// What systemd was asked since the last call.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.systemd.brain.lock().unwrap().calls)
    }

    pub fn agent(&self, args: &[&str]) -> Command {
        let agent = env!("CARGO_BIN_EXE_fleetwright-agent");
        let mut command = match self.within {
            None => Command::new(agent),
            Some(pid) => {
                let mut command = Command::new("nsenter");
                command.args(["--mount", "-t", &pid.to_string(), agent]);
                command
            }
        };
        command.arg("--root").arg(self.root()).args(args);
        command
    }

    pub fn ask(&self, command: &str, request: &impl Serialize) -> Event {
        let mut child = self.agent(&[command]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        say(&mut child, request);
        let out = child.wait_with_output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    pub fn observe(&self, desired: &Desired) -> Event {
        self.ask("observe", &ObserveRequest { hello: hello(), desired: flat(desired).0 })
    }
    pub fn observation(&self, desired: &Desired) -> Observation {
        match self.observe(desired) {
            Event::Observed(seen) => *seen,
            other => panic!("{other:?}"),
        }
    }
    pub fn confirm(&self, generation: u64, token: &str) -> Event {
        self.ask(
            "confirm",
            &ConfirmRequest { hello: hello(), claim: claim(), generation, token: token.to_owned() },
        )
    }
    pub fn undo(&self, generation: u64, confirmed: bool) -> Event {
        let reason = "the test says so".to_owned();
        self.ask("undo", &UndoRequest { hello: hello(), generation, confirmed, reason })
    }
    pub fn status(&self) -> artifact::protocol::Status {
        match self.ask("status", &StatusRequest { hello: hello() }) {
            Event::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }
    pub fn recover(&self) -> Event {
        let out = self.agent(&["recover"]).output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap()
    }
    /// Lets the dead-man timer run out.
    pub fn fire_deadman(&self) -> Event {
        let argv = self.systemd.brain.lock().unwrap().timers.remove("fleetwright-deadman.timer").unwrap();
        let args: Vec<&str> = argv[1..].iter().map(String::as_str).collect();
        let out = self.agent(&args).output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Up to the last event the agent got out, with faults by environment. `None`: it was killed.
    pub fn apply_with(&self, desired: &Desired, env: &[(&str, &str)]) -> Option<Event> {
        let (flat, blobs) = flat(desired);
        let mut talk = self.begin(Goal::Digest(flat.digest()), env);
        loop {
            match talk.hear()? {
                Event::Want => talk.say(&Packed::value(&flat).unwrap()),
                Event::Observed(seen) => talk.go(&seen, &blobs, false),
                event if event.is_last() => return Some(event),
                _ => {}
            }
        }
    }

    /// An apply that is under way.
    pub fn begin(&self, target: Goal, env: &[(&str, &str)]) -> Conversation {
        self.begin_with(&request(target), env)
    }

    pub fn begin_with(&self, request: &ApplyRequest, env: &[(&str, &str)]) -> Conversation {
        let mut command = self.agent(&["apply"]);
        command.envs(env.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut talk = Conversation { child, lines };
        talk.say(request);
        talk
    }

    pub fn drift(&self) -> DriftReport {
        match self.ask("drift", &StatusRequest { hello: hello() }) {
            Event::Drift(report) => *report,
            other => panic!("{other:?}"),
        }
    }
    pub fn apply(&self, desired: &Desired) -> Event {
        self.apply_with(desired, &[]).unwrap()
    }
    /// Applies and confirms.
    pub fn settle(&self, desired: &Desired) -> u64 {
        match self.apply(desired) {
            Event::Switched { generation, token } => match self.confirm(generation, &token) {
                Event::Confirmed(receipt) => receipt.generation,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// The controller's end of an apply.
pub struct Conversation {
    pub child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Conversation {
    pub fn say(&mut self, value: &impl Serialize) {
        say(&mut self.child, value);
    }
    /// The next event; `None` at the end.
    pub fn hear(&mut self) -> Option<Event> {
        let line = self.lines.next()?.unwrap();
        Some(serde_json::from_str(&line).unwrap())
    }
    /// Hears until one that fits comes.
    pub fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.hear().expect("it ended before");
            if fits(&event) {
                return event;
            }
        }
    }
    /// The last event.
    pub fn end(&mut self) -> Event {
        self.until(Event::is_last)
    }
    /// Sends the order and the bytes that are lacking.
    pub fn go(&mut self, seen: &Observation, blobs: &BTreeMap<String, Vec<u8>>, hold: bool) {
        self.say(&Order::Go(Go { plan: "plan".to_owned(), blobs: seen.lacking.len(), hold }));
        for sha256 in &seen.lacking {
            let at = usize::try_from(seen.partial.get(sha256).copied().unwrap_or(0)).unwrap();
            for chunk in chunks(sha256, &blobs[sha256], at) {
                self.say(&chunk);
            }
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A blob in pieces, from `at` on.
pub fn chunks(sha256: &str, bytes: &[u8], at: usize) -> Vec<Chunk> {
    let mut out: Vec<Chunk> = Vec::new();
    let mut at = at;
    for piece in bytes[at..].chunks(CHUNK) {
        let chunk =
            Chunk { sha256: sha256.to_owned(), at: at as u64, data: Packed::bytes(piece), last: false };
        at += piece.len();
        out.push(chunk);
    }
    if out.is_empty() {
        out.push(Chunk { sha256: sha256.to_owned(), at: at as u64, data: Packed::bytes(b""), last: false });
    }
    out.last_mut().unwrap().last = true;
    out
}

pub fn claim() -> Claim {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    Claim { who: "ann@desk".into(), from: "10.0.0.9".into(), run: "run-1".into(), since }
}

pub fn request(target: Goal) -> ApplyRequest {
    ApplyRequest { hello: hello(), claim: claim(), host: "web".into(), target, deadline_s: 30, settle_ms: 20 }
}

fn say(child: &mut Child, value: &impl Serialize) {
    let mut line = serde_json::to_vec(value).unwrap();
    line.push(b'\n');
    // An agent that was killed reads no more.
    let _ = child.stdin.as_mut().unwrap().write_all(&line);
}

fn walk(root: &Path, folder: &Path, out: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        let rights = format!("{:o} {}:{}", meta.mode(), meta.uid(), meta.gid());
        let content = if meta.is_symlink() {
            path.read_link().unwrap().display().to_string()
        } else if meta.is_file() {
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
        } else {
            String::new()
        };
        out.insert(format!("/{}", path.strip_prefix(root).unwrap().display()), format!("{rights} {content}"));
        if meta.is_dir() {
            walk(root, &path, out);
        }
    }
}

pub fn hello() -> Hello {
    Hello { protocol: PROTOCOL, agent: String::new() }
}

pub fn secret(name: &str) -> Option<String> {
    (name == "pw").then(|| "correct-horse-battery".to_owned())
}

pub fn flat(desired: &Desired) -> (FlatDesired, BTreeMap<String, Vec<u8>>) {
    FlatDesired::of(desired, &secret).unwrap()
}

pub fn why() -> Why {
    Why::new(&Place::new("services/web.yaml", 3, 1), "the test wants it")
}

pub fn file(engine: &str, mode: u32, text: &str) -> File {
    let mut lines = Text::new();
    lines.line(text, &why());
    File { engine: engine.into(), mode, owner: "root".into(), group: "root".into(), text: lines }
}

pub fn secret_file(engine: &str) -> File {
    let mut lines = Text::new();
    lines.line("# key", &why()).secret_line("key = ", "pw", ";", &why());
    File { engine: engine.into(), mode: 0o600, owner: "root".into(), group: "root".into(), text: lines }
}

pub fn unit(reload_on: &[&str], restart_on: &[&str], after: &[&str]) -> Unit {
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    Unit {
        kind: UnitKind::Service,
        enabled: true,
        active: true,
        reload_on: set(reload_on),
        restart_on: set(restart_on),
        reload: Vec::new(),
        after: set(after),
        why: why(),
    }
}

/// A first generation: two services, one after the other, with files of all sorts.
pub fn first() -> Desired {
    let mut desired = Desired { host: "web".into(), ..Desired::default() };
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 80"));
    desired.files.insert("/etc/db/db.conf".into(), file("db", 0o640, "size 1"));
    desired.files.insert("/etc/db/deep/key".into(), secret_file("db"));
    desired
        .files
        .insert("/etc/systemd/system/web.service".into(), file("web", 0o644, "[Service]\nExecStart=x"));
    desired
        .files
        .insert("/etc/systemd/system/db.service".into(), file("db", 0o644, "[Service]\nExecStart=y"));
    desired.links.insert("/etc/web/current".into(), Link { target: "web.conf".into(), why: why() });
    let dir = Dir { mode: 0o750, owner: "root".into(), group: "root".into(), data: false, why: why() };
    desired.dirs.insert("/srv/web".into(), dir.clone());
    desired.dirs.insert("/srv/data".into(), Dir { data: true, ..dir });
    desired.units.insert("web.service".into(), unit(&["/etc/web/web.conf"], &[], &["db.service"]));
    desired.units.insert("db.service".into(), unit(&[], &["/etc/db/db.conf", "/etc/db/deep/key"], &[]));
    desired
}

/// A second one that touches everything: files change, come and go, a user comes, a unit goes, one comes.
pub fn second() -> Desired {
    let mut desired = first();
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o600, "listen 81"));
    desired.files.remove("/etc/db/db.conf");
    desired.files.remove("/etc/db/deep/key");
    desired.files.remove("/etc/systemd/system/db.service");
    desired.units.remove("db.service");
    desired.dirs.remove("/srv/web");
    desired.dirs.remove("/srv/data");
    desired.links.insert("/etc/web/current".into(), Link { target: "/dev/null".into(), why: why() });
    desired.files.insert("/etc/new/a/b/c.conf".into(), file("new", 0o644, "new"));
    desired
        .files
        .insert("/etc/systemd/system/new.service".into(), file("new", 0o644, "[Service]\nExecStart=z"));
    desired.units.insert("new.service".into(), unit(&[], &["/etc/new/a/b/c.conf"], &["web.service"]));
    let user = User {
        system: false,
        home: "/home/ann".into(),
        shell: "/bin/sh".into(),
        groups: ["adm".to_owned()].into(),
        keys: vec!["ssh-ed25519 AAAA ann".into()],
        why: why(),
    };
    desired.users.insert("ann".into(), user);
    desired
}
