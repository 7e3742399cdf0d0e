//! `fleetwright status`.

use crate::asking::{self, NoAnswer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Progress, Style, Table, plain};
use crate::way::{self, At, Way};
use crate::{Cx, clock, pipeline, trouble};
use artifact::protocol::{DriftReport, DriftSeen, Event, Status as HostStatus};
use artifact::{Desired, Stage};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A clock that is further off than this is told, seconds.
const SKEW: u64 = 300;
/// Of what a host saw by itself, this many things are named; `--drift` shows all as they are now.
const NAMED: usize = 3;

/// Ask every host what it runs: generation, drift, units that are not up, unfinished changes, who holds its lock
///
/// With --drift every difference from what the last apply left is shown, with its diff: files, links,
/// directories, accounts, units, and what runs (packet filter, addresses, tunnels, BIRD).
///
/// Without it, a host that looks by itself (`drift:` in the model) says what it saw when it last did.
///
/// Exit code 3 when a host differs from what was applied, 4 when one does not answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright status\n  fleetwright status --drift\n  fleetwright status mac-mini --json"
)]
pub struct Status {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Look at everything, and show what was changed by hand as diffs
    #[arg(short, long)]
    drift: bool,
}

/// What was found on the hosts that answered, and why the others did not.
#[derive(Default)]
struct Found {
    hosts: BTreeMap<String, HostStatus>,
    drift: BTreeMap<String, DriftReport>,
    unknown: BTreeMap<String, NoAnswer>,
    /// Engines that are not applied, by host.
    staged: BTreeMap<String, BTreeMap<String, Stage>>,
}

/// One thing that is not as it was left.
struct Finding {
    what: String,
    diff: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or there is no way onto the hosts.
pub fn run(command: &Status, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let mut way = way::open(cx, &command.at, &command.hosts)?;
    progress.say("asking the hosts");
    let mut found = Found { staged: staged(&way), ..Found::default() };
    {
        let targets = way.targets();
        for (host, said) in asking::all(&targets, "status", &asking::plainly()) {
            match said {
                Ok(Event::Status(status)) => drop(found.hosts.insert(host, *status)),
                Ok(other) => drop(found.unknown.insert(host, super::generations::unexpected(&other))),
                Err(why) => drop(found.unknown.insert(host, why)),
            }
        }
        if command.drift {
            let answering: Vec<_> =
                targets.into_iter().filter(|t| found.hosts.contains_key(&t.desired.host)).collect();
            for (host, said) in asking::all(&answering, "drift", &asking::plainly()) {
                match said {
                    Ok(Event::Drift(report)) => drop(found.drift.insert(host, *report)),
                    Ok(other) => drop(found.unknown.insert(host, super::generations::unexpected(&other))),
                    Err(why) => drop(found.unknown.insert(host, why)),
                }
            }
        }
    }
    drop(progress);
    let now = clock::now();
    let exit = if !found.unknown.is_empty() {
        Exit::Unknown
    } else if found.hosts.keys().any(|h| !found.findings(h, now).is_empty()) {
        Exit::Refuted
    } else {
        Exit::Ok
    };
    if cx.global.json {
        let coded = found.unknown.iter().filter_map(|(h, why)| Some((h, why, why.code?)));
        way.checked.report.items.extend(
            coded.map(|(h, why, code)| trouble::about(code, h, &why.text, why.help.as_deref().unwrap_or(""))),
        );
    }
    let fields = || {
        let unknown: BTreeMap<&String, &str> =
            found.unknown.iter().map(|(h, w)| (h, w.text.as_str())).collect();
        let mut all = vec![
            ("at", json!(way.name)),
            ("status", json!({"hosts": found.hosts, "unknown": unknown})),
            ("staged", json!(found.staged)),
        ];
        if command.drift {
            all.push(("drift", json!(found.drift)));
        }
        all
    };
    pipeline::finish(cx, &way.checked, exit, fields, || {
        if cx.global.quiet && exit == Exit::Ok { String::new() } else { found.tell(cx, now) }
    })
}

/// Engines of each host that are not applied.
fn staged(way: &Way) -> BTreeMap<String, BTreeMap<String, Stage>> {
    let of = |desired: &Desired| {
        let engines = desired.owned.engines().into_iter().map(|e| (e.to_owned(), desired.stages.of(e)));
        engines.filter(|(_, stage)| *stage != Stage::Manage).collect()
    };
    way.staged.iter().map(|(id, desired)| (id.to_string(), of(desired))).collect()
}

/// "2 things differ since 2026-11-21 10:00:00 UTC, seen by the host itself: file /etc/issue, running nft".
fn seen_by_itself(watch: &DriftSeen) -> String {
    let what = if watch.count == 1 {
        "1 thing differs".to_owned()
    } else {
        format!("{} things differ", watch.count)
    };
    let since = clock::moment(watch.since.unwrap_or(watch.at));
    let mut text = format!("{what} since {since} UTC, seen by the host itself: ");
    let named: Vec<String> =
        watch.items.iter().take(NAMED).map(|i| format!("{} {}", i.kind, i.name)).collect();
    text += &named.join(", ");
    if watch.count > named.len() {
        text += " …";
    }
    text
}

impl Found {
    /// What is not as it was left by the last apply on a host that answered.
    fn findings(&self, host: &str, now: u64) -> Vec<Finding> {
        let mut all = Vec::new();
        let mut say = |what: String| all.push(Finding { what, diff: None });
        let Some(seen) = self.hosts.get(host) else { return all };
        if seen.generation == 0 {
            say("nothing was applied yet".to_owned());
        }
        if let Some(pending) = &seen.pending {
            say(format!("generation {} is unfinished: {}", pending.generation, pending.state));
        }
        if let Some(report) = seen.undo_report.as_ref().filter(|r| r.generation > seen.generation) {
            say(format!("generation {} was undone: {}", report.generation, report.reason));
            for left in &report.remaining {
                say(format!("still different after the undo: {left}"));
            }
        }
        let off = seen.clock.abs_diff(now);
        if seen.clock != 0 && off > SKEW {
            say(format!("its clock is {off} s off [{}]", trouble::CLOCK_SKEW));
        }
        let down = seen.units.iter().filter(|(_, unit)| !unit.is_active());
        let down: Vec<String> = down.map(|(unit, _)| unit.clone()).collect();
        match self.drift.get(host) {
            Some(report) => {
                for unit in down.iter().filter(|u| !report.items.iter().any(|i| i.name == **u)) {
                    say(format!("{unit} is not up"));
                }
                all.extend(report.items.iter().map(|i| Finding {
                    what: format!("{} {}: {}", i.kind, i.name, i.what),
                    diff: i.diff.clone(),
                }));
            }
            None => {
                for unit in &down {
                    say(format!("{unit} is not up"));
                }
                for path in seen.drift.iter().filter(|p| !down.contains(p)) {
                    say(format!("{path} was changed by hand"));
                }
                if let Some(watch) = seen.watch.as_ref().filter(|w| w.count > 0) {
                    say(seen_by_itself(watch));
                }
            }
        }
        all
    }

