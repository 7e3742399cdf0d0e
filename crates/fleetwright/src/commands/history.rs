//! `fleetwright history`.

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::history::{History, Record};
use crate::receipts::{self, Trust};
use crate::ui::{Style, Table};
use crate::{Cx, clock, folder};
use clap::Args;
use diag::Report;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// List what was done to the hosts from this folder, by whom and when
///
/// Each apply and rollback is one line; `fleetwright show N` shows one in full. A run that was killed is listed
/// as cut off. Receipts of hosts are held against the fleet's known_hosts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright history\n  fleetwright history --host mac-mini --since 2027-06-01\n  \
    fleetwright history --by olena --json"
)]
pub struct HistoryOf {
    /// Only runs that had to do with this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Only runs by this person: `user@machine`, or a part of it
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Only runs since this day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    since: Option<String>,
}

fn day(text: &str) -> Result<String, String> {
    let digits = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let whole = text.len() == 10 && [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digits);
    let dashes = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if whole && dashes { Ok(text.to_owned()) } else { Err("a day is written 2027-06-30".to_owned()) }
}

/// Runs it.
///
/// # Errors
/// When there is no fleet or a record cannot be read.
pub fn run(command: &HistoryOf, cx: &Cx) -> Result<Exit, Failure> {
    let folder = folder::find(cx.global.fleet.as_deref())?;
    let history = History::of(&folder);
    let known = known_hosts(&folder);
    let mut records = Vec::new();
    for number in history.numbers()? {
        let Some(record) = history.get(number)? else { continue };
        let day = clock::moment(record.run.since);
        let fits = command.host.as_ref().is_none_or(|h| record.hosts.contains_key(h))
            && command.by.as_ref().is_none_or(|w| record.run.who.contains(w.as_str()))
            && command.since.as_ref().is_none_or(|s| day.get(..10) >= Some(s.as_str()));
        if fits {
            records.push(record);
        }
    }
    if cx.global.json {
        let runs: Vec<_> = records.iter().map(|r| json!({"run": r, "trust": trusts(r, &known)})).collect();
        let fields = Map::from_iter([("runs".to_owned(), json!(runs))]);
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new();
    for r in &records {
        let style = match r.outcome() {
            "whole" => Style::Good,
            "failed" => Style::Bad,
            _ => Style::Warn,
        };
        let bad = trusts(r, &known).values().any(|t| matches!(t, Trust::Bad(_)));
        let mut what = format!("{} {}: {}", r.kind, r.environment, counts(r));
        if bad {
            what.push_str(", BAD signature");
        }
        let number = r.number.to_string();
        table.styled([
            (&number, Some(Style::Bold)),
            (&clock::moment(r.run.since), Some(Style::Dim)),
            (&r.run.who, Some(Style::Name)),
            (r.outcome(), Some(style)),
            (&what, None),
        ]);
    }
    if records.is_empty() {
        return cx.console.say("no runs").map(|()| Exit::Ok);
    }
    cx.console.print(table.text(0, cx.console.width, cx.console.paint))?;
    Ok(Exit::Ok)
}

/// `2 changed, 1 failed of 3 hosts`.
fn counts(record: &Record) -> String {
    let words = ["failed", "undone", "unknown", "skipped", "changed", "unchanged"];
    let parts: Vec<String> = words
        .into_iter()
        .map(|w| (record.count(w), w))
        .filter(|(n, _)| *n > 0)
        .map(|(n, w)| format!("{n} {w}"))
        .collect();
    if parts.is_empty() { "no outcome".to_owned() } else { parts.join(", ") }
}

/// What the signatures of a run's receipts are worth, by host.
fn trusts(record: &Record, known: &str) -> BTreeMap<String, Trust> {
    let hosts = record.hosts.iter();
    hosts.filter_map(|(h, e)| Some((h.clone(), receipts::trust(e.receipt.as_ref()?, h, known)))).collect()
}

/// The text of the fleet's pinned keys; empty when none are pinned.
pub(super) fn known_hosts(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("known_hosts")).unwrap_or_default()
}

/// `fleetwright show N`: one run in full.
///
/// # Errors
/// When there is no run of this number, or it cannot be read.
pub(super) fn show(number: u64, cx: &Cx) -> Result<Exit, Failure> {
    let folder = folder::find(cx.global.fleet.as_deref())?;
    let Some(record) = History::of(&folder).get(number)? else {
        let what = format!("there is no run {number}");
        return Err(
            Failure::bare(Exit::Errors, crate::codes::NO_SUCH, what).help("`fleetwright history` lists them")
        );
    };
    let trusts = trusts(&record, &known_hosts(&folder));
    if cx.global.json {
        let fields = Map::from_iter([("run".to_owned(), json!(record)), ("trust".to_owned(), json!(trusts))]);
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
    } else {
        cx.console.print(text(cx, &record, &trusts))?;
    }
    Ok(Exit::Ok)
}

fn text(cx: &Cx, record: &Record, trusts: &BTreeMap<String, Trust>) -> String {
    let paint = cx.console.paint;
    let (run, none) = (&record.run, "-".to_owned());
    let ended =
        record.ended.map_or("never: it was cut off".to_owned(), |at| format!("{} UTC", clock::moment(at)));
    let waves: Vec<String> = record.waves.iter().map(|w| w.join(" ")).collect();
    let mut head = Table::new();
    let plan = match (&record.plan, &record.plan_file) {
        (Some(digest), Some(file)) => format!("{digest} from {}", file.display()),
        (Some(digest), None) => digest.clone(),
        _ => none.clone(),
    };
    for (name, value) in [
        ("run", run.id.clone()),
        ("kind", format!("{}, {}", record.kind, record.environment)),
        ("by", format!("{} ({}, process {})", run.who, run.from, run.pid)),
        ("begun", format!("{} UTC", clock::moment(run.since))),
        ("ended", ended),
        ("outcome", record.outcome().to_owned()),
        ("plan", plan),
        ("waves", if waves.is_empty() { none } else { waves.join(", then ") }),
        ("logs", record.log.display().to_string()),
    ] {
        head.styled([(name, Some(Style::Dim)), (&value, None)]);
    }
    let mut out = head.text(0, cx.console.width, paint);
    for (host, ended) in &record.hosts {
        let style = if ended.is_ok() { Style::Good } else { Style::Bad };
        let (name, word) = (paint.with(Style::Name, host), paint.with(style, &ended.outcome));
        let _ = writeln!(out, "\n{name}: {word}: {}", ended.text);
        let Some(receipt) = &ended.receipt else { continue };
        let mut table = Table::new();
        let trust = trusts.get(host).unwrap_or(&Trust::Unsigned);
        let (word, style) = (trust.word(), if *trust == Trust::Verified { Style::Good } else { Style::Warn });
        let style = if matches!(trust, Trust::Bad(_)) { Style::Bad } else { style };
        let why = if let Trust::Bad(why) = trust { why.as_str() } else { "" };
        table.styled([("receipt", Some(Style::Dim)), (word, Some(style))]);
        if !why.is_empty() {
            table.styled([("", None), (why, Some(Style::Bad))]);
        }
        let active = receipt.units.values().filter(|u| u.is_active()).count();
        let seen = format!(
            "{} UTC: {} files, {active} of {} units up, {} probes",
            clock::moment(receipt.at),
            receipt.files.len(),
            receipt.units.len(),
            receipt.health.len()
        );
        table.styled([("seen", Some(Style::Dim)), (&seen, None)]);
        table.styled([("state", Some(Style::Dim)), (&receipt.digest, None)]);
        out.push_str(&table.text(2, cx.console.width.max(100), paint));
    }
    out
}
