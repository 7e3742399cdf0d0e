//! Bringing back what runs otherwise than it was confirmed: what its unit's reload does not do, and the look
//! whether it runs as confirmed again.

use crate::run;
use crate::running::{ask, differences, interfaces};
use crate::store::Before;
use crate::switch::{Phase, UNIT_LIMIT, run_units};
use crate::system::System;
use crate::systemd::Verb;
use artifact::protocol::{Code, Fault};
use artifact::{FlatDesired, RunningDiff};
use engine::networkd::{DAEMON, FOLDER};
use engine::running::Running;
use plan::{Change, Kind, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::process::Command;
use std::time::{Duration, Instant};

/// networkd answers before it has done what it was told; BIRD too.
const SETTLES: Duration = Duration::from_secs(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);
/// A command of an engine's may take this long.
const COMMAND: Duration = Duration::from_secs(10);

/// What a transaction brings back, with its confirmed text and the one it had.
fn due(before: &Before) -> impl Iterator<Item = (Running, &RunningDiff)> {
    let step = |unit: &str| before.steps.iter().any(|s| Phase::of(s) == Phase::Units && s.name == unit);
    before.running.iter().filter_map(move |(name, diff)| {
        let running = Running::of(name)?;
        running.back(&diff.was, &diff.is).iter().any(|b| step(&b.unit)).then_some((running, diff))
    })
}

/// Runs what is needed besides reloads and restarts, once the units have read their files.
///
/// # Errors
/// [`Code::UnitFailed`] with what the command said.
pub fn finish(system: &System, desired: &FlatDesired, before: &Before) -> Result<(), Fault> {
    for (running, diff) in due(before) {
        let there = interfaces(system, desired);
        for argv in running.commands(&diff.was, &diff.is) {
            // An interface that leaves the fleet is no longer anybody's.
            if running == Running::Addresses && !argv.last().is_some_and(|i| there.contains(i)) {
                continue;
            }
            command(system, &argv)?;
        }
    }
    Ok(())
}

fn command(system: &System, argv: &[String]) -> Result<(), Fault> {
    let Some((program, args)) = argv.split_first() else { return Ok(()) };
    let mut command = Command::new(system.program(program));
    command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
    let failed = |what: String| Fault::new(Code::UnitFailed, format!("`{}`: {what}", argv.join(" ")));
    match system.run(&command, system.within(COMMAND)) {
        Ok(run::Said { code: 0, .. }) => Ok(()),
        Ok(said) => Err(failed(format!("exit code {}: {}", said.code, said.text.trim()))),
        Err(e) => Err(failed(e.to_string())),
    }
}

/// Waits until all of it runs as it was confirmed. Where a reload was not enough the unit is restarted. What then
/// still differs is what the engine makes of the fleet's files on this host, and is told; but an address that is
/// in no file and was not there at the confirm is somebody else's doing.
///
/// # Errors
/// [`Code::Unhealthy`] for such an address; [`Code::UnitFailed`].
pub fn seen(system: &mut System, desired: &FlatDesired, before: &Before) -> Result<Vec<String>, Fault> {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for (running, diff) in due(before).filter(|(running, _)| !files_change(*running, &before.steps)) {
        wanted.insert(running.name().to_owned(), diff.was.clone());
    }
    let mut left = await_texts(system, desired, &wanted);
    let mut told = Vec::new();
    let restarts: BTreeSet<String> = left
        .iter()
        .filter_map(|(name, diff)| Some((Running::of(name)?, diff)))
        .filter(|(running, _)| !running.is_replaced())
        .flat_map(|(running, diff)| running.back(&diff.was, &diff.is))
        .map(|back| back.unit)
        .filter(|unit| reloaded(before, unit))
        .collect();
    if !restarts.is_empty() {
        let names: Vec<&str> = restarts.iter().map(String::as_str).collect();
        told.push(format!("restarted {}: after its reload it did not run as confirmed", names.join(", ")));
        let verbs = names.into_iter().map(|name| (name, Verb::Restart)).collect();
        run_units(system, &desired.units, &verbs, UNIT_LIMIT)?;
        finish(system, desired, before)?;
        left = await_texts(system, desired, &wanted);
    }
    for (name, diff) in &left {
        if Running::of(name) == Some(Running::Addresses)
            && let foreign = foreign(system, desired, &diff.is, &diff.was)
            && !foreign.is_empty()
        {
            let message = format!(
                "{} is back although {} was told to take it away: something else on this host sets it; \
                 stop that, or give the address to the host in the fleet",
                foreign.join(", "),
                DAEMON.unit
            );
            return Err(Fault::new(Code::Unhealthy, message));
        }
        told.push(format!(
            "running {name} is otherwise than at the last confirm also after this: it is what this host makes \
             of the fleet's files now"
        ));
    }
    if !wanted.contains_key(Running::Addresses.name()) {
        await_networkd(system, desired, before);
    }
    Ok(told)
}

fn files_change(running: Running, steps: &[Step]) -> bool {
    let own = |path: &str| running.files().iter().any(|prefix| path.starts_with(prefix));
    steps.iter().any(|s| matches!(s.kind, Kind::File | Kind::Link) && own(&s.name))
}

fn reloaded(before: &Before, unit: &str) -> bool {
    before.steps.iter().any(|s| s.kind == Kind::Unit && s.change == Change::Reload && s.name == unit)
}

/// What still differs after a while.
fn await_texts(
    system: &System,
    desired: &FlatDesired,
    wanted: &BTreeMap<String, String>,
) -> BTreeMap<String, RunningDiff> {
    let until = Instant::now() + system.within(SETTLES);
    loop {
        let is = ask(system, desired, |running| wanted.contains_key(running.name())).answers(system);
        let left = differences(wanted, &is);
        if left.is_empty() || Instant::now() + PAUSE >= until {
            return left;
        }
        // Neither `wg`, `birdc` nor `nft -s list` tells when it says something else.
        std::thread::sleep(PAUSE);
    }
}

/// After networkd has read other files: until it has taken away what is in none of them any more, so that the
/// confirm does not take that for what runs. An address somebody else sets is waited for in vain, but not long.
fn await_networkd(system: &System, desired: &FlatDesired, before: &Before) {
    if !before.steps.iter().any(|s| Phase::of(s) == Phase::Units && s.name == DAEMON.unit) {
        return;
    }
    let until = Instant::now() + system.within(SETTLES / 3);
    while Instant::now() < until {
        let is = ask(system, desired, |running| running == Running::Addresses).answers(system);
        let text = is.get(Running::Addresses.name()).map_or("", String::as_str);
        if foreign(system, desired, text, "").is_empty() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Addresses of a text, with their interface, that are neither in another nor in any file of the fleet's.
fn foreign(system: &System, desired: &FlatDesired, text: &str, known: &str) -> Vec<String> {
    let parse = |a: &str| a.split('/').next().and_then(|a| a.parse::<IpAddr>().ok());
    let files = desired.files.keys().filter(|p| p.starts_with(FOLDER));
    let texts: Vec<String> = files.filter_map(|p| std::fs::read_to_string(system.real(p)).ok()).collect();
    let given: BTreeSet<IpAddr> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| parse(line.trim().strip_prefix("Address=")?.trim()))
        .collect();
    let mut out = Vec::new();
    for (name, addresses) in text.lines().filter_map(|l| l.split_once(": ")) {
        let before = engine::running::of(known, name);
        for address in addresses.split_whitespace() {
            let own = parse(address).is_none_or(|a| a.is_loopback() || given.contains(&a));
            if !own && !before.split_whitespace().any(|a| a == address) {
                out.push(format!("{address} on {name}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use artifact::FlatFile;

    #[test]
    fn an_address_is_foreign_when_no_file_gives_it_and_nobody_confirmed_it() {
        let root = tempfile::tempdir().unwrap();
        let system = System::new(root.path());
        let path = "/etc/systemd/network/50-fw-lan.network";
        std::fs::create_dir_all(system.real(FOLDER)).unwrap();
        std::fs::write(system.real(path), "[Network]\nAddress=10.0.0.1/24\nAddress=2001:db8::0001/64\n")
            .unwrap();
        let mut desired = FlatDesired::default();
        let root = || "root".to_owned();
        let file = FlatFile {
            engine: "networkd".to_owned(),
            mode: 0o644,
            owner: root(),
            group: root(),
            sha256: String::new(),
            secret: false,
            shown: None,
        };
        desired.files.insert(path.to_owned(), file);
        let text = "lan: 10.0.0.1/24 10.0.0.9/24 2001:db8::1/64\nlo: 127.0.0.1/8 ::1/128\n";
        assert_eq!(foreign(&system, &desired, text, ""), ["10.0.0.9/24 on lan"]);
        assert_eq!(foreign(&system, &desired, text, "lan: 10.0.0.9/24\n"), Vec::<String>::new());
        assert_eq!(foreign(&system, &desired, text, "lo: 10.0.0.9/24\n"), ["10.0.0.9/24 on lan"]);
    }
}
