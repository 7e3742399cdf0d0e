//! Counting, and the table.

use crate::case::Done;
use crate::kind::Kind;
use crate::verdict::{Told, Wrong};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Counts of one kind.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Row {
    /// Cases.
    pub cases: u64,
    /// Reported as done.
    pub new: u64,
    /// Reported as gone back or not begun.
    pub old: u64,
    /// Reported as gone back, but not wholly.
    pub not_wholly: u64,
    /// Reported as unknown, or the controller was killed.
    pub unknown: u64,
    /// What was wrong, by name.
    pub wrong: BTreeMap<&'static str, u64>,
    /// The longest a controller took.
    pub longest: Duration,
}

/// Counts of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By kind.
    pub rows: BTreeMap<Kind, Row>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Tally {
    /// Adds a case.
    pub fn add(&mut self, done: &Done) {
        let row = self.rows.entry(done.kind).or_default();
        row.cases += 1;
        match done.told {
            Told::New(_) => row.new += 1,
            Told::Old(_) => row.old += 1,
            Told::NotWholly(_) => row.not_wholly += 1,
            Told::Unknown(_) | Told::Nothing | Told::Hung => row.unknown += 1,
        }
        for (wrong, _) in &done.wrong {
            *row.wrong.entry(wrong.name()).or_default() += 1;
        }
        row.longest = row.longest.max(done.took);
    }

    /// All kinds together.
    pub fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.cases += row.cases;
            total.new += row.new;
            total.old += row.old;
            total.not_wholly += row.not_wholly;
            total.unknown += row.unknown;
            total.longest = total.longest.max(row.longest);
            for (name, count) in &row.wrong {
                *total.wrong.entry(name).or_default() += count;
            }
        }
        total
    }

    /// How many things were wrong.
    pub fn wrong(&self) -> u64 {
        self.rows.values().flat_map(|r| r.wrong.values()).sum()
    }

    /// Cases a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        let cases = u32::try_from(self.total().cases).unwrap_or(u32::MAX);
        if seconds > 0.0 { f64::from(cases) / seconds } else { 0.0 }
    }

    /// The table in Markdown.
    pub fn table(&self) -> String {
        let mut out = String::from(
            "| fault | cases | done | went back | not wholly | unknown | between | false success | false failure | hangs | other | longest |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        let rows = self.rows.iter().map(|(k, r)| (k.name(), r.clone()));
        for (name, row) in rows.chain([("all", self.total())]) {
            let count = |wrong: Wrong| row.wrong.get(wrong.name()).copied().unwrap_or(0);
            let named = [Wrong::Between, Wrong::FalseSuccess, Wrong::FalseFailure, Wrong::Hang].map(count);
            let other = row.wrong.values().sum::<u64>() - named.iter().sum::<u64>();
            let [between, success, failure, hangs] = named;
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {} | {} | {} | {between} | {success} | {failure} | {hangs} | {other} | {:.1} s |",
                row.cases,
                row.new,
                row.old,
                row.not_wholly,
                row.unknown,
                row.longest.as_secs_f64()
            );
        }
        out
    }

    /// The same as JSON.
    pub fn json(&self, seed: u64) -> serde_json::Value {
        let rows: BTreeMap<&str, &Row> = self.rows.iter().map(|(k, r)| (k.name(), r)).collect();
        serde_json::json!({
            "seed": seed, "cases": self.total().cases, "wrong": self.wrong(),
            "elapsed_s": self.elapsed.as_secs_f64(), "rate": self.rate(), "kinds": rows,
        })
    }
}
