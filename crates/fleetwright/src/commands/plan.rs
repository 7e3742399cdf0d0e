//! `fleetwright plan`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Progress;
use crate::way::{self, At};
use crate::{Cx, pipeline};
use clap::Args;
use serde_json::json;

/// Show what would change on which host, and why
///
/// Looks at the hosts and changes nothing. Each step has its reason: the source lines behind it. A host that
/// does not answer is unknown, never "nothing to do". Exit code 0 also when there is something to do.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright plan\n  fleetwright plan --diff mac-mini\n  fleetwright plan --json"
)]
pub struct Plan {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Show what changes inside files
    #[arg(short, long)]
    diff: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or there is no way onto the hosts.
pub fn run(command: &Plan, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, &command.hosts)?;
    progress.say("looking at the hosts");
    let events = way::Events::onto(&progress);
    let plan = apply::observe_fleet(&way.targets(), &way::options()?, &events.sender());
    drop((events, progress));
    let exit = if plan.unknown.is_empty() { Exit::Ok } else { Exit::Unknown };
    let fields = || {
        vec![
            ("at", json!(way.name)),
            ("empty", json!(plan.is_empty())),
            ("digest", json!(plan.digest())),
            ("plan", json!(plan)),
        ]
    };
    pipeline::finish(cx, &way.checked, exit, fields, || {
        if plan.is_empty() {
            return if cx.global.quiet {
                String::new()
            } else {
                format!("nothing to do on {} hosts\n", plan.hosts.len())
            };
        }
        plan.to_text(command.diff)
    })
}
