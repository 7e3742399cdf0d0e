//! `fleetwright twin up`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline;
use crate::sign_in::TwinClient;
use crate::twin_fleet::{self, Record, TwinFleet};
use crate::ui::{Interrupt, Progress, Style, Table};
use crate::waves::{self, WaveArgs};
use crate::way::Over;
use crate::{Cx, codes, commands, folder, way};
use ::apply::{FleetOutcome, Target};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;
use twin::session::{Session, TimerChange, timer_changes};
use twin::world::{Alteration, World};
use twin::{Condition, Twin, TwinError, Watch};

/// Boot the fleet's twin and apply to it
///
/// The base image is built once (a minute or two) and kept in /var/cache/fleetwright. On failure and on
/// Ctrl-C everything is released again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright twin up examples/two-sites && fleetwright twin prove\n  \
    fleetwright twin up --exact-timers --name slow")]
pub struct Up {
    /// The fleet's folder [default: as with -C]
    #[arg(value_name = "FLEET")]
    folder: Option<PathBuf>,
    /// The twin's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
    /// Run with the engines' own timers instead of short ones
    #[arg(long)]
    exact_timers: bool,
    /// Boot the machines and apply nothing
    #[arg(long)]
    bare: bool,
    /// How the machines are reached
    #[arg(long, value_name = "WAY", value_enum, default_value_t)]
    over: Over,
    /// When the apply fails, leave the twin up to look at
    #[arg(long, conflicts_with = "bare")]
    keep: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, this machine lacks something, or a step fails.
pub fn run(command: &Up, cx: &Cx) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::TWIN, format!("listen for signals: {e}")))?;
    let named = command.folder.as_deref().or(cx.global.fleet.as_deref());
    let record = twin_fleet::record(&folder::find(named)?, command.name.as_deref(), command.exact_timers)?;
    let progress = Progress::new(&cx.console, "reading and rendering");
    ready(&record)?;
    let fleet = twin_fleet::load(cx, &record)?;
    let world = fleet.world()?;
    let told = Told::of(cx, &record, &fleet, &world)?;
    let watch = Watch::new(progress.teller(), interrupt.flag());
    let session = Session::up(&record.name, world, &fleet.desired, &watch).map_err(twin_fleet::failure)?;
    twin_fleet::remember(&session.twin, &record, &fleet.lock)?;
    let machines = session.twin.topology().machines.len();
    let booted = begun.elapsed();
    let mut applied = None;
    if !command.bare {
        progress.say("applying");
        let outcome = bring(cx, &session, &fleet, command.over, &progress);
        let well = outcome.as_ref().is_ok_and(FleetOutcome::is_ok);
        if interrupt.asked() || (!well && !command.keep) {
            progress.say("releasing");
            session.twin.down().map_err(twin_fleet::failure)?;
        }
        if interrupt.asked() {
            return Err(twin_fleet::failure(TwinError::Cancelled));
        }
        applied = Some(outcome?);
    }
    drop(progress);
    let exit = applied.as_ref().map_or(Exit::Ok, commands::apply::exit_of);
    let fields = || {
        vec![
            ("twin", json!(record.name)),
            ("machines", json!(machines)),
            ("booted_ms", json!(booted.as_millis())),
            ("outcome", json!(applied)),
            ("differs", json!(told)),
        ]
    };
    pipeline::finish(cx, &fleet.checked, exit, fields, || {
        if let Some(outcome) = applied.as_ref().filter(|o| !o.is_ok()) {
            let word = if command.keep {
                "left up to look at"
            } else {
                "released again; --keep leaves it up to look at"
            };
            return format!("{}twin {} is {word}\n", commands::apply::tell(cx, outcome), record.name);
        }
        if cx.global.quiet {
            return String::new();
        }
        let ok = cx.console.paint.with(Style::Good, "ok");
        let what = if command.bare { "booted" } else { "booted and applied" };
        let seconds = begun.elapsed().as_secs_f64();
        format!(
            "{ok} twin {} is up: {machines} machines {what} in {seconds:.1} s\n{}",
            record.name,
            told.text(cx)
        )
    })
}

