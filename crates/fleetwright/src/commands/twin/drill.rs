//! `fleetwright twin drill`.

use super::{Which, verdicts};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline;
use crate::twin_fleet;
use crate::ui::{Interrupt, Progress};
use crate::{Cx, codes};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use twin::Watch;
use twin::drill::drill;
use twin::prove::{Options, ProveContext};

/// Break every host, service, tunnel and uplink in turn and see exactly the right alert
///
/// After each: the alert that names the part fires, those it explains stay silent, and all clears when it is
/// healed. Takes minutes. Ctrl-C heals what is broken before it stops.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright twin drill\n  fleetwright twin drill host\n  fleetwright twin drill service/photos"
)]
pub struct Drill {
    /// A kind, a part, or any with `*` [default: everything]
    #[arg(value_name = "PART")]
    part: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Write a JUnit file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When there is no running twin, or the fleet has errors.
pub fn run(command: &Drill, cx: &Cx) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::TWIN, format!("listen for signals: {e}")))?;
    let record = twin_fleet::running(cx, command.which.name.as_deref())?;
    let progress = Progress::new(&cx.console, "reading and rendering");
    let fleet = twin_fleet::load(cx, &record)?;
    let world = fleet.world()?;
    let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let options = Options::default();
    let context = ProveContext { fleet: &fleet.fleet, world: &world, ground: &twin, options: &options };
    let watch = Watch::new(progress.teller(), interrupt.flag());
    let begun = Instant::now();
    let all = drill(&context, &twin, command.part.as_deref(), &watch, &|verdict| {
        verdicts::live(&cx.console, verdict);
    });
    drop(progress);
    verdicts::junit(command.junit.as_deref(), &record.name, &all)?;
    let exit = if interrupt.asked() { Exit::Interrupted } else { verdicts::exit_of(&all) };
    let fields = || vec![("twin", json!(record.name)), ("verdicts", json!(all))];
    pipeline::finish(cx, &fleet.checked, exit, fields, || {
        verdicts::text(cx, &all, begun.elapsed().as_secs_f64())
    })
}
