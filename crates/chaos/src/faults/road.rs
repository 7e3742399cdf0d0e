//! Breaking SSH: its server dies, or the path loses packets.

use crate::case::Case;
use crate::road::{Lost, START};
use crate::verdict::Told;
use crate::watch;
use std::time::Duration;

/// When it begins, and how much later.
fn moment(case: &mut Case<'_>) -> (&'static str, Duration) {
    let at = case.dice.word(&[
        "",
        "apply",
        "staged",
        "checked",
        "armed",
        "switching",
        "switched",
        "observed",
        "confirm",
        "confirmed",
    ]);
    let later = if at.is_empty() { case.dice.below(150) } else { case.dice.below(20) };
    let after = if at.is_empty() { "the start" } else { at };
    case.detail.push_str(&format!(", {later} ms after {after}"));
    (at, Duration::from_millis(later))
}

/// False when it never came.
fn await_moment(case: &Case<'_>, (at, later): (&str, Duration)) -> bool {
    let came = case.await_step(at);
    std::thread::sleep(later);
    came
}

/// Who of sshd is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Listener,
    Sessions,
    All,
}

/// Kills sshd where it stands; systemd does not start it again.
fn kill(case: &Case<'_>, who: Who) -> Result<usize, String> {
    let leader = case.bench.host.pid().map_err(|e| e.to_string())?;
    let is_listener = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace());
        fields.and_then(|mut f| f.nth(1)?.parse().ok()) == Some(leader)
    };
    let meant = |pid: i32| match who {
        Who::All => true,
        Who::Listener => is_listener(pid),
        Who::Sessions => !is_listener(pid),
    };
    let pids = watch::called(&case.bench.host, "sshd").into_iter().filter(|pid| meant(*pid));
    Ok(watch::kill(pids))
}

/// sshd's listener, its sessions or both are killed; it comes back after a while.
pub(super) fn sshd_killed(case: &mut Case<'_>) -> Result<Told, String> {
    let road = case.lab.road()?;
    case.way = road.way(case.bench)?;
    let (who, name) = match case.dice.below(3) {
        0 => (Who::Listener, "the listener"),
        1 => (Who::Sessions, "its sessions"),
        _ => (Who::All, "both"),
    };
    let away = if case.dice.percent(70) { case.dice.below(900) } else { case.dice.between(1000, 6000) };
    case.detail = format!("{name} for {away} ms");
    let when = moment(case);
    let mut killed = Ok(0);
    let told = case.apply_while(|| {
        if !await_moment(case, when) {
            return;
        }
        killed = kill(case, who);
        std::thread::sleep(Duration::from_millis(away));
        if let Err(e) = case.bench.sh(START) {
            killed = Err(e);
        }
    });
    case.detail.push_str(&format!("; {} killed", killed?));
    Ok(told)
}

/// Packets between the desk and the machine get lost for a while.
pub(super) fn packet_loss(case: &mut Case<'_>) -> Result<Told, String> {
    let road = case.lab.road()?;
    case.way = road.way(case.bench)?;
    let percent = case.dice.between(1, 60);
    let which = case.dice.pick(&[Lost::There, Lost::Back, Lost::Both]).copied().unwrap_or(Lost::Both);
    let lasts =
        if case.dice.percent(70) { case.dice.between(50, 1500) } else { case.dice.between(1500, 6000) };
    case.detail = format!("{percent} % {which:?} for {lasts} ms");
    let when = moment(case);
    let mut lost = Ok(0);
    let told = case.apply_while(|| {
        if !await_moment(case, when) {
            return;
        }
        lost = road.lose(case.bench, percent, which).and_then(|()| {
            std::thread::sleep(Duration::from_millis(lasts));
            road.lose_none(case.bench)
        });
    });
    case.detail.push_str(&format!("; {} lost", lost?));
    Ok(told)
}
