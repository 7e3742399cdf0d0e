//! Plans as people read them.

use crate::host::{FleetPlan, HostPlan, PlannedStep};
use crate::step::{Change, Kind};
use artifact::Why;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Reasons shown under one step; JSON has all of them.
const REASONS: usize = 4;
/// Diff lines shown under one step; JSON has all of them.
const DIFF_LINES: usize = 60;

impl HostPlan {
    /// For people: one aligned line a step, its reasons below, and with `diffs` what changes in the file and what
    /// going back would do.
    pub fn to_text(&self, diffs: bool) -> String {
        let mut out = String::new();
        if self.is_empty() {
            let _ = writeln!(out, "{}: nothing to do", self.host);
            return out;
        }
        let s = if self.steps.len() == 1 { "" } else { "s" };
        let from =
            if self.from == 0 { "first apply".to_owned() } else { format!("generation {}", self.from) };
        let _ = writeln!(out, "{}: {} step{s}, {from}", self.host, self.steps.len());
        let width = self.steps.iter().map(|s| s.step.name.chars().count()).max().unwrap_or(0).min(60);
        for step in &self.steps {
            step_text(step, width, diffs, &mut out);
        }
        for path in &self.drift {
            let _ = writeln!(out, "  ! {path} was changed by hand since the last apply");
        }
        out
    }
}

fn step_text(planned: &PlannedStep, width: usize, diffs: bool, out: &mut String) {
    let step = &planned.step;
    let mut line =
        format!("  {} {:<8} {:<width$}  {:<8}", step.change.sign(), step.kind, step.name, step.change);
    if step.kind != Kind::Unit && planned.interruption != "none" {
        let _ = write!(line, " {}", planned.interruption);
    }
    let _ = writeln!(out, "{}", line.trim_end());
    let mut words = step.detail.clone();
    // A person who asks for everything also wants to know what going back would do.
    if diffs && !planned.undo.is_empty() {
        words.push(format!("undone: {}", planned.undo));
    }
    if !words.is_empty() {
        let _ = writeln!(out, "      {}", words.join("; "));
    }
    for why in planned.why.iter().take(REASONS) {
        let _ = writeln!(out, "      {}", why_text(why));
    }
    if planned.why.len() > REASONS {
        let _ = writeln!(out, "      and {} more reasons", planned.why.len() - REASONS);
    }
    if let (true, Some(diff)) = (diffs, &planned.diff) {
        for line in diff.lines().take(DIFF_LINES) {
            let _ = writeln!(out, "{}", format!("      | {line}").trim_end());
        }
        let more = diff.lines().count().saturating_sub(DIFF_LINES);
        if more > 0 {
            let _ = writeln!(out, "      | … {more} more lines");
        }
    }
}

fn why_text(why: &Why) -> String {
    if why.place.is_source() { format!("{}: {}", why.place, why.reason) } else { why.reason.to_string() }
}

impl HostPlan {
    /// A few lines: what is interrupted and how much changes, without reasons.
    fn to_summary(&self, out: &mut String) {
        let mut kinds: BTreeMap<(Kind, Change), usize> = BTreeMap::new();
        let mut interrupted: Vec<&str> = Vec::new();
        for step in &self.steps {
            *kinds.entry((step.step.kind, step.step.change)).or_default() += 1;
            if step.step.kind == Kind::Unit && step.interruption != "none" {
                interrupted.push(&step.interruption);
            }
        }
        let words: Vec<String> = kinds
            .iter()
            .filter(|((kind, _), _)| *kind != Kind::Manager)
            .map(|((kind, change), n)| {
                format!("{} {n} {kind}{}", change.word(), if *n == 1 { "" } else { "s" })
            })
            .collect();
        let _ = writeln!(out, "{}: {}", self.host, words.join(", "));
        let all = interrupted.len();
        if all > 0 {
            let more = if all > REASONS { format!(" and {} more", all - REASONS) } else { String::new() };
            interrupted.truncate(REASONS);
            let _ = writeln!(out, "  {}{more}", interrupted.join(", "));
        }
        for path in &self.drift {
            let _ = writeln!(out, "  ! {path} was changed by hand since the last apply");
        }
    }
}

impl FleetPlan {
    /// For a person who is about to agree: what changes on each host by number, and what is interrupted.
    pub fn to_summary(&self) -> String {
        let mut out = String::new();
        for plan in self.hosts.values().filter(|p| !p.is_empty()) {
            plan.to_summary(&mut out);
        }
        self.count(&mut out);
        out
    }

    /// For people: hosts that change, hosts nobody could observe, and one line that counts all.
    pub fn to_text(&self, diffs: bool) -> String {
        let mut out = String::new();
        for plan in self.hosts.values().filter(|p| !p.is_empty()) {
            out.push_str(&plan.to_text(diffs));
            out.push('\n');
        }
        self.count(&mut out);
        out
    }

    /// Hosts nobody could observe, and one line that counts all.
    fn count(&self, out: &mut String) {
        for (host, reason) in &self.unknown {
            let _ = writeln!(out, "{host}: unknown: {reason}");
        }
        let changing = self.hosts.values().filter(|p| !p.is_empty()).count();
        let quiet = self.hosts.len() - changing;
        let mut parts = Vec::new();
        if changing > 0 {
            parts.push(format!("{changing} to change"));
        }
        if !self.unknown.is_empty() {
            parts.push(format!("{} unknown", self.unknown.len()));
        }
        if quiet > 0 {
            parts.push(format!("{quiet} with nothing to do"));
        }
        if !parts.is_empty() {
            let _ = writeln!(out, "hosts: {}", parts.join(", "));
        }
    }
}
