//! `fleetwright status`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Progress, Style, Table};
use crate::way::{self, At};
use crate::{Cx, pipeline};
use ::apply::FleetStatus;
use artifact::protocol::Status as HostStatus;
use clap::Args;
use serde_json::json;

/// Ask every host what it runs: generation, drift, units that are not up, unfinished changes
///
/// Exit code 3 when a host differs from what was applied, 4 when one does not answer.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright status\n  fleetwright status mac-mini --json")]
pub struct Status {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or there is no way onto the hosts.
pub fn run(command: &Status, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, &command.hosts)?;
    progress.say("asking the hosts");
    let status = ::apply::status_fleet(&way.targets(), &way::options()?);
    drop(progress);
    let exit = if !status.unknown.is_empty() {
        Exit::Unknown
    } else if status.hosts.values().any(|h| !troubles(h).is_empty()) {
        Exit::Refuted
    } else {
        Exit::Ok
    };
    let fields = || vec![("at", json!(way.name)), ("status", json!(status))];
    pipeline::finish(cx, &way.checked, exit, fields, || tell(cx, &status))
}

/// What is not as it was left by the last apply.
fn troubles(host: &HostStatus) -> Vec<String> {
    let mut all = Vec::new();
    if host.generation == 0 {
        all.push("nothing was applied yet".to_owned());
    }
    if let Some(pending) = &host.pending {
        all.push(format!("generation {} is unfinished", pending.generation));
    }
    all.extend(host.drift.iter().map(|path| format!("{path} was changed by hand")));
    let down = host.units.iter().filter(|(_, seen)| !seen.is_active());
    all.extend(down.map(|(unit, _)| format!("{unit} is not up")));
    all
}

fn tell(cx: &Cx, status: &FleetStatus) -> String {
    let mut table = Table::new();
    for (host, seen) in &status.hosts {
        let troubles = troubles(seen);
        let generation = format!("generation {}", seen.generation);
        if troubles.is_empty() {
            let units = format!("{} units up", seen.units.len());
            table.styled([
                (host, Some(Style::Name)),
                ("ok", Some(Style::Good)),
                (&generation, None),
                (&units, None),
            ]);
        } else {
            let text = troubles.join("; ");
            table.styled([
                (host, Some(Style::Name)),
                ("differs", Some(Style::Bad)),
                (&generation, None),
                (&text, None),
            ]);
        }
    }
    for (host, reason) in &status.unknown {
        table.styled([(host, Some(Style::Name)), ("unknown", Some(Style::Warn)), ("", None), (reason, None)]);
    }
    if cx.global.quiet && status.unknown.is_empty() && status.hosts.values().all(|h| troubles(h).is_empty()) {
        return String::new();
    }
    table.text(0, cx.console.width, cx.console.paint)
}
