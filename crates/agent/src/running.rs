//! What runs besides units and can be told: the packet filter, addresses, WireGuard peers, BIRD's protocols.
//! Written down when a generation is confirmed, and held against what is then at every look. The engines are
//! asked all at once, while files are looked at.

use crate::nft_seen;
use crate::run::{self, Begun};
use crate::running_text as text;
use crate::system::System;
use artifact::{FlatDesired, RunningDiff};
use engine::running::{Running, of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// One question to an engine.
const ANSWER: Duration = Duration::from_secs(5);
/// Where interfaces are named.
const NETWORK: &str = "/etc/systemd/network/";

/// Engines that were asked.
#[derive(Default)]
pub struct Asked {
    answers: BTreeMap<Running, String>,
    begun: BTreeMap<Running, Begun>,
    interfaces: BTreeSet<String>,
    tunnels: BTreeMap<String, bool>,
    /// Where the answer about the packet filter is kept, and under which key.
    filter: Option<(PathBuf, String)>,
}

/// Asks the engines the generation has, of those `wanted`.
pub fn ask(system: &System, desired: &FlatDesired, wanted: impl Fn(Running) -> bool) -> Asked {
    let mut asked = Asked::default();
    let has = |running: Running| {
        running.files().iter().any(|prefix| desired.files.keys().any(|path| path.starts_with(prefix)))
    };
    for running in Running::ALL.into_iter().filter(|r| wanted(*r) && has(*r)) {
        let (program, args): (&str, &[&str]) = match running {
            Running::Addresses => {
                asked.interfaces = interfaces(system, desired);
                if asked.interfaces.is_empty() {
                    continue;
                }
                ("ip", &["-j", "addr"])
            }
            Running::Bird => ("birdc", &["show", "protocols"]),
            Running::Nft => {
                asked.filter = nft_seen::key(system);
                if let Some(text) = asked.filter.as_ref().and_then(|(path, key)| nft_seen::kept(path, key)) {
                    asked.answers.insert(running, text);
                    continue;
                }
                ("nft", &["-s", "list", "table", "inet", "fleetwright"])
            }
            Running::Wireguard => {
                asked.tunnels = tunnels(system, desired);
                ("wg", &["show", "all", "dump"])
            }
        };
        if let Some(begun) = begin(system, program, args) {
            asked.begun.insert(running, begun);
        }
    }
    asked
}

/// `None` where the program is missing.
fn begin(system: &System, program: &str, args: &[&str]) -> Option<Begun> {
    let path = system.program(program);
    if !path.is_absolute() {
        return None;
    }
    let mut command = Command::new(path);
    command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
    run::begin(&mut command, ANSWER).ok()
}

impl Asked {
    /// What they say, by name; without those that do not answer.
    pub fn answers(self, system: &System) -> BTreeMap<String, String> {
        let Asked { mut answers, begun, interfaces, tunnels, filter } = self;
        for (running, begun) in begun {
            let Some(said) = begun.end().ok().filter(|said| said.code == 0) else { continue };
            let told = match running {
                Running::Addresses => text::addresses(&said.text, &interfaces),
                Running::Bird => Some(text::bird(&said.text)),
                Running::Nft => Some(text::nft(&said.text)),
                Running::Wireguard => Some(text::wireguard(&said.text, &tunnels)).filter(|t| !t.is_empty()),
            };
            if let (Running::Nft, Some(told), Some((path, key))) = (running, &told, &filter) {
                // Only what was there before and after the question is an answer to it.
                if nft_seen::key(system).is_some_and(|(_, now)| now == *key) {
                    nft_seen::keep(path, key, told);
                }
            }
            answers.extend(told.map(|told| (running, told)));
        }
        answers.into_iter().map(|(running, told)| (running.name().to_owned(), told)).collect()
    }
}

/// Everything that can be told on this host, of the engines the generation has.
pub fn look(system: &System, desired: &FlatDesired) -> BTreeMap<String, String> {
    ask(system, desired, |_| true).answers(system)
}

/// What is not as it was confirmed, by name; the texts without what is not held against each other. An engine
/// that does not answer runs nothing.
pub fn differences(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
) -> BTreeMap<String, RunningDiff> {
    let mut out = BTreeMap::new();
    for (name, was) in was {
        let Some(running) = Running::of(name) else { continue };
        let is = is.get(name).map_or("", String::as_str);
        let (was, is) = (compared(running, was, was, is), compared(running, is, was, is));
        if was != is {
            out.insert(name.clone(), RunningDiff { was, is });
        }
    }
    out
}

/// The lines of a text that are held against the other's.
fn compared(running: Running, text: &str, was: &str, is: &str) -> String {
    let kept = |line: &&str| match running {
        // An interface that is not there, or down, now or then, is an outage.
        Running::Addresses => line
            .split_once(": ")
            .is_some_and(|(name, _)| !of(was, name).is_empty() && !of(is, name).is_empty()),
        // What was off at the confirm may have been so for a moment only.
        Running::Bird => {
            let name = line.split(' ').next().unwrap_or_default();
            !was.lines().any(|l| l.split(' ').next() == Some(name) && l.ends_with(" off"))
        }
        Running::Nft | Running::Wireguard => true,
    };
    text.lines().filter(kept).flat_map(|line| [line, "\n"]).collect()
}

/// The fleet's WireGuard interfaces, and whether their files say which port they have: `wg syncconf` takes
/// another one at each reload where they do not (wg(8)).
fn tunnels(system: &System, desired: &FlatDesired) -> BTreeMap<String, bool> {
    let name = |path: &String| Some(path.strip_prefix("/etc/wireguard/")?.strip_suffix(".conf")?.to_owned());
    let has_port = |path: &str| {
        let text = std::fs::read_to_string(system.real(path)).unwrap_or_default();
        text.lines().any(|line| line.trim_start().to_ascii_lowercase().starts_with("listenport"))
    };
    desired.files.keys().filter_map(|path| Some((name(path)?, has_port(path)))).collect()
}

/// Names of the interfaces that the fleet's network files speak of.
pub fn interfaces(system: &System, desired: &FlatDesired) -> BTreeSet<String> {
    let files = desired.files.keys().filter(|p| p.starts_with(NETWORK));
    let texts = files.filter_map(|p| std::fs::read_to_string(system.real(p)).ok());
    let mut names = BTreeSet::new();
    for text in texts {
        let named = text.lines().filter_map(|l| l.trim().strip_prefix("Name="));
        names.extend(
            named.flat_map(str::split_whitespace).filter(|n| !n.contains(['*', '!', '['])).map(str::to_owned),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differ(name: &str, was: &str, is: &str) -> Option<RunningDiff> {
        let one = |text: &str| BTreeMap::from([(name.to_owned(), text.to_owned())]);
        differences(&one(was), &one(is)).remove(name)
    }

    #[test]
    fn an_outage_is_no_drift() {
        let was = "lan: 10.0.0.1/24\nout: 10.1.0.1/24\n";
        assert_eq!(differ("addresses", was, was), None);
        assert_eq!(differ("addresses", was, "lan: 10.0.0.1/24\n"), None, "its cable is out");
        assert_eq!(differ("addresses", "lan: 10.0.0.1/24\n", was), None, "its cable was out");
        let diff = differ("addresses", was, "lan: 10.0.0.1/24 10.0.0.9/24\n").unwrap_or_default();
        assert_eq!((&*diff.was, &*diff.is), ("lan: 10.0.0.1/24\n", "lan: 10.0.0.1/24 10.0.0.9/24\n"));
    }

    #[test]
    fn a_protocol_that_was_off_is_not_held_to_it() {
        let was = "kernel4 Kernel master4\nwro BGP --- off\n";
        assert_eq!(differ("bird", was, &was.replace(" off", "")), None);
        assert!(differ("bird", &was.replace(" off", ""), was).is_some());
        assert!(differ("bird", was, "wro BGP --- off\n").is_some());
    }

    #[test]
    fn what_does_not_answer_is_gone() {
        let was = BTreeMap::from([("nft".to_owned(), "table inet fleetwright {\n}\n".to_owned())]);
        assert_eq!(differences(&was, &BTreeMap::new())["nft"].is, "");
        assert_eq!(differences(&BTreeMap::new(), &was), BTreeMap::new());
    }
}
