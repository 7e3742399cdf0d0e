//! `fleetwright twin break` and `heal`.

use super::Which;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::twin_fleet;
use crate::{Cx, codes, pipeline};
use clap::Args;
use serde_json::json;
use twin::drill::{Part, break_part, heal_part};

/// Break one part of the running twin
///
/// A host loses its power, a service is stopped, a link loses its cable, a tunnel's packets are dropped, an
/// uplink goes dark. `heal` puts it back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright twin break tunnel/kyiv-wroclaw\n  fleetwright twin break host/mac-mini\n  \
    fleetwright twin break link/mac-mini/lan\n  fleetwright twin break uplink/kyiv"
)]
pub struct Break {
    /// host/NAME, service/NAME[/HOST], tunnel/NAME, uplink/SITE or link/HOST/INTERFACE
    part: String,
    #[command(flatten)]
    which: Which,
}

/// Heal one part of the running twin
///
/// Healing what is well changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fleetwright twin heal tunnel/kyiv-wroclaw")]
pub struct Heal {
    /// host/NAME, service/NAME[/HOST], tunnel/NAME, uplink/SITE or link/HOST/INTERFACE
    part: String,
    #[command(flatten)]
    which: Which,
}

/// Breaks.
///
/// # Errors
/// When there is no running twin or no such part, or it cannot be broken.
pub fn break_(command: &Break, cx: &Cx) -> Result<Exit, Failure> {
    change(cx, &command.which, &command.part, true)
}

/// Heals.
///
/// # Errors
/// When there is no running twin or no such part, or it cannot be healed.
pub fn heal(command: &Heal, cx: &Cx) -> Result<Exit, Failure> {
    change(cx, &command.which, &command.part, false)
}

fn change(cx: &Cx, which: &Which, part: &str, broken: bool) -> Result<Exit, Failure> {
    let record = twin_fleet::running(cx, which.name.as_deref())?;
    let fleet = twin_fleet::load(cx, &record)?;
    let part = Part::named(&fleet.fleet, part).map_err(|e| Failure::bare(Exit::Errors, codes::NO_SUCH, e))?;
    let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let change = if broken { break_part } else { heal_part };
    let done = change(&fleet.fleet, &twin, &part).map_err(|e| Failure::bare(Exit::Errors, codes::TWIN, e))?;
    let fields =
        || vec![("twin", json!(record.name)), ("part", json!(part.to_string())), ("done", json!(done))];
    pipeline::finish(cx, &fleet.checked, Exit::Ok, fields, || {
        if cx.global.quiet { String::new() } else { format!("{done}\n") }
    })
}
