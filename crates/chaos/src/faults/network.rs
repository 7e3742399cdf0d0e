//! Cutting the network.

use super::agent::SOON;
use crate::case::Case;
use crate::verdict::Told;
use crate::way::Cut;
use std::time::Duration;

fn how(case: &mut Case<'_>) -> Cut {
    if case.dice.percent(50) { Cut::Refused } else { Cut::Silent }
}

/// Before a step of the conversation or in the middle of it, for shorter or longer than the deadline; the
/// longest cuts are 6 s against a deadline of 3 s, as 60 s against one of 30 s would be.
pub(super) fn cut(case: &mut Case<'_>) -> Told {
    let how = how(case);
    let short = case.dice.percent(70);
    let lasts = if short { case.dice.between(50, 900) } else { case.dice.between(1000, 6000) };
    let at = case.dice.word(&["apply", "staged", "armed", "switching", "observed", "confirm", "status"]);
    let later = case.dice.below(20);
    case.detail = format!("{how:?} for {lasts} ms, {later} ms after {at}");
    case.apply_while(|| {
        let reached = match at {
            "apply" | "confirm" => case.way.await_asked(at, SOON),
            "status" => {
                // First what makes it ask.
                let line = case.await_line(|l| l.state == "switching" || l.is_final());
                case.way.reset();
                line.is_some() && case.way.await_asked(at, Duration::from_secs(1))
            }
            state => case.await_line(|l| l.state == state || l.is_final()).is_some(),
        };
        if reached {
            std::thread::sleep(Duration::from_millis(later));
            case.way.cut(Some(how));
            std::thread::sleep(Duration::from_millis(lasts));
            case.way.cut(None);
        }
    })
}

/// From the switch on until the deadline is well over.
pub(super) fn nobody_confirms(case: &mut Case<'_>) -> Told {
    let how = how(case);
    case.deadline_s = 2;
    case.detail = format!("{how:?}");
    case.way.hold("confirm");
    case.apply_while(|| {
        let line = case.await_line(|l| l.state == "observed" || l.is_final());
        case.way.cut(Some(how));
        case.way.let_through();
        if line.is_some_and(|l| l.state == "observed") {
            case.await_line(|l| l.is_final());
        }
        case.way.cut(None);
    })
}

/// What the host answers to `confirm` does not arrive; then the network is away for a while.
pub(super) fn answer_lost(case: &mut Case<'_>) -> Told {
    let lasts = case.dice.below(3).pow(2) * 900;
    case.detail = format!("then cut for {lasts} ms");
    case.way.lose_answer("confirm");
    case.apply_while(|| {
        if lasts > 0 && case.await_line(|l| l.state == "confirmed" || l.is_final()).is_some() {
            case.way.cut(Some(Cut::Refused));
            std::thread::sleep(Duration::from_millis(lasts));
            case.way.cut(None);
        }
    })
}
