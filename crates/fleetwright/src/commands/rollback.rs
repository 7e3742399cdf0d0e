//! `fleetwright rollback`.

use super::generations;
use super::outcome::{exit_of, tell};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::going_back;
use crate::runs::{About, Underway};
use crate::ui::{Interrupt, Live, Progress, ask};
use crate::way::{self, At};
use crate::{Cx, codes, pipeline, trouble};
use clap::Args;
use serde_json::json;

/// Bring a host back to a generation it keeps, as a transaction like any apply
///
/// Without a number it is the one before the current. The host has everything it needs; the sources stay as they
/// are, so the next `fleetwright apply` brings the host forward again: correct them first. On a terminal it
/// shows what would change and asks.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright generations mac-mini\n  fleetwright rollback mac-mini\n  \
    fleetwright rollback mac-mini 3 --yes")]
pub struct Rollback {
    /// The host
    #[arg(value_name = "HOST")]
    host: String,
    /// The generation [default: the one before the current]
    #[arg(value_name = "N")]
    generation: Option<u64>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Seconds until the host goes forward again by itself when nobody confirms
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=3600))]
    deadline: u32,
    /// Print one JSON value a line as things happen, the answer of --json last
    #[arg(long)]
    json_lines: bool,
}

/// Runs it.
///
/// # Errors
/// When there is no way onto the host, no such generation, or another run is under way.
pub fn run(command: &Rollback, cx: &Cx) -> Result<Exit, Failure> {
    if !command.json_lines {
        return rollback(command, cx);
    }
    let cx = cx.in_lines();
    rollback(command, &cx).or_else(|failure| Ok(failure.report(&cx)))
}

fn rollback(command: &Rollback, cx: &Cx) -> Result<Exit, Failure> {
    let host = &command.host;
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::INTERRUPTED, format!("listen for signals: {e}")))?;
    let progress = Progress::new(&cx.console, "reading and rendering");
    let mut way = way::open(cx, &command.at, std::slice::from_ref(host))?;
    let environment = super::apply::environment(&way);
    let about = About { kind: "rollback", environment, plan: None, plan_file: None };
    let mut underway = Underway::begin(&way.checked.folder, &about)?;
    let goal = chosen(&generations::of(&way, host)?, host, command.generation)?;
    let mut options = way::options()?;
    options.deadline_s = command.deadline;
    options.soak_ms = if way.networked { way::SOAK_MS } else { 0 };
    options.claim = underway.claim();
    options.cancel = interrupt.flag();
    if !command.yes && ask::somebody(cx) {
        let targets = way.targets();
        let target = targets.iter().find(|t| t.desired.host == *host);
        let plan = target.map(|t| going_back::look(t, goal, underway.claim())).transpose();
        let plan = plan.map_err(|why| generations::no_answer(host, &why))?.unwrap_or_default();
        drop(progress);
        cx.console.print(plan.to_text(true))?;
        if !plan.is_empty() && !ask::agreed(cx, &format!("Bring {host} back to generation {goal}?")) {
            cx.console.say("nothing was changed")?;
            return Ok(Exit::Interrupted);
        }
        options.agreed = Some([(host.clone(), plan.digest())].into());
    } else {
        drop(progress);
    }
    underway.record(None)?;
    let title = format!("bringing {host} back to generation {goal} ({})", way.name);
    let live = Live::new(&cx.console, &title, std::slice::from_ref(host), Some(underway.logs()));
    let to = [(host.clone(), goal)].into();
    let outcome = ::apply::rollback_fleet(&way.targets(), &to, &options, &live.sender());
    drop(live);
    let logs = underway.logs().to_owned();
    let number = underway.end(&outcome)?;
    let exit = exit_of(&outcome);
    if cx.global.json {
        way.checked.report.items.extend(super::outcome::diagnostics(&outcome));
    }
    let fields = || {
        vec![
            ("at", json!(way.name)),
            ("host", json!(host)),
            ("outcome", json!(outcome)),
            ("run", json!(number)),
            ("logs", json!(logs)),
        ]
    };
    pipeline::finish(cx, &way.checked, exit, fields, || tell(cx, &outcome))
}

/// The generation that is meant.
fn chosen(
    all: &[artifact::protocol::GenerationSeen],
    host: &str,
    named: Option<u64>,
) -> Result<u64, Failure> {
    let missing = |what: String| {
        Failure::bare(Exit::Errors, trouble::GENERATION_MISSING, format!("{host}: {what}"))
            .help(format!("`fleetwright generations {host}` lists what there is"))
    };
    match named {
        Some(number) => match all.iter().find(|g| g.generation == number) {
            Some(g) if g.whole => Ok(number),
            Some(_) => Err(missing(format!("generation {number} is damaged on its disk"))),
            None => Err(missing(format!("it does not keep generation {number}"))),
        },
        None => {
            let current = all.iter().find(|g| g.current).map_or(0, |g| g.generation);
            let before = all.iter().filter(|g| g.generation < current && g.whole && g.receipt);
            before
                .map(|g| g.generation)
                .max()
                .ok_or_else(|| missing(format!("it keeps no generation before {current}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use artifact::protocol::GenerationSeen;

    #[test]
    fn the_one_before_the_current_or_a_named_whole_one() {
        let one = |generation, current, receipt, whole| GenerationSeen {
            generation,
            current,
            receipt,
            whole,
            ..GenerationSeen::default()
        };
        let all = [
            one(3, false, true, false),
            one(4, false, true, true),
            one(5, false, false, true),
            one(6, true, true, true),
        ];
        assert_eq!(chosen(&all, "gw", None).unwrap(), 4);
        assert_eq!(chosen(&all, "gw", Some(5)).unwrap(), 5);
        for (named, only) in [(Some(3), &all[..]), (Some(9), &all[..]), (None, &all[3..]), (None, &[])] {
            assert_eq!(chosen(only, "gw", named).unwrap_err().report.items[0].code, "FW1023");
        }
    }
}
