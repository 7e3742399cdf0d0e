//! `drift-watch`: what a timer on the host runs, so that somebody hears of a change by hand although nobody
//! asks. It changes nothing and holds no lock: an apply that comes while it looks is not kept waiting, and
//! what was seen meanwhile is thrown away.

use crate::drift;
use crate::journal::Journal;
use crate::observe::pending;
use crate::store::Store;
use crate::system::{System, fault, now};
use crate::tree::{self, Rights};
use artifact::protocol::{Code, DriftItem, DriftReport, DriftSeen, Fault};

/// In the store: what was seen last.
const SEEN: &str = "drift.json";
/// Things told by name; how many more there are is told as a number.
const TOLD: usize = 100;

/// How a look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// This was seen, written down and counted.
    Seen(DriftSeen),
    /// Nothing can be said now, and why.
    Skipped(String),
}

impl Store {
    /// What the host saw by itself when it last looked.
    pub fn drift_seen(&self) -> Option<DriftSeen> {
        self.read(SEEN).ok().flatten()
    }
}

/// Looks once: the report into the store, and its number into `metrics`, a file for node exporter's textfile
/// collector, where one is given.
///
/// # Errors
/// As [`crate::observe::observe`]; when the report or the metrics cannot be written.
pub fn drift_watch(system: &mut System, metrics: Option<&str>) -> Result<Watched, Fault> {
    let store = Store::of(system);
    let path = store.path("journal");
    let before = Journal::read(&path)?;
    if let Some(pending) = pending(&before) {
        let what = format!("generation {} is {}", pending.generation, pending.state);
        return Ok(Watched::Skipped(what));
    }
    let report = drift::report(system, &store)?;
    // A line is written before each effect: the same last line means that nothing was changed meanwhile.
    if Journal::read(&path)?.last() != before.last() {
        return Ok(Watched::Skipped("something was applied meanwhile".to_owned()));
    }
    if report.generation == 0 {
        return Ok(Watched::Skipped("nothing was confirmed yet".to_owned()));
    }
    let seen = seen(&report, store.drift_seen().as_ref(), now());
    store.write(SEEN, &seen)?;
    if let Some(metrics) = metrics {
        let public = Rights { mode: 0o644, ..Rights::private() };
        tree::write(&system.real(metrics), exposition(&seen).as_bytes(), public)
            .map_err(|e| fault(Code::SwitchFailed, metrics, &e))?;
    }
    Ok(Watched::Seen(seen))
}

/// A look as it is kept: since when, and no diffs.
fn seen(report: &DriftReport, last: Option<&DriftSeen>, at: u64) -> DriftSeen {
    let count = report.items.len();
    let since = last.filter(|l| l.generation == report.generation).and_then(|l| l.since);
    let plain = |item: &DriftItem| DriftItem { diff: None, ..item.clone() };
    DriftSeen {
        generation: report.generation,
        at,
        since: (count > 0).then(|| since.unwrap_or(at)),
        count,
        items: report.items.iter().take(TOLD).map(plain).collect(),
    }
}

/// In the text format of Prometheus.
fn exposition(seen: &DriftSeen) -> String {
    let one = |name: &str, help: &str, value: u64| {
        format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n")
    };
    one(
        "fleetwright_drift_items",
        "Things that are not as the confirmed generation left them.",
        u64::try_from(seen.count).unwrap_or(u64::MAX),
    ) + &one("fleetwright_drift_checked_timestamp_seconds", "When the host was last looked at.", seen.at)
}

impl Watched {
    /// What the journal is told, a line a thing, each with its priority as sd-daemon(3) has it. Names and
    /// words only: what is in a file may be a secret.
    pub fn lines(&self) -> Vec<String> {
        let seen = match self {
            Watched::Skipped(why) => return vec![format!("<6>not looked at: {}", one_line(why))],
            Watched::Seen(seen) if seen.count == 0 => {
                return vec![format!("<6>as generation {} was confirmed", seen.generation)];
            }
            Watched::Seen(seen) => seen,
        };
        let mut lines: Vec<String> = seen
            .items
            .iter()
            .map(|i| format!("<4>drift: {}", one_line(&format!("{} {}: {}", i.kind, i.name, i.what))))
            .collect();
        let more = seen.count.saturating_sub(seen.items.len());
        let more = if more == 0 { String::new() } else { format!(", {more} of them not named here") };
        let what =
            if seen.count == 1 { "1 thing is".to_owned() } else { format!("{} things are", seen.count) };
        lines.push(format!("<4>{what} not as generation {} was confirmed{more}", seen.generation));
        lines
    }
}

/// Names are whatever somebody made them: a line end in one must not begin a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report(generation: u64, names: &[&str]) -> DriftReport {
        let item = |name: &&str| DriftItem {
            kind: "file".into(),
            name: (*name).to_owned(),
            what: "content".into(),
            diff: Some("-a\n+b\n".into()),
        };
        DriftReport { generation, items: names.iter().map(item).collect(), pending: None }
    }

    #[test]
    fn since_is_kept_while_something_differs_and_begun_anew_with_a_generation() {
        let first = seen(&report(3, &["/a"]), None, 100);
        assert_eq!((first.since, first.count, first.items[0].diff.clone()), (Some(100), 1, None));
        let second = seen(&report(3, &["/b", "/c"]), Some(&first), 200);
        assert_eq!((second.since, second.at, second.count), (Some(100), 200, 2));
        assert_eq!(seen(&report(4, &["/b"]), Some(&second), 300).since, Some(300));
        let clear = seen(&report(3, &[]), Some(&second), 300);
        assert_eq!((clear.since, clear.count), (None, 0));
        assert_eq!(seen(&report(3, &["/a"]), Some(&clear), 400).since, Some(400));
    }

    #[test]
    fn the_journal_gets_one_line_a_thing_whatever_it_is_called() {
        let watched = Watched::Seen(seen(&report(3, &["/a", "/b\n<0>all is well"]), None, 100));
        assert_eq!(
            watched.lines(),
            [
                "<4>drift: file /a: content",
                "<4>drift: file /b?<0>all is well: content",
                "<4>2 things are not as generation 3 was confirmed",
            ]
        );
        let names: Vec<String> = (0..TOLD + 7).map(|n| format!("/{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = Watched::Seen(seen(&report(3, &names), None, 100)).lines();
        assert_eq!(many.len(), TOLD + 1);
        assert!(many[TOLD].ends_with("confirmed, 7 of them not named here"), "{}", many[TOLD]);
    }

    #[test]
    fn the_metrics_are_as_the_collector_reads_them() {
        let text = exposition(&seen(&report(3, &["/a", "/b"]), None, 1_795_236_010));
        let samples: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
        assert_eq!(
            samples,
            ["fleetwright_drift_items 2", "fleetwright_drift_checked_timestamp_seconds 1795236010"]
        );
    }
}
