//! Two hundred hosts at once, played by shell scripts that say what an agent would: what the controller costs.
#![allow(clippy::unwrap_used, clippy::panic)]

use apply::{AgentBinary, FleetOutcome, HostOutcome, Options, Target, apply_fleet};
use artifact::{Desired, File, Text, Why};
use diag::Place;
use remote::{Output, Remote, RemoteError, Stream};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const HOSTS: usize = 200;

/// A host whose agent is this script.
struct Scripted {
    name: String,
    script: String,
}

const RECEIPT: &str = r#"{"confirmed":{"host":"x","generation":1,"digest":"","plan":"","at":1,"files":{},"units":{},"health":[]}}"#;

/// Wants everything and takes it.
fn changes(seen: &str) -> String {
    format!(
        "read request; echo '\"want\"'; read desired; echo '{seen}'; read go
         while read chunk; do case $chunk in *'\"last\":true'*) n=$((n + 1));; esac; [ \"$n\" = \"$BLOBS\" ] && break; done
         echo '{{\"state\":{{\"state\":\"checked\",\"detail\":\"\"}}}}'
         while read order; do [ \"$order\" = '\"switch\"' ] && break; done; [ -z \"$order\" ] && exit
         echo '{{\"state\":{{\"state\":\"armed\",\"detail\":\"\"}}}}'; echo '{{\"switched\":{{\"generation\":1,\"token\":\"t\"}}}}'"
    )
}

impl Remote for Scripted {
    fn name(&self) -> &str {
        &self.name
    }
    fn run(&self, argv: &[&str], _: &[u8], _: Duration) -> Result<Output, RemoteError> {
        assert_eq!(argv[1], "confirm");
        Ok(Output { code: 0, stdout: RECEIPT.into(), stderr: Vec::new() })
    }
    fn read(&self, _: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        Ok(None)
    }
    fn write(&self, path: &str, _: &[u8], _: u32) -> Result<(), RemoteError> {
        panic!("{path} is written")
    }
    fn open(&self, _: &[&str]) -> Result<Stream, RemoteError> {
        let mut command = Command::new("/bin/dash");
        command.args(["-c", &self.script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let failed = |e: std::io::Error| RemoteError::Failed {
            host: self.name.clone(),
            command: "the script".to_owned(),
            detail: e.to_string(),
        };
        command.spawn().map(Stream::new).map_err(failed)
    }
}

/// Forty files of 4 KiB, others on every host.
fn desired(host: &str) -> Desired {
    let mut desired = Desired { host: host.to_owned(), ..Desired::default() };
    let why = Why::new(&Place::new("fleet.yaml", 1, 1), "the test wants it");
    for n in 0..40 {
        let mut text = Text::new();
        let line: String =
            (0..64).map(|m| artifact::hash_hex(format!("{host} {n} {m}").as_bytes())).collect();
        text.line(line, &why);
        let owner = "root".to_owned();
        let file = File { engine: "e".into(), mode: 0o644, owner: owner.clone(), group: owner, text };
        desired.files.insert(format!("/etc/many/{n}"), file);
    }
    desired
}

/// Kilobytes of the process that were ever resident.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn run(script: impl Fn(&Desired) -> String) -> (FleetOutcome, Duration, u64) {
    let wanted: Vec<Desired> = (0..HOSTS).map(|n| desired(&format!("h{n:03}"))).collect();
    let target = |desired| {
        let remote = Arc::new(Scripted { name: Desired::clone(desired).host, script: script(desired) });
        Target { remote, desired, secrets: &|_| None }
    };
    let targets: Vec<Target<'_>> = wanted.iter().map(target).collect();
    let (before, begun) = (peak(), Instant::now());
    let options = Options::new(AgentBinary::new(b"agent".to_vec()));
    let outcome = apply_fleet(&targets, &options, &channel().0);
    (outcome, begun.elapsed(), peak() - before)
}

#[test]
fn two_hundred_hosts_with_nothing_to_do_cost_little() {
    let (outcome, took, kilobytes) = run(|_| "read request; echo '{\"unchanged\":7}'".to_owned());
    assert!(outcome.is_ok() && outcome.hosts.len() == HOSTS, "{outcome:?}");
    eprintln!("{HOSTS} unchanged hosts: {took:?}, {kilobytes} kB");
    assert!(kilobytes < 60 << 10, "{kilobytes} kB");
}

#[test]
fn two_hundred_hosts_that_all_change_cost_little() {
    let (outcome, took, kilobytes) = run(|desired| {
        let (flat, blobs) = artifact::FlatDesired::of(desired, &|_| None).unwrap();
        let missing = artifact::PathDiff { seen: artifact::Seen::Missing, before: None };
        let seen = artifact::Observation {
            host: flat.host.clone(),
            files: flat.files.keys().map(|p| (p.clone(), missing.clone())).collect(),
            lacking: blobs.keys().cloned().collect::<BTreeSet<_>>(),
            ..artifact::Observation::default()
        };
        let event = artifact::protocol::Event::Observed(Box::new(seen));
        format!("BLOBS={}; {}", blobs.len(), changes(&serde_json::to_string(&event).unwrap()))
    });
    let changed = |o: &HostOutcome| matches!(o, HostOutcome::Changed { generation: 1, .. });
    assert!(outcome.hosts.values().all(changed), "{:?}", outcome.hosts.values().find(|o| !changed(o)));
    assert_eq!((outcome.waves.len(), outcome.hosts.len()), (1, HOSTS));
    eprintln!("{HOSTS} changed hosts: {took:?}, {kilobytes} kB");
    // Without optimization what deflates stands on each thread's stack.
    let limit = if cfg!(debug_assertions) { 160 } else { 100 };
    assert!(kilobytes < limit << 10, "{kilobytes} kB");
}
