//! Whole runs of `apply` against hosts in folders: the agent binary is put there, used, cut off, killed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use apply::{
    AgentBinary, FleetOutcome, HostOutcome, Options, Target, apply_fleet, observe_fleet, status_fleet,
};
use artifact::protocol::AGENT_PATH;
use artifact::{Desired, Health, Probe};
use common::*;
use remote::{Output, Remote, RemoteError, Stream, run_bounded};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A way onto a host in a folder.
struct Way {
    name: String,
    root: PathBuf,
    writes: AtomicUsize,
    calls: Mutex<Vec<String>>,
    cut: AtomicBool,
    /// Commands the way does not let through.
    deaf_to: Mutex<Vec<&'static str>>,
    die_at: Mutex<Option<&'static str>>,
}

impl Way {
    fn command(&self, argv: &[&str]) -> Result<Option<Command>, RemoteError> {
        let unreachable =
            || RemoteError::Unreachable { host: self.name.clone(), detail: "no route to host".into() };
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
        let mut command = self.command(argv)?.unwrap_or_else(|| {
            let mut none = Command::new("/bin/sh");
            none.args(["-c", "exit 127"]);
            none
        });
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        child.map(Stream::new).map_err(|e| RemoteError::Failed {
            host: self.name.clone(),
            command: argv.join(" "),
            detail: e.to_string(),
        })
    }
}

struct Host {
    world: World,
    way: Arc<Way>,
    desired: Desired,
    /// The host as it was before any agent was there.
    virgin: std::collections::BTreeMap<String, String>,
}

fn host(name: &str) -> Host {
    let world = World::new();
    let way = Way {
        name: name.to_owned(),
        root: world.root().to_path_buf(),
        writes: AtomicUsize::new(0),
        calls: Mutex::default(),
        cut: AtomicBool::new(false),
        deaf_to: Mutex::default(),
        die_at: Mutex::default(),
    };
    let mut desired = first();
    desired.host = name.to_owned();
    let virgin = world.tree();
    Host { world, way: Arc::new(way), desired, virgin }
}

impl Host {
    fn sick(&mut self) {
        let probe = Probe::Command(vec!["/bin/false".into()]);
        self.desired.health.push(Health { name: "sick".into(), probe, timeout_s: 0, why: why() });
    }
    /// The host's tree without the agent.
    fn tree(&self) -> std::collections::BTreeMap<String, String> {
        let mut tree = self.world.tree();
        tree.retain(|path, _| !path.starts_with("/usr/lib"));
        tree
    }
    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.way.calls.lock().unwrap())
    }
}

fn options() -> Options {
    let agent = AgentBinary::read(env!("CARGO_BIN_EXE_fleetwright-agent").as_ref()).unwrap();
    Options { settle_ms: 20, ..Options::new(agent) }
}

fn targets(hosts: &[Host]) -> Vec<Target<'_>> {
    hosts.iter().map(|h| Target { remote: h.way.clone(), desired: &h.desired, secrets: &secret }).collect()
}

fn run(hosts: &[Host], options: &Options) -> FleetOutcome {
    apply_fleet(&targets(hosts), options, &channel().0)
}

