//! `fleetwright check`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Style;
use crate::{Cx, pipeline};
use clap::Args;
use serde_json::json;

/// Read the fleet and hold every rule against it
///
/// All errors are reported at once, each with a stable code, its place in the text and a way out.
/// `fleetwright explain CODE` tells more about one. Needs neither network nor root, and changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright check\n  fleetwright -C examples/two-sites check --json")]
pub struct Check {}

/// Runs it.
///
/// # Errors
/// When the fleet cannot be read or has errors.
pub fn run(_command: &Check, cx: &Cx) -> Result<Exit, Failure> {
    let checked = pipeline::check(cx)?;
    let fleet = &checked.model;
    let counts = [
        ("sites", fleet.sites.len()),
        ("hosts", fleet.hosts.len()),
        ("tunnels", fleet.tunnels.len()),
        ("services", fleet.services.len()),
    ];
    let fields = || counts.iter().map(|(what, n)| (*what, json!(n))).collect();
    pipeline::finish(cx, &checked, Exit::Ok, fields, || {
        if cx.global.quiet {
            return String::new();
        }
        let counts: Vec<String> =
            counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| plural(*n, what)).collect();
        format!("{} {}\n", cx.console.paint.with(Style::Good, "ok"), counts.join(", "))
    })
}

fn plural(n: usize, what: &str) -> String {
    let what = if n == 1 { what.trim_end_matches('s') } else { what };
    format!("{n} {what}")
}
