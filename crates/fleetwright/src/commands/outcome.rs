//! How a run ended, in words, as diagnostics and as an exit code.

use crate::Cx;
use crate::exit::Exit;
use crate::trouble;
use crate::ui::{Style, Table, plain};
use ::apply::{FleetOutcome, HostOutcome};
use diag::Diagnostic;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The exit code of an outcome: failed is more certain than unknown, and both are failures.
pub fn exit_of(outcome: &FleetOutcome) -> Exit {
    let mut exit = Exit::Ok;
    for (name, host) in &outcome.hosts {
        exit = match host {
            // Somebody said that it may be away; it is told, and it is no failure.
            HostOutcome::Unknown { .. } if outcome.allowed.contains(name) => exit,
            HostOutcome::Unchanged { .. } | HostOutcome::Changed { .. } => exit,
            HostOutcome::Undone { .. } | HostOutcome::Failed { .. } => return Exit::Refuted,
            HostOutcome::Unknown { .. } | HostOutcome::Skipped { .. } => Exit::Unknown,
        };
    }
    exit
}

/// A line a host that is not unchanged, the way out of each kind of trouble, and a line that counts.
pub fn tell(cx: &Cx, outcome: &FleetOutcome) -> String {
    if cx.global.quiet && exit_of(outcome) == Exit::Ok {
        return String::new();
    }
    let mut table = Table::new();
    let (mut unchanged, mut changed) = (0, 0);
    for (host, ended) in &outcome.hosts {
        let (word, style, mut text) = match ended {
            HostOutcome::Unchanged { .. } => {
                unchanged += 1;
                continue;
            }
            HostOutcome::Changed { generation, plan, .. } => {
                changed += 1;
                ("changed", Style::Good, format!("generation {generation}, {} steps", plan.steps.len()))
            }
            HostOutcome::Undone { reason, report } if report.remaining.is_empty() => {
                ("undone", Style::Bad, format!("{reason}; the host is as it was"))
            }
            HostOutcome::Undone { reason, report } => {
                ("undone", Style::Bad, format!("{reason}; still different: {}", report.remaining.join("; ")))
            }
            HostOutcome::Failed { reason, .. } => {
                ("failed", Style::Bad, format!("{reason}; the host is as it was"))
            }
            HostOutcome::Unknown { reason, .. } => ("unknown", Style::Warn, reason.clone()),
            HostOutcome::Skipped { reason } => ("skipped", Style::Warn, reason.clone()),
        };
        if let Some(known) = diagnostic(host, ended) {
            let _ = write!(text, " [{}]", known.code);
        }
        table.styled([(host, Some(Style::Name)), (word, Some(style)), (&plain(&text), None)]);
    }
    let mut out = table.text(0, cx.console.width, cx.console.paint);
    let mut helps = Table::new();
    for (code, help) in ways_out(outcome) {
        helps.styled([(code, Some(Style::Bold)), (&help, None)]);
    }
    out.push_str(&helps.text(0, cx.console.width, cx.console.paint));
    let seconds = outcome.elapsed.as_secs_f64();
    let _ = writeln!(
        out,
        "{changed} changed, {unchanged} unchanged of {} hosts in {seconds:.1} s",
        outcome.hosts.len()
    );
    out
}

/// Each code among the outcomes once, with its way out.
fn ways_out(outcome: &FleetOutcome) -> BTreeMap<&'static str, String> {
    let all = outcome.hosts.iter().filter_map(|(host, ended)| diagnostic(host, ended));
    all.filter_map(|d| Some((d.code, d.help?))).collect()
}

/// What went wrong on each host, for JSON.
pub fn diagnostics(outcome: &FleetOutcome) -> Vec<Diagnostic> {
    outcome.hosts.iter().filter_map(|(host, ended)| diagnostic(host, ended)).collect()
}

/// The diagnostic of an outcome that is not well, where there is a code for it.
fn diagnostic(host: &str, ended: &HostOutcome) -> Option<Diagnostic> {
    match ended {
        HostOutcome::Unchanged { .. } | HostOutcome::Changed { .. } | HostOutcome::Skipped { .. } => None,
        HostOutcome::Undone { reason, report } => {
            let (code, help) = if report.remaining.is_empty() {
                (trouble::WENT_BACK, "correct the sources and apply again")
            } else {
                (trouble::UNDO_INCOMPLETE, "look at the named things on the host")
            };
            Some(trouble::about(code, host, reason, help))
        }
        HostOutcome::Failed { reason, fault } => {
            let (code, help) = trouble::of_agent(fault.as_ref()?.code)?;
            Some(trouble::about(code, host, reason, help))
        }
        HostOutcome::Unknown { reason, reach } => {
            let (code, help) = trouble::of_reach((*reach)?)?;
            Some(trouble::about(code, host, reason, help))
        }
    }
}