    fn tell(&self, cx: &Cx, now: u64) -> String {
        let paint = cx.console.paint;
        let mut out = String::new();
        let names = self.hosts.keys().chain(self.unknown.keys());
        let width = names.map(|n| n.chars().count()).max().unwrap_or(0);
        let lead = |host: &str, word: &str, style: Style| {
            let pad = " ".repeat(width - host.chars().count());
            let word = format!("{word:<7}");
            format!("{}{pad}  {}", paint.with(Style::Name, host), paint.with(style, word))
        };
        // `row` columns are taken by the name, the word and the gaps.
        let room = cx.console.width.saturating_sub(width + 11).max(20);
        let rest = " ".repeat(width + 11);
        let lines = |lead: &str, text: &str, out: &mut String| {
            let mut table = Table::new();
            table.row([text]);
            for (n, line) in table.text(0, room, crate::ui::Paint { on: false }).lines().enumerate() {
                let before = if n == 0 { lead.to_owned() } else { " ".repeat(width + 9) };
                let _ = writeln!(out, "{}", format!("{before}  {line}").trim_end());
            }
        };
        for (host, seen) in &self.hosts {
            if self.unknown.contains_key(host) {
                continue;
            }
            let findings = self.findings(host, now);
            let (word, style) =
                if findings.is_empty() { ("ok", Style::Good) } else { ("differs", Style::Bad) };
            let mut head = format!("generation {}, {} units up", seen.generation, {
                seen.units.values().filter(|u| u.is_active()).count()
            });
            if let Some(claim) = &seen.claim {
                let since = clock::moment(claim.since);
                let _ = write!(head, ", locked by {} ({}) since {since} UTC", claim.who, claim.from);
            }
            lines(&lead(host, word, style), &head, &mut out);
            for (stage, word) in [(Stage::Shadow, "in shadow"), (Stage::Observe, "not ours yet")] {
                let of = self.staged.get(host).into_iter().flatten().filter(|(_, s)| **s == stage);
                let names: Vec<&str> = of.map(|(name, _)| name.as_str()).collect();
                if !names.is_empty() {
                    let blank = " ".repeat(width + 9);
                    lines(&blank, &format!("{word}: {}", names.join(", ")), &mut out);
                }
            }
            for finding in findings {
                let blank = " ".repeat(width + 9);
                lines(&blank, &format!("- {}", plain(&finding.what)), &mut out);
                for line in finding.diff.iter().flat_map(|d| d.lines()) {
                    let style = match line.as_bytes().first() {
                        Some(b'+') => Style::Good,
                        Some(b'-') => Style::Bad,
                        _ => Style::Dim,
                    };
                    let shown: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
                    let _ = writeln!(out, "{rest}  {}", paint.with(style, shown));
                }
            }
        }
        for (host, why) in &self.unknown {
            let code = why.code.map(|c| format!(" [{c}]")).unwrap_or_default();
            lines(&lead(host, "unknown", Style::Warn), &format!("{}{code}", plain(&why.text)), &mut out);
        }
        let mut helps: BTreeMap<&str, &str> = BTreeMap::new();
        for why in self.unknown.values() {
            if let (Some(code), Some(help)) = (why.code, why.help.as_deref()) {
                helps.insert(code, help);
            }
        }
        for (code, help) in helps {
            let _ = writeln!(out, "{code}: {help}");
        }
        out
    }
}
