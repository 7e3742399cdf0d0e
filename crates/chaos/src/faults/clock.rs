//! Clocks that jump.

use crate::case::Case;
use crate::clock;
use crate::state::Flaw;
use crate::verdict::Told;
use crate::watch;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Minutes to days, forwards or backwards.
fn jump(case: &mut Case<'_>) -> i64 {
    let seconds = match case.dice.below(3) {
        0 => case.dice.between(60, 3600),
        1 => case.dice.between(3600, 86_400),
        _ => case.dice.between(86_400, 40 * 86_400),
    };
    let seconds = i64::try_from(seconds).unwrap_or(0);
    if case.dice.percent(50) { seconds } else { -seconds }
}

/// The host's clock jumps before or while the agent works, and the controller's may be a day off. That keeps
/// nothing from succeeding.
pub(super) fn jumps(case: &mut Case<'_>) -> Result<Told, String> {
    // What is waited for is told by the monotonic clock: no case of this kind may fail for lack of time.
    case.deadline_s = 20;
    let before = if case.dice.percent(50) { 0 } else { jump(case) };
    let jump = jump(case);
    case.skew_s =
        [0, 86_400, -86_400].get(usize::try_from(case.dice.below(3)).unwrap_or(0)).copied().unwrap_or(0);
    let at = case.dice.word(&["apply", "staged", "armed", "switching", "switched", "observed", "confirm"]);
    let later = case.dice.below(20);
    // Going back must not be a matter of the clock either.
    case.must_succeed = case.dice.percent(75);
    if !case.must_succeed {
        case.new.flaw = Flaw::ProbeFails;
    }
    case.detail = format!(
        "{before:+} s, then {jump:+} s {later} ms after {at}, the controller's {:+} s{}",
        case.skew_s,
        if case.must_succeed { "" } else { ", and a probe fails" }
    );
    clock::set(case.bench, before)?;
    clock::wrong_for(&case.way);
    let mut set = Ok(());
    let told = case.apply_while(|| {
        if case.await_step(at) {
            std::thread::sleep(Duration::from_millis(later));
            set = clock::set(case.bench, before + jump);
        }
    });
    set?;
    seen(case, &[before, before + jump])?;
    Ok(told)
}

/// Makes sure that the agent's clock was one of these seconds off, by what it wrote into its journal.
fn seen(case: &Case<'_>, off: &[i64]) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let wrote = watch::since(&case.bench.host, case.seq);
    let near = |at: u64, off: i64| at.abs_diff(now.saturating_add_signed(off)) < 45;
    match wrote.iter().find(|l| !off.iter().any(|o| near(l.at, *o))) {
        Some(line) => {
            Err(format!("the agent's clock was not {off:?} s off at {}: {}, now {now}", line.state, line.at))
        }
        None => Ok(()),
    }
}
