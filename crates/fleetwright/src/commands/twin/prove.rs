//! `fleetwright twin prove`.

use super::{Which, verdicts};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline;
use crate::twin_fleet::{self, TwinFleet};
use crate::ui::Progress;
use crate::{Cx, commands};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use twin::prove::{Options, ProveContext, Verdict, prove};
use twin::session::Session;

/// Ask the running twin everything the fleet promises
///
/// The questions follow from the sources: every tunnel, BGP session, exposure from inside and outside, zone,
/// need, name and scrape target. Each is proved, refuted (with host, probe, what was seen and the source
/// line), or could not be judged. Exit code 0 only when all are proved.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright twin prove\n  fleetwright twin prove expose\n  \
    fleetwright twin prove 'expose/photos*' --junit proofs.xml")]
pub struct Prove {
    /// A kind, an id, the beginning of ids, or any with `*` [default: everything]
    #[arg(value_name = "QUESTION")]
    question: Option<String>,
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
pub fn run(command: &Prove, cx: &Cx) -> Result<Exit, Failure> {
    let record = twin_fleet::running(cx, command.which.name.as_deref())?;
    let progress = Progress::new(&cx.console, "reading and rendering");
    let fleet = twin_fleet::load(cx, &record)?;
    let world = fleet.world()?;
    let told = commands::twin::up::Told::of(cx, &record, &fleet, &world)?;
    let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let session = Session { twin, world };
    let begun = Instant::now();
    let all = ask(cx, &session, &fleet, command.question.as_deref(), &progress);
    let seconds = begun.elapsed().as_secs_f64();
    drop(progress);
    verdicts::junit(command.junit.as_deref(), &record.name, &all)?;
    let fields = || vec![("twin", json!(record.name)), ("verdicts", json!(all)), ("differs", json!(told))];
    pipeline::finish(cx, &fleet.checked, verdicts::exit_of(&all), fields, || {
        verdicts::text(cx, &all, seconds)
    })
}

/// Asks, with what is known so far on the progress line.
pub fn ask(
    cx: &Cx,
    session: &Session,
    fleet: &TwinFleet,
    filter: Option<&str>,
    progress: &Progress,
) -> Vec<Verdict> {
    progress.say("proving");
    let options = Options::default();
    let context =
        ProveContext { fleet: &fleet.fleet, world: &session.world, ground: &session.twin, options: &options };
    let known = AtomicUsize::new(0);
    prove(&context, filter, &|verdict| {
        let n = known.fetch_add(1, Ordering::Relaxed) + 1;
        progress.say(&format!("proving: {n} known, last {}", verdict.id));
        verdicts::live(&cx.console, verdict);
    })
}
