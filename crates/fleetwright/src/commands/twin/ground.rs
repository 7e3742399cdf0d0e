//! `fleetwright twin down`, `ls` and `gc`.

use crate::Cx;
use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::twin_fleet;
use crate::ui::{Progress, Style, Table};
use clap::Args;
use diag::Report;
use serde_json::{Map, Value, json};
use twin::{Condition, Twin};

/// Take a twin down and release everything it has
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright twin down\n  fleetwright twin down --all")]
pub struct Down {
    /// The twin [default: that of the fleet here, or the only one]
    name: Option<String>,
    /// All running twins
    #[arg(long, conflicts_with = "name")]
    all: bool,
}

/// List the twins on this machine
#[derive(Debug, Args)]
pub struct Ls {}

/// Release what killed commands left behind
///
/// Running twins and those somebody is at work on are left alone.
#[derive(Debug, Args)]
pub struct Gc {}

/// Takes down.
///
/// # Errors
/// When there is no such twin, or something could not be released.
pub fn down(command: &Down, cx: &Cx) -> Result<Exit, Failure> {
    let names = if command.all {
        let all = twin::twins().map_err(twin_fleet::failure)?;
        all.into_iter().filter(|t| t.condition == Condition::Running).map(|t| t.name).collect()
    } else {
        match &command.name {
            Some(name) => vec![name.clone()],
            None => vec![twin_fleet::running(cx, None)?.name],
        }
    };
    let progress = Progress::new(&cx.console, "releasing");
    for name in &names {
        progress.say(&format!("releasing {name}"));
        Twin::open(name).and_then(Twin::down).map_err(twin_fleet::failure)?;
    }
    drop(progress);
    released(cx, &names, "is down")
}

/// Releases remains.
///
/// # Errors
/// When something could not be released; all else is.
pub fn gc(_command: &Gc, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "releasing");
    let names = twin::gc().map_err(twin_fleet::failure)?;
    drop(progress);
    released(cx, &names, "is released")
}

fn released(cx: &Cx, names: &[String], word: &str) -> Result<Exit, Failure> {
    if cx.global.json {
        answer(cx, "released", json!(names))?;
    } else {
        for name in names {
            cx.console.say(format!("{name} {word}"))?;
        }
    }
    Ok(Exit::Ok)
}

/// Lists.
///
/// # Errors
/// When it cannot be found out.
pub fn ls(_command: &Ls, cx: &Cx) -> Result<Exit, Failure> {
    let all = twin::twins().map_err(twin_fleet::failure)?;
    let word = |c: Condition| match c {
        Condition::Running => ("running", Style::Good),
        Condition::Busy => ("busy", Style::Warn),
        Condition::Remains => ("remains", Style::Bad),
    };
    if cx.global.json {
        let list = all.iter().map(|t| {
            json!({
                "name": t.name,
                "condition": word(t.condition).0,
                "machines": t.machines,
                "powered": t.powered,
                "memory": memory(&t.name),
            })
        });
        answer(cx, "twins", list.collect())?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new();
    for t in &all {
        let (condition, style) = word(t.condition);
        let mut machines = format!("{} of {} machines on", t.powered, t.machines);
        if let Some(bytes) = memory(&t.name) {
            machines.push_str(&format!(", {} MiB", bytes >> 20));
        }
        let more = if t.condition == Condition::Remains { "`fleetwright twin gc` releases it" } else { "" };
        table.styled([
            (&t.name, Some(Style::Name)),
            (condition, Some(style)),
            (&machines, None),
            (more, None),
        ]);
    }
    cx.console.print(table.text(0, cx.console.width, cx.console.paint))?;
    Ok(Exit::Ok)
}

/// Bytes charged to a running twin, page cache of its own files included.
fn memory(name: &str) -> Option<u64> {
    Twin::open(name).ok()?.memory(None)
}

fn answer(cx: &Cx, field: &str, value: Value) -> Result<(), Failure> {
    let fields = Map::from_iter([(field.to_owned(), value)]);
    cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))
}
