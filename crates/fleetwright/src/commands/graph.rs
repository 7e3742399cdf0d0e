//! `fleetwright graph`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::graph::{Picture, svg, terminal};
use crate::keys::Keys;
use crate::ui::Progress;
use crate::{Cx, codes, pipeline};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Draw the fleet: places, hosts, tunnels, ways out and what is reached from where
///
/// In text on the terminal, or as an SVG file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright graph\n  fleetwright graph --out fleet.svg")]
pub struct Graph {
    /// Write an SVG file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Columns of the text [default: the terminal's, 80 without one]
    #[arg(long, value_name = "COLUMNS", conflicts_with = "out", value_parser = clap::value_parser!(u16).range(40..))]
    width: Option<u16>,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors or the file cannot be written.
pub fn run(command: &Graph, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and deriving");
    let checked = pipeline::check(cx)?;
    let keys = Keys::of(&checked);
    let chosen = checked.choose(&keys, &derive::Options::default())?;
    drop(progress);
    let picture = Picture::of(&chosen.fleet);
    if let Some(out) = &command.out {
        std::fs::write(out, svg::draw(&picture))
            .map_err(|e| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", out.display())))?;
    }
    let fields = || vec![("picture", json!(picture)), ("out", json!(command.out))];
    pipeline::finish(cx, &chosen.checked, Exit::Ok, fields, || match &command.out {
        Some(_) if cx.global.quiet => String::new(),
        Some(out) => format!("the picture is in {}\n", out.display()),
        None => {
            let width = command.width.map_or(cx.console.width, usize::from);
            terminal::draw(&picture, width, cx.console.paint)
        }
    })
}