#[test]
fn the_agent_is_put_there_once_and_a_second_run_touches_nothing() {
    let hosts = [host("a"), host("b"), host("c")];
    let (events, heard) = channel();
    let outcome = apply_fleet(&targets(&hosts), &options(), &events);
    drop(events);
    assert!(outcome.is_ok(), "{outcome:?}");
    let phases: Vec<_> = heard.iter().filter(|e| e.host == "a").map(|e| e.phase).collect();
    let count = |phase: &str| phases.iter().filter(|p| format!("{p:?}") == phase).count();
    assert_eq!((count("Bootstrap"), count("Confirming"), count("Done")), (1, 1, 1), "{phases:?}");
    assert_eq!(phases.last(), Some(&apply::Phase::Done));
    for host in &hosts {
        assert_eq!(host.world.text("/etc/web/web.conf"), "listen 80\n");
        assert_eq!(host.way.writes.load(Ordering::SeqCst), 1);
        // Tried until the agent is there and can be run; then one conversation, and the confirm on its own.
        let mut calls = host.calls();
        calls.dedup();
        assert_eq!(calls, ["apply", "confirm"]);
        host.world.calls();
    }
    let outcome = run(&hosts, &options());
    for host in &hosts {
        assert_eq!(outcome.hosts[&host.desired.host], HostOutcome::Unchanged { generation: 1 });
        assert_eq!(host.calls(), ["apply"], "a host with nothing to do is one call");
        assert_eq!(host.world.calls(), Vec::<String>::new());
    }
    assert!(observe_fleet(&targets(&hosts), &options(), &channel().0).is_empty());
    let status = status_fleet(&targets(&hosts), &options());
    assert!(
        status.unknown.is_empty() && status.hosts.values().all(|s| s.generation == 1 && s.drift.is_empty())
    );
}

#[test]
fn another_build_of_the_agent_is_replaced() {
    let hosts = [host("a")];
    let mut other = std::fs::read(env!("CARGO_BIN_EXE_fleetwright-agent")).unwrap();
    other.extend_from_slice(b"older build");
    hosts[0].way.write(AGENT_PATH, &other, 0o755).unwrap();
    assert!(run(&hosts, &options()).is_ok());
    assert_eq!(hosts[0].way.writes.load(Ordering::SeqCst), 2);
    let there = hosts[0].way.read(AGENT_PATH).unwrap().unwrap();
    assert_eq!(artifact::hash_hex(&there), options().agent.sha256);
}

#[test]
fn a_sick_host_goes_back_and_the_run_fails() {
    let mut hosts = [host("a"), host("b")];
    hosts[1].sick();
    let before = &hosts[1].virgin;
    let outcome = run(&hosts, &options());
    assert!(!outcome.is_ok());
    assert!(matches!(outcome.hosts["a"], HostOutcome::Changed { generation: 1, .. }));
    let HostOutcome::Undone { reason, report } = &outcome.hosts["b"] else { panic!() };
    assert!(reason.contains("sick") && report.remaining.is_empty(), "{reason}");
    assert_eq!(&hosts[1].tree(), before);
}

#[test]
fn a_failed_wave_stops_the_next_and_undoes_the_one_before_if_asked() {
    let mut hosts = [host("a"), host("b"), host("c")];
    hosts[1].sick();
    let before: Vec<_> = hosts.iter().map(|h| h.virgin.clone()).collect();
    let options =
        Options { waves: vec![vec!["a".into()], vec!["b".into()]], undo_on_failure: true, ..options() };
    let outcome = run(&hosts, &options);
    assert!(matches!(outcome.hosts["a"], HostOutcome::Undone { .. }), "{:?}", outcome.hosts["a"]);
    assert!(matches!(outcome.hosts["b"], HostOutcome::Undone { .. }));
    assert!(matches!(outcome.hosts["c"], HostOutcome::Skipped { .. }));
    assert_eq!(hosts[2].calls(), Vec::<String>::new());
    for (host, before) in hosts.iter().zip(&before) {
        assert_eq!(&host.tree(), before);
    }
}

#[test]
fn a_host_that_cannot_be_reached_is_unknown_and_never_ok() {
    let hosts = [host("a"), host("b")];
    hosts[1].way.cut.store(true, Ordering::SeqCst);
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    assert!(plan.unknown.contains_key("b") && !plan.hosts.contains_key("b"));
    let outcome = run(&hosts, &options());
    assert!(!outcome.is_ok());
    assert!(matches!(&outcome.hosts["b"], HostOutcome::Unknown { reason } if reason.contains("no route")));
    assert!(!status_fleet(&targets(&hosts), &options()).unknown.is_empty());
    assert!(outcome.hosts["a"].is_ok());
}

