//! `fleetwright apply`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Progress, Style, Table};
use crate::way::{self, At};
use crate::{Cx, pipeline};
use ::apply::{FleetOutcome, HostOutcome};
use clap::Args;
use serde_json::json;

/// Bring the hosts to what the sources say, as a transaction on each
///
/// Staged and checked first, switched, observed, and confirmed over a new connection; a host that is not
/// well, or that nobody can reach any more, goes back by itself. Success is what was seen afterwards.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright apply\n  fleetwright apply mac-mini\n  fleetwright apply --json"
)]
pub struct Apply {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Seconds until a host goes back by itself when nobody confirms
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=3600))]
    deadline: u32,
    /// When a host fails, also undo the hosts that were changed in this run
    #[arg(long)]
    undo_on_failure: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or there is no way onto the hosts.
pub fn run(command: &Apply, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, &command.hosts)?;
    progress.say("applying");
    let events = way::Events::onto(&progress);
    let mut options = way::options()?;
    options.deadline_s = command.deadline;
    options.undo_on_failure = command.undo_on_failure;
    let outcome = ::apply::apply_fleet(&way.targets(), &options, &events.sender());
    drop((events, progress));
    let exit = exit_of(&outcome);
    let fields = || vec![("at", json!(way.name)), ("outcome", json!(outcome))];
    pipeline::finish(cx, &way.checked, exit, fields, || tell(cx, &outcome))
}

/// The exit code of an outcome: failed is more certain than unknown, and both are failures.
pub fn exit_of(outcome: &FleetOutcome) -> Exit {
    let mut exit = Exit::Ok;
    for host in outcome.hosts.values() {
        exit = match host {
            HostOutcome::Unchanged { .. } | HostOutcome::Changed { .. } => exit,
            HostOutcome::Undone { .. } | HostOutcome::Failed { .. } => return Exit::Refuted,
            HostOutcome::Unknown { .. } | HostOutcome::Skipped { .. } => Exit::Unknown,
        };
    }
    exit
}

/// A line a host that is not unchanged, and one that counts.
pub fn tell(cx: &Cx, outcome: &FleetOutcome) -> String {
    let mut table = Table::new();
    let (mut unchanged, mut changed) = (0, 0);
    for (host, ended) in &outcome.hosts {
        let (word, style, text) = match ended {
            HostOutcome::Unchanged { .. } => {
                unchanged += 1;
                continue;
            }
            HostOutcome::Changed { generation, plan } => {
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
            HostOutcome::Unknown { reason } => ("unknown", Style::Warn, reason.clone()),
            HostOutcome::Skipped { reason } => ("skipped", Style::Warn, reason.clone()),
        };
        table.styled([(host, Some(Style::Name)), (word, Some(style)), (&text, None)]);
    }
    let mut out = table.text(0, cx.console.width, cx.console.paint);
    if cx.global.quiet && exit_of(outcome) == Exit::Ok {
        return String::new();
    }
    let seconds = outcome.elapsed.as_secs_f64();
    out.push_str(&format!(
        "{changed} changed, {unchanged} unchanged of {} hosts in {seconds:.1} s\n",
        outcome.hosts.len()
    ));
    out
}
