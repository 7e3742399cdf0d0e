//! Killing the controller, and having two of them.

use super::agent::SOON;
use crate::case::{After, Case};
use crate::state::State;
use crate::verdict::Told;
use crate::way::Way;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Its process is killed at any moment, or when the journal is seen to reach a state.
pub(super) fn killed(case: &mut Case<'_>) -> Result<Told, String> {
    case.deadline_s = 2;
    let states = ["", "staged", "armed", "switching", "switched", "observed", "confirmed"];
    let at = case.dice.word(&states);
    let later = if at.is_empty() { case.dice.below(250) } else { case.dice.below(12) };
    case.detail = format!("{later} ms after {}", if at.is_empty() { "its start" } else { at });
    let mut command = Command::new(&case.lab.program);
    let job = serde_json::json!({
        "twin": case.lab.twin.name(), "machine": case.bench.name, "seed": case.lab.seed,
        "state": case.new.tag, "deadline_s": case.deadline_s, "agent": case.lab.agent(),
    });
    command.arg("--one-apply").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("start a controller: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{job}").map_err(|e| format!("start a controller: {e}"))?;
    }
    if !at.is_empty() {
        case.await_line(|l| l.state == at || l.is_final());
    }
    std::thread::sleep(Duration::from_millis(later));
    child.kill().and_then(|()| child.wait()).map_err(|e| format!("kill the controller: {e}"))?;
    Ok(Told::Nothing)
}

/// Another controller wants another state at nearly the same time.
pub(super) fn two(case: &mut Case<'_>) -> Result<(Told, After), String> {
    let rival = State::of(case.lab.seed, case.new.tag + 1_000_003);
    let later = case.dice.below(120);
    case.detail = format!("the other one {later} ms later");
    let way = Way::new(case.bench.host.clone());
    let (told, theirs) = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            case.way.await_asked("apply", SOON);
            std::thread::sleep(Duration::from_millis(later));
            case.lab.apply(way, &rival, &case.options())
        });
        (case.apply(), other.join())
    });
    let theirs = theirs.map_err(|_| "the other controller panicked".to_owned())?;
    case.detail.push_str(&format!(" was told {theirs}"));
    Ok((told, After { rival: Some((rival, theirs)), ..After::default() }))
}
