//! States that are wrong in themselves.

use crate::case::Case;
use crate::kind::Kind;
use crate::state::Flaw;
use crate::verdict::Told;
use std::time::{Duration, Instant};

/// Applies a state with a flaw.
pub(super) fn flawed(case: &mut Case<'_>, kind: Kind) -> Result<Told, String> {
    // What is wrong shows when the service is started, or reloaded, anew.
    case.new.fixed = (case.old.fixed + 1) % 3;
    case.new.live = (case.old.live + 1) % 3;
    case.new.flaw = match kind {
        Kind::CheckerHangs if case.dice.percent(30) => Flaw::CheckerRefuses,
        Kind::CheckerHangs => Flaw::CheckerHangs,
        Kind::CheckerLies => Flaw::CheckerLies,
        Kind::DiesInSettle => Flaw::DiesAfter(u32::try_from(case.dice.below(50)).unwrap_or(0)),
        Kind::DiesBeforeConfirm => Flaw::DiesAfter(600),
        Kind::DiesLater => Flaw::DiesAfter(5000),
        Kind::CrashLoop => Flaw::CrashLoop,
        Kind::ReloadHangs => Flaw::ReloadHangs,
        Kind::CommandHangs => Flaw::CommandHangs,
        _ => Flaw::ProbeFails,
    };
    case.detail = format!("{:?}", case.new.flaw);
    match kind {
        Kind::DiesInSettle | Kind::CrashLoop => {
            let mut options = case.options();
            options.settle_ms = 400;
            Ok(case.lab.apply(case.way.clone(), &case.new, &options))
        }
        Kind::DiesBeforeConfirm => {
            case.way.hold("confirm");
            Ok(case.apply_while(|| {
                if case.await_line(|l| l.state == "observed" || l.is_final()).is_some() {
                    await_dead(case, Duration::from_secs(3));
                }
                case.way.let_through();
            }))
        }
        Kind::DiesLater => {
            let told = case.apply();
            if matches!(told, Told::New(_)) {
                await_dead(case, Duration::from_secs(8));
                case.excused = vec!["unit chaos-app.service".into(), "process chaos-app.service".into()];
            }
            Ok(told)
        }
        Kind::ReloadHangs | Kind::CommandHangs => {
            // Only what is reloaded may differ, else the service is restarted instead.
            case.new.fixed = case.old.fixed;
            case.new.described = case.old.described;
            if kind == Kind::ReloadHangs {
                let mut old = case.old.with(Flaw::ReloadHangs);
                old.tag = case.old.tag;
                let options = case.lab.options();
                match case.lab.apply(crate::way::Way::new(case.bench.host.clone()), &old, &options) {
                    Told::New(_) => {}
                    told => return Err(format!("the state before could not be made: {told}")),
                }
                case.old = old;
                case.seq = crate::watch::last(&case.bench.host).map_or(0, |l| l.seq);
            }
            Ok(case.apply())
        }
        _ => Ok(case.apply()),
    }
}

/// Waits until the service is dead: systemd sends no event to those outside, so it is asked.
fn await_dead(case: &Case<'_>, limit: Duration) {
    let until = Instant::now() + limit;
    while Instant::now() < until && case.bench.sh("systemctl is-active -q chaos-app.service").is_ok() {
        std::thread::sleep(Duration::from_millis(50));
    }
}