#[test]
fn a_host_that_cannot_be_confirmed_goes_back_by_itself_and_we_say_so() {
    let hosts = [host("a")];
    hosts[0].way.deaf_to.lock().unwrap().push("confirm");
    let before = hosts[0].virgin.clone();
    let brain = hosts[0].world.systemd.brain.clone();
    let options = Options { deadline_s: 1, ..options() };
    let outcome = std::thread::scope(|scope| {
        let fleet = scope.spawn(|| run(&hosts, &options));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        // The stand-in has no clock: the timer runs out when the controller has begun to confirm.
        while !hosts[0].way.deaf_to.lock().unwrap().is_empty() && std::time::Instant::now() < until {
            let armed = brain.lock().unwrap().timers.contains_key("fleetwright-deadman.timer");
            if armed && hosts[0].world.status().pending.is_some_and(|p| p.state.name() == "observed") {
                hosts[0].world.fire_deadman();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        fleet.join().unwrap()
    });
    let HostOutcome::Undone { reason, report } = &outcome.hosts["a"] else { panic!("{outcome:?}") };
    assert!(reason.contains("nobody confirmed") && report.remaining.is_empty());
    assert_eq!(hosts[0].tree(), before);
}

#[test]
fn an_agent_killed_in_the_switch_is_undone_at_once() {
    for point in ["staged", "armed", "switching:files", "switching:units", "switched"] {
        let hosts = [host("a")];
        let before = hosts[0].virgin.clone();
        *hosts[0].way.die_at.lock().unwrap() = Some(point);
        let outcome = run(&hosts, &options());
        assert!(!outcome.is_ok(), "{point}");
        assert!(!matches!(outcome.hosts["a"], HostOutcome::Unknown { .. }), "{point}: {outcome:?}");
        assert_eq!(hosts[0].tree(), before, "{point}");
        *hosts[0].way.die_at.lock().unwrap() = None;
        assert!(run(&hosts, &options()).is_ok(), "{point}");
    }
}

#[test]
fn only_the_plan_that_was_agreed_to_is_carried_out() {
    let hosts = [host("a")];
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    let agreed = Some([("a".to_owned(), plan.hosts["a"].digest())].into());
    let options = Options { agreed, ..options() };
    hosts[0].world.put("/etc/web/web.conf", "somebody was here", 0o644);
    let outcome = run(&hosts, &options);
    assert!(
        matches!(&outcome.hosts["a"], HostOutcome::Failed { reason, .. } if reason.contains("plan again"))
    );
    assert_eq!(hosts[0].world.text("/etc/web/web.conf"), "somebody was here");
    std::fs::remove_dir_all(hosts[0].world.path("/etc/web")).unwrap();
    assert!(run(&hosts, &options).is_ok());
}

#[test]
fn a_missing_secret_fails_before_the_host_is_touched() {
    let hosts = [host("a")];
    let target = [Target { remote: hosts[0].way.clone(), desired: &hosts[0].desired, secrets: &|_| None }];
    let outcome = apply_fleet(&target, &options(), &channel().0);
    assert!(matches!(&outcome.hosts["a"], HostOutcome::Failed { reason, .. } if reason.contains("pw")));
    assert_eq!(hosts[0].calls(), Vec::<String>::new());
}

#[test]
fn a_host_in_the_middle_of_a_change_has_no_plan() {
    let hosts = [host("a")];
    assert!(run(&hosts, &options()).is_ok());
    let mut desired = second();
    desired.host = "a".into();
    assert!(matches!(hosts[0].world.apply(&desired), artifact::protocol::Event::Switched { .. }));
    let plan = observe_fleet(&targets(&hosts), &options(), &channel().0);
    assert!(plan.unknown["a"].contains("neither confirmed nor undone") && !plan.is_empty());
    hosts[0].world.fire_deadman();
    assert!(observe_fleet(&targets(&hosts), &options(), &channel().0).is_empty());
}
