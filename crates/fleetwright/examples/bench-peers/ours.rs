//! Our part, as processes of their own: an apply, and what no apply over SSH can be faster than.

use apply::{AgentBinary, Event, HostOutcome, Options, Phase, Target, apply_fleet};
use artifact::{Desired, Dir, File, Health, Link, Package, Probe, Text, Unit, UnitKind, User, Why};
use diag::Place;
use remote::Remote;
use remote::ssh::{Client, Destination, Settings, SshRemote};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub fn app(name: &str) -> String {
    format!("name = {name}\nlisten = 127.0.0.1:8080\nworkers = 4\n")
}
pub fn limits(name: &str) -> String {
    format!("for = {name}\nopen-files = 1024\nprocesses = 64\n")
}
pub fn secret_text(name: &str) -> String {
    format!("password = of-{name}\n")
}

/// The same ten operations as bench/peers/site.yml and deploy.py.
fn desired(name: &str, person: &str, sysctl: &str, service: &str) -> Desired {
    let why = || Why::new(&Place::builtin("bench"), "the benchmark wants it");
    let text = |s: &str| {
        let mut text = Text::new();
        for line in s.lines() {
            text.line(line, &why());
        }
        text
    };
    let own = || "root".to_owned();
    let mut d = Desired { host: name.to_owned(), ..Desired::default() };
    for (path, mode) in [("/etc/bench", 0o755), ("/srv/bench", 0o750)] {
        d.dirs.insert(path.into(), Dir { mode, owner: own(), group: own(), data: false, why: why() });
    }
    for (path, mode, content) in [
        ("/etc/bench/app.conf", 0o644, app(name).as_str()),
        ("/etc/bench/limits.conf", 0o640, limits(name).as_str()),
        ("/etc/bench/secret.conf", 0o600, secret_text(name).as_str()),
        ("/etc/sysctl.d/90-bench.conf", 0o644, sysctl),
        ("/etc/systemd/system/bench.service", 0o644, service),
    ] {
        let file = File { engine: "bench".into(), mode, owner: own(), group: own(), text: text(content) };
        d.files.insert(path.into(), file);
    }
    d.links.insert("/etc/bench/current".into(), Link { target: "app.conf".into(), why: why() });
    d.users.insert(
        "bench".into(),
        User {
            system: false,
            home: "/home/bench".into(),
            shell: "/bin/bash".into(),
            groups: BTreeSet::new(),
            keys: vec![person.to_owned()],
            why: why(),
        },
    );
    d.packages.insert("openssh-server".into(), Package { why: why() });
    let unit = |kind, restart_on: &str| Unit {
        kind,
        enabled: true,
        active: true,
        reload_on: BTreeSet::new(),
        restart_on: BTreeSet::from([restart_on.to_owned()]),
        reload: Vec::new(),
        after: BTreeSet::new(),
        why: why(),
    };
    d.units.insert("bench.service".into(), unit(UnitKind::Service, "/etc/systemd/system/bench.service"));
    d.units.insert("systemd-sysctl.service".into(), unit(UnitKind::Apply, "/etc/sysctl.d/90-bench.conf"));
    let probe = Probe::Unit("bench.service".into());
    d.health.push(Health { name: "bench".into(), probe, timeout_s: 10, why: why() });
    d
}

type Fault = Box<dyn std::error::Error>;

fn remotes(folder: &Path) -> Result<BTreeMap<String, SshRemote>, Fault> {
    let client = Client::new(Settings {
        known_hosts: vec![folder.join("known")],
        identities: vec![folder.join("key")],
        connect: Duration::from_secs(60),
        ..Settings::bare()
    })?;
    let inventory = fs::read_to_string(folder.join("project/inventory.ini"))?;
    let hosts = inventory.lines().filter_map(|l| l.split_once(" ansible_host="));
    Ok(hosts
        .map(|(name, address)| {
            let to = Destination {
                name: name.to_owned(),
                address: Some(address.to_owned()),
                port: None,
                user: Some("root".into()),
                jump: None,
            };
            (name.to_owned(), client.remote(to))
        })
        .collect())
}

/// Applies to all hosts.
pub fn apply(folder: &Path) -> Result<ExitCode, Fault> {
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let person = read("person.pub")?.trim().to_owned();
    let (sysctl, service) = (read("project/files/90-bench.conf")?, read("project/files/bench.service")?);
    let ways = remotes(folder)?;
    let states: Vec<Desired> = ways.keys().map(|name| desired(name, &person, &sysctl, &service)).collect();
    let none = |_: &str| None;
    let targets: Vec<Target<'_>> = ways
        .into_values()
        .zip(&states)
        .map(|(way, desired)| Target { remote: Arc::new(way), desired, secrets: &none })
        .collect();
    let options = Options::new(AgentBinary::beside_this_program()?);
    let (send, events) = channel();
    let outcome = apply_fleet(&targets, &options, &send);
    drop(send);
    for (name, ended) in outcome.hosts.iter().filter(|(_, o)| !o.is_ok()) {
        println!("{name}: {ended}");
    }
    let changed = outcome.hosts.values().filter(|o| matches!(o, HostOutcome::Changed { .. })).count();
    println!("{changed} hosts changed");
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default().trim();
    println!("phases: {}; {peak} resident at most", phases(events.into_iter()));
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// When half of the hosts and the last one got into each phase.
fn phases(events: impl Iterator<Item = Event>) -> String {
    let mut first: BTreeMap<(Phase, String), Duration> = BTreeMap::new();
    for event in events {
        first.entry((event.phase, event.host)).or_insert(event.elapsed);
    }
    let mut by_phase: BTreeMap<Phase, Vec<Duration>> = BTreeMap::new();
    for ((phase, _), at) in first {
        by_phase.entry(phase).or_default().push(at);
    }
    let mut said: Vec<(Duration, String)> = by_phase
        .into_iter()
        .filter_map(|(phase, mut at)| {
            at.sort();
            let (half, last) = (*at.get(at.len() / 2)?, *at.last()?);
            Some((half, format!("{phase} {:.2}–{:.2} s", half.as_secs_f64(), last.as_secs_f64())))
        })
        .collect();
    said.sort();
    said.into_iter().map(|(_, s)| s).collect::<Vec<_>>().join(", ")
}

/// Connects to all hosts at once and runs `true` on each: what an apply over SSH cannot be faster than.
pub fn floor(folder: &Path) -> Result<ExitCode, Fault> {
    let ways = remotes(folder)?;
    let begun = Instant::now();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let each = |way: SshRemote| scope.spawn(move || way.run(&["true"], b"", Duration::from_secs(60)));
        let running: Vec<_> = ways.into_values().map(each).collect();
        let said = running.into_iter().map(|r| match r.join() {
            Ok(Ok(output)) if output.ok() => None,
            Ok(Ok(output)) => Some(output.error_text()),
            Ok(Err(e)) => Some(e.to_string()),
            Err(_) => Some("its thread died".to_owned()),
        });
        said.flatten().collect()
    });
    println!("{:.3} s; {}", begun.elapsed().as_secs_f64(), failed.join("; "));
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
