//! `fleetwright man`.

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::{Cx, codes};
use clap::{Args, CommandFactory};
use diag::Report;
use serde_json::{Map, json};
use std::path::PathBuf;

/// Write the man pages into a folder
///
/// One page a command, `fleetwright.1`, `fleetwright-check.1` and so on. The folder is made when it is
/// missing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fleetwright man /usr/local/share/man/man1")]
pub struct Man {
    /// The folder
    dir: PathBuf,
}

/// Runs it.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn run(command: &Man, cx: &Cx) -> Result<Exit, Failure> {
    let write = || -> std::io::Result<usize> {
        std::fs::create_dir_all(&command.dir)?;
        clap_mangen::generate_to(Cli::command(), &command.dir)?;
        Ok(std::fs::read_dir(&command.dir)?.count())
    };
    let pages = write().map_err(|e| {
        Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", command.dir.display()))
    })?;
    if cx.global.json {
        let fields =
            Map::from_iter([("folder".to_owned(), json!(command.dir)), ("pages".into(), json!(pages))]);
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
    } else {
        cx.console.say(format!("{pages} man pages in {}", command.dir.display()))?;
    }
    Ok(Exit::Ok)
}
