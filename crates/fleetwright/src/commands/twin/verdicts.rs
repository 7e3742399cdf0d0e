//! Verdicts for people, machines and CI.

use crate::Cx;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Console, Style};
use std::path::Path;
use twin::prove::{Outcome, Verdict, report};

/// Refuted is more certain than not judged; both are failures, and no verdict at all proves nothing.
pub fn exit_of(verdicts: &[Verdict]) -> Exit {
    let refuted = |v: &Verdict| matches!(v.outcome, Outcome::Refuted { .. });
    if verdicts.iter().any(refuted) {
        Exit::Refuted
    } else if twin::prove::all_proved(verdicts) {
        Exit::Ok
    } else {
        Exit::Unknown
    }
}

/// The table, and in full what does not hold.
pub fn text(cx: &Cx, verdicts: &[Verdict], seconds: f64) -> String {
    let paint = cx.console.paint;
    let exit = exit_of(verdicts);
    if cx.global.quiet && exit == Exit::Ok {
        return String::new();
    }
    let proved = verdicts.iter().filter(|v| v.outcome.is_proved()).count();
    let word = match exit {
        Exit::Ok => paint.with(Style::Good, "proved"),
        Exit::Refuted => paint.with(Style::Bad, "refuted"),
        _ => paint.with(Style::Warn, "not judged"),
    };
    let details = report::details(verdicts);
    let gap = if details.is_empty() { "" } else { "\n" };
    format!(
        "{}{gap}{details}{word}: {proved} of {} hold, in {seconds:.1} s\n",
        report::summary(verdicts),
        verdicts.len()
    )
}

/// Writes the JUnit file when one is wanted.
///
/// # Errors
/// When it cannot be written.
pub fn junit(path: Option<&Path>, twin: &str, verdicts: &[Verdict]) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, report::junit(twin, verdicts))
        .map_err(|e| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display())))
}

/// A verdict as it comes, on a terminal's standard error; those that hold only move the progress line.
pub fn live(console: &Console, verdict: &Verdict) {
    if !console.live {
        return;
    }
    let paint = console.paint_err;
    let mark = match verdict.outcome {
        Outcome::Proved { .. } => return,
        Outcome::Refuted { .. } => paint.with(Style::Bad, "✗"),
        Outcome::Unjudged { .. } => paint.with(Style::Warn, "?"),
    };
    console.note(format!("\r\x1b[2K{mark} {}\n", verdict.id));
}
