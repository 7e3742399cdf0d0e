//! Hosts in folders as a fleet, and ways onto them that can be cut.
#![allow(dead_code)]

use crate::common::*;
use apply::{AgentBinary, Event, FleetOutcome, HostOutcome, Options, Target, apply_fleet};
use artifact::protocol::AGENT_PATH;
use artifact::{Check, Desired, Health, Probe};
use remote::{Output, Remote, RemoteError, Stream, run_bounded};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A way onto a host in a folder.
pub struct Way {
    pub name: String,
    pub root: PathBuf,
    pub writes: AtomicUsize,
    pub calls: Mutex<Vec<String>>,
    pub cut: AtomicBool,
    /// Commands the way does not let through.
    pub deaf_to: Mutex<Vec<&'static str>>,
    pub die_at: Mutex<Option<&'static str>>,
    /// So many bytes go to an open command before the way breaks.
    pub bytes: AtomicUsize,
    /// The last open command.
    pub open: AtomicU32,
}

impl Way {
    fn command(&self, argv: &[&str]) -> Result<Option<Command>, RemoteError> {
        let unreachable = || RemoteError::Unreachable {
            host: self.name.clone(),
            reason: remote::Reach::NoRoute,
            detail: "no route to host".into(),
        };
        if self.cut.load(Ordering::SeqCst) || self.deaf_to.lock().unwrap().contains(&argv[1]) {
            return Err(unreachable());
        }
        self.calls.lock().unwrap().push(argv[1].to_owned());
        assert_eq!(argv[0], AGENT_PATH);
        let agent = self.root.join(AGENT_PATH.trim_start_matches('/'));
        if !agent.exists() {
            return Ok(None);
        }
        let mut command = Command::new(agent);
        command.arg("--root").arg(&self.root).args(&argv[1..]);
        if let Some(point) = *self.die_at.lock().unwrap() {
            command.env("FLEETWRIGHT_DIE_AT", point);
        }
        Ok(Some(command))
    }
}

impl Remote for Way {
    fn name(&self) -> &str {
        &self.name
    }
    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        match self.command(argv)? {
            Some(mut command) => run_bounded(&self.name, &mut command, stdin, deadline),
            None => Ok(Output { code: 127, stdout: Vec::new(), stderr: b"not found".to_vec() }),
        }
    }
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        Ok(std::fs::read(self.root.join(path.trim_start_matches('/'))).ok())
    }
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        let real = self.root.join(path.trim_start_matches('/'));
        remote::Local::new("x").write(real.to_str().unwrap(), bytes, mode)
    }
    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        let plain = self.command(argv)?.unwrap_or_else(|| {
            let mut none = Command::new("/bin/sh");
            none.args(["-c", "exit 127"]);
            none
        });
        let limit = self.bytes.load(Ordering::SeqCst);
        let mut command = plain;
        if limit < usize::MAX {
            let mut cut = Command::new("/bin/sh");
            let script = r#"dd bs=4096 count="$0" iflag=count_bytes status=none | "$@""#;
            cut.args(["-c", script, &limit.to_string()]).arg(command.get_program()).args(command.get_args());
            command = cut;
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|e| RemoteError::Failed {
            host: self.name.clone(),
            command: argv.join(" "),
            detail: e.to_string(),
        })?;
        self.open.store(child.id(), Ordering::SeqCst);
        Ok(Stream::new(child))
    }
}

pub struct Host {
    pub world: World,
    pub way: Arc<Way>,
    pub desired: Desired,
    /// The host as it was before any agent was there.
    pub virgin: BTreeMap<String, String>,
}

pub fn host(name: &str) -> Host {
    let world = World::new();
    let way = Way {
        name: name.to_owned(),
        root: world.root().to_path_buf(),
        writes: AtomicUsize::new(0),
        calls: Mutex::default(),
        cut: AtomicBool::new(false),
        deaf_to: Mutex::default(),
        die_at: Mutex::default(),
        bytes: AtomicUsize::new(usize::MAX),
        open: AtomicU32::new(0),
    };
    let mut desired = first();
    desired.host = name.to_owned();
    let virgin = world.tree();
    Host { world, way: Arc::new(way), desired, virgin }
}

impl Host {
    pub fn check(&mut self, argv: &[&str]) {
        let argv = argv.iter().map(|a| (*a).to_owned()).collect();
        let files = ["/etc/web/web.conf".to_owned()].into();
        self.desired.checks.push(Check { engine: "web".into(), files, argv, timeout_s: 30 });
    }
    pub fn sick(&mut self) {
        let probe = Probe::Command(vec!["/bin/false".into()]);
        self.desired.health.push(Health { name: "sick".into(), probe, timeout_s: 0, why: why() });
    }
    /// The host's tree without the agent.
    pub fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = self.world.tree();
        tree.retain(|path, _| !path.starts_with("/usr/lib"));
        tree
    }
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.way.calls.lock().unwrap())
    }
}

pub fn options() -> Options {
    let agent = AgentBinary::read(env!("CARGO_BIN_EXE_fleetwright-agent").as_ref()).unwrap();
    Options { settle_ms: 20, ..Options::new(agent) }
}

pub fn set(names: &str) -> BTreeSet<String> {
    names.split(' ').map(str::to_owned).collect()
}

pub fn targets(hosts: &[Host]) -> Vec<Target<'_>> {
    hosts.iter().map(|h| Target { remote: h.way.clone(), desired: &h.desired, secrets: &secret }).collect()
}

pub fn run(hosts: &[Host], options: &Options) -> FleetOutcome {
    apply_fleet(&targets(hosts), options, &channel().0)
}

/// Runs, doing something at each event.
pub fn run_with(hosts: &[Host], options: &Options, mut at: impl FnMut(&Event) + Send) -> FleetOutcome {
    let (events, heard) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || heard.iter().for_each(|event| at(&event)));
        let outcome = apply_fleet(&targets(hosts), options, &events);
        drop(events);
        outcome
    })
}

/// Why a host was not switched.
pub fn skipped<'o>(outcome: &'o FleetOutcome, host: &str) -> &'o str {
    match &outcome.hosts[host] {
        HostOutcome::Skipped { reason } => reason,
        other => panic!("{other:?}"),
    }
}
