//! Killing the agent.

use crate::case::Case;
use crate::state::Flaw;
use crate::verdict::Told;
use crate::watch::kill_agents;
use std::time::Duration;

/// Lines of the journal, in order.
const LINES: [&str; 12] = [
    "staged",
    "checked",
    "armed",
    "switching:users",
    "switching:dirs",
    "switching:stops",
    "switching:files",
    "switching:manager",
    "switching:units",
    "switched",
    "observed",
    "confirmed",
];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Nothing of what is waited for comes later than this.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// By itself, exactly after a line. Only an agent with debug assertions can; another one is killed from
/// outside instead.
pub(super) fn at_line(case: &mut Case<'_>) -> Told {
    if !cfg!(debug_assertions) {
        return on_line(case);
    }
    let line = case.dice.word(&LINES);
    let command = if line == "confirmed" { "confirm" } else { "apply" };
    case.detail = format!("after {line}");
    case.way.environment(command, format!("FLEETWRIGHT_DIE_AT={line}"));
    case.apply()
}

/// From outside, when a line is seen.
pub(super) fn on_line(case: &mut Case<'_>) -> Told {
    let line = case.dice.word(&LINES);
    let later = case.dice.below(3000);
    case.detail = format!("{later} µs after {line}");
    let (state, step) = line.split_once(':').unwrap_or((line, ""));
    case.apply_while(|| {
        if case
            .await_line(|l| l.state == state && (step.is_empty() || l.step == step) || l.is_final())
            .is_some()
        {
            std::thread::sleep(Duration::from_micros(later));
            kill_agents(&case.bench.host);
        }
    })
}

/// At any moment from the first contact on.
pub(super) fn any_time(case: &mut Case<'_>) -> Told {
    let later = case.dice.below(180);
    case.detail = format!("after {later} ms");
    case.apply_while(|| {
        if case.way.await_asked("apply", SOON) {
            std::thread::sleep(ms(later));
            kill_agents(&case.bench.host);
        }
    })
}

/// While it confirms.
pub(super) fn in_confirm(case: &mut Case<'_>) -> Told {
    let later = case.dice.below(25);
    case.detail = format!("{later} ms into confirm");
    case.apply_while(|| {
        if case.way.await_asked("confirm", SOON) {
            std::thread::sleep(ms(later));
            kill_agents(&case.bench.host);
        }
    })
}

/// While it goes back, and once more while it goes back again.
pub(super) fn in_undo(case: &mut Case<'_>) -> Told {
    case.new.flaw = Flaw::ProbeFails;
    let (first, second) = (case.dice.below(30), case.dice.below(40));
    let twice = case.dice.percent(50);
    case.detail = format!("{first} ms into undo{}", if twice { ", and again" } else { "" });
    case.apply_while(|| {
        let Some(line) = case.await_line(|l| l.state == "undoing" || l.is_final()) else { return };
        std::thread::sleep(ms(first));
        kill_agents(&case.bench.host);
        if twice {
            let again = |l: &crate::watch::Line| l.seq > line.seq;
            if case.await_line(again).is_some() {
                std::thread::sleep(ms(second));
                kill_agents(&case.bench.host);
            }
        }
    })
}
