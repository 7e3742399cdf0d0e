//! `fleetwright twin apply`.

use super::{Which, prove, up, verdicts};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline;
use crate::twin_fleet;
use crate::ui::{Interrupt, Progress};
use crate::way::Over;
use crate::{Cx, codes, commands};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use twin::Watch;
use twin::session::Session;

/// Bring the running twin to what the sources say now, and prove it again
///
/// Machines and links that are new are made, those that are gone are taken away, and the ordinary apply does
/// the rest.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright plan && fleetwright twin apply\n  fleetwright twin apply --no-prove"
)]
pub struct Apply {
    #[command(flatten)]
    which: Which,
    /// How the machines are reached
    #[arg(long, value_name = "WAY", value_enum, default_value_t)]
    over: Over,
    /// Ask nothing afterwards
    #[arg(long)]
    no_prove: bool,
    /// Write a JUnit file of the proofs
    #[arg(long, value_name = "FILE", conflicts_with = "no_prove")]
    junit: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When there is no running twin, the fleet has errors or the twin cannot be changed.
pub fn run(command: &Apply, cx: &Cx) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::TWIN, format!("listen for signals: {e}")))?;
    let record = twin_fleet::running(cx, command.which.name.as_deref())?;
    let progress = Progress::new(&cx.console, "reading and rendering");
    let fleet = twin_fleet::load(cx, &record)?;
    let world = fleet.world()?;
    let watch = Watch::new(progress.teller(), interrupt.flag());
    let session = Session::attach(&record.name, world, &watch).map_err(twin_fleet::failure)?;
    twin_fleet::remember(&session.twin, &record, &fleet.lock)?;
    progress.say("applying");
    let outcome = up::bring(cx, &session, &fleet, command.over, &progress)?;
    let mut exit = commands::apply::exit_of(&outcome);
    let applied = begun.elapsed();
    let asks = exit == Exit::Ok && !command.no_prove;
    let all = if asks { prove::ask(cx, &session, &fleet, None, &progress) } else { Vec::new() };
    if asks {
        exit = verdicts::exit_of(&all);
        verdicts::junit(command.junit.as_deref(), &record.name, &all)?;
    }
    drop(progress);
    let fields = || {
        vec![
            ("twin", json!(record.name)),
            ("outcome", json!(outcome)),
            ("verdicts", json!(all)),
            ("applied_ms", json!(applied.as_millis())),
            ("whole_ms", json!(begun.elapsed().as_millis())),
        ]
    };
    pipeline::finish(cx, &fleet.checked, exit, fields, || {
        let mut text = commands::apply::tell(cx, &outcome);
        if asks {
            text.push_str(&verdicts::text(cx, &all, begun.elapsed().as_secs_f64()));
        }
        text
    })
}