/// Refuses early what would fail after minutes.
fn ready(record: &Record) -> Result<(), Failure> {
    let lacks: Vec<String> =
        twin::preflight().into_iter().filter(|l| l.fatal).map(|l| l.to_string()).collect();
    if !lacks.is_empty() {
        return Err(twin_fleet::failure(TwinError::Lacks(lacks)));
    }
    let up = twin::twins().map_err(twin_fleet::failure)?;
    if up.iter().any(|t| t.name == record.name && t.condition == Condition::Running) {
        return Err(twin_fleet::failure(TwinError::Exists(record.name.clone())));
    }
    Ok(())
}

/// Applies to a twin, with what happens on the progress line.
///
/// # Errors
/// When a host is not in the twin or cannot be reached that way, or there is no agent.
pub fn bring(
    cx: &Cx,
    session: &Session,
    fleet: &TwinFleet,
    over: Over,
    progress: &Progress,
) -> Result<FleetOutcome, Failure> {
    let events = way::Events::onto(progress);
    let values = |name: &str| fleet.values.get(name).cloned();
    let subject = fleet.subject(&values);
    let mut options = way::options()?;
    waves::heed(&mut options, derive::rollout(&fleet.fleet), &fleet.fleet, &WaveArgs::default());
    if over == Over::Namespace {
        // No host is reached through another one.
        options.paths.clear();
    }
    let applied = match over {
        Over::Namespace => session.apply(&subject, &options, &events.sender()),
        Over::Ssh => {
            options.soak_ms = way::SOAK_MS;
            let twin = Twin::open(session.twin.name()).map_err(twin_fleet::failure)?;
            let client = TwinClient::of(cx, twin, fleet, &session.world)?;
            let mut targets = Vec::new();
            for (host, desired) in subject.desired {
                let remote = client.remote(host.as_str())?;
                targets.push(Target { remote, desired, secrets: subject.secrets });
            }
            session.apply_to(&targets, &options, &events.sender())
        }
    };
    applied.map_err(twin_fleet::failure)
}

/// What a twin does otherwise than production.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    alterations: Vec<Alteration>,
    timers: Vec<TimerChange>,
    /// Secrets with a value made for the twin.
    secrets: Vec<String>,
}

impl Told {
    /// Of a fleet and the world around it.
    ///
    /// # Errors
    /// When more than timers differs between the exact files and the twin's, which must not be.
    pub fn of(cx: &Cx, record: &Record, fleet: &TwinFleet, world: &World) -> Result<Self, Failure> {
        let timers = if record.exact_timers {
            Vec::new()
        } else {
            let exact = twin_fleet::load(cx, &Record { exact_timers: true, ..record.clone() })?;
            timer_changes(&exact.desired, &fleet.desired).map_err(|path| {
                Failure::bare(
                    Exit::Errors,
                    codes::TWIN,
                    format!("{path} differs in the twin by more than its timers"),
                )
            })?
        };
        let secrets = fleet.stand_ins.iter().cloned().collect();
        Ok(Told { alterations: world.alterations.clone(), timers, secrets })
    }

    /// For people: reasons with what follows from each, then timers as `from → to`.
    pub fn text(&self, cx: &Cx) -> String {
        let paint = cx.console.paint;
        let mut reasons: BTreeMap<&str, Table> = BTreeMap::new();
        for a in &self.alterations {
            reasons.entry(&a.why).or_default().row([&a.at, &a.what]);
        }
        let mut out = String::new();
        for (why, table) in &reasons {
            let _ = writeln!(out, "  {}", paint.with(Style::Dim, format!("because {why}:")));
            out.push_str(&table.text(4, cx.console.width, paint));
        }
        let mut timers = Table::new();
        for t in &self.timers {
            let file = t.path.rsplit('/').next().unwrap_or(&t.path);
            timers.row([file, t.exact.trim(), "→", t.short.trim()]);
        }
        if !timers.is_empty() {
            let why = "because nobody waits minutes (--exact-timers keeps the engines' own):";
            let _ = writeln!(out, "  {}", paint.with(Style::Dim, why));
            out.push_str(&timers.text(4, cx.console.width, paint));
        }
        if !self.secrets.is_empty() {
            let why = format!(
                "{} secrets have values made for this twin: theirs are not on this machine",
                self.secrets.len()
            );
            let _ = writeln!(out, "  {}", paint.with(Style::Dim, why));
        }
        if out.is_empty() { out } else { format!("otherwise than in production:\n{out}") }
    }
}
