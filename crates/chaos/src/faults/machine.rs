//! Breaking the machine: power, services, systemd.

use super::agent::SOON;
use crate::case::Case;
use crate::verdict::Told;
use crate::watch::{self, Line, while_stopped};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::time::Duration;
use twin::{PowerOff, Watch};

/// When the power goes: seldom before the agent has begun.
fn moment(case: &mut Case<'_>) -> (&'static str, u64) {
    let states =
        ["", "staged", "armed", "switching", "switching", "switched", "observed", "confirmed", "undoing"];
    let at = case.dice.word(&states);
    let later = if at.is_empty() { case.dice.below(150) } else { case.dice.below(10) };
    case.detail = format!("{later} ms after {}", if at.is_empty() { "the first contact" } else { at });
    (at, later)
}

fn await_moment(case: &Case<'_>, (at, later): (&str, u64)) {
    match at {
        "" => {
            case.way.await_asked("apply", SOON);
        }
        at => {
            case.await_line(|l| l.state == at || l.is_final());
        }
    }
    std::thread::sleep(Duration::from_millis(later));
}

/// Every process of the machine ends at once; it boots again from its disk.
pub(super) fn power_cut(case: &mut Case<'_>) -> Result<Told, String> {
    let when = moment(case);
    if when.0 == "undoing" {
        case.new.flaw = crate::state::Flaw::ProbeFails;
    }
    let dark = case.dice.below(3) * 200;
    let mut cut = Ok(());
    let told = case.apply_while(|| {
        await_moment(case, when);
        let twin = &case.lab.twin;
        cut = twin.power_off(&case.bench.name, PowerOff::Cut).and_then(|()| {
            std::thread::sleep(Duration::from_millis(dark));
            twin.power_on(&case.bench.name, &Watch::quiet())
        });
    });
    cut.map_err(|e| format!("power: {e}")).map(|()| told)
}

/// Nothing of the machine's own moves for a while; the agent finds a systemd that does not answer.
pub(super) fn freeze(case: &mut Case<'_>) -> Result<Told, String> {
    let when = moment(case);
    let lasts = case.dice.between(50, 2500);
    case.detail.push_str(&format!(", for {lasts} ms"));
    let mut frozen = Ok(());
    let told = case.apply_while(|| {
        await_moment(case, when);
        let twin = &case.lab.twin;
        frozen = twin.freeze(&case.bench.name, true).and_then(|()| {
            std::thread::sleep(Duration::from_millis(lasts));
            twin.freeze(&case.bench.name, false)
        });
    });
    frozen.map_err(|e| format!("freeze: {e}")).map(|()| told)
}

/// The process of a service is killed while units are switched, at the latest before the confirm.
pub(super) fn unit_killed(case: &mut Case<'_>) -> Result<Told, String> {
    let unit = if case.new.worker.is_some() && case.old.worker.is_some() && case.dice.percent(40) {
        "chaos-worker.service"
    } else {
        "chaos-app.service"
    };
    // A service that is not switched stays dead when the host goes back: that is no state of the apply's.
    if unit == "chaos-app.service" {
        case.new.fixed = (case.old.fixed + 1) % 3;
    } else {
        case.new.worker = case.old.worker.map(|w| 1 - w.min(1));
    }
    let at = case.dice.word(&["switching:files", "switching:units", "switched", "observed"]);
    let later = case.dice.below(30);
    case.detail = format!("{unit}, {later} ms after {at}");
    let (state, step) = at.split_once(':').unwrap_or((at, ""));
    let word = if unit == "chaos-app.service" { "1000000" } else { "2000000" };
    case.way.hold("confirm");
    Ok(case.apply_while(|| {
        let wanted = |l: &Line| l.state == state && (step.is_empty() || l.step == step);
        // Not after it has ended: that would be no fault of the apply's.
        if case.await_line(|l| wanted(l) || l.is_final()).is_some_and(|l| wanted(&l)) {
            std::thread::sleep(Duration::from_millis(later));
            while_stopped(&case.bench.host, || {
                if watch::last(&case.bench.host).is_some_and(|l| l.seq > case.seq && !l.is_final()) {
                    kill_service(case, word);
                }
            });
        }
        case.way.let_through();
    }))
}

/// Kills the process whose second argument begins with a word, and waits until it is dead: systemd hears of that
/// before it is asked anything else.
fn kill_service(case: &Case<'_>, word: &str) {
    let Ok(leader) = remote_pid(case) else { return };
    let space = |pid: i32| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let mine = space(leader);
    let Ok(all) = std::fs::read_dir("/proc") else { return };
    let pids = all.flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let second = line.split(|b| *b == 0).nth(1).unwrap_or_default();
        if second.starts_with(word.as_bytes())
            && space(pid) == mine
            && let Some(pid) = Pid::from_raw(pid)
        {
            // It may have ended by itself.
            let Ok(ended) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            let _ = kill_process(pid, Signal::KILL);
            let _ = poll(&mut [PollFd::new(&ended, PollFlags::IN)], None);
        }
    }
}

fn remote_pid(case: &Case<'_>) -> Result<i32, remote::RemoteError> {
    case.bench.host.pid()
}
