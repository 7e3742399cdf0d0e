//! `fleetwright completions`.

use crate::Cx;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print the completion script for a shell
///
/// The script goes to standard output.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    fleetwright completions bash > /etc/bash_completion.d/fleetwright\n  \
    fleetwright completions fish > ~/.config/fish/completions/fleetwright.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs it.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(command: &Completions, cx: &Cx) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Cli::command(), "fleetwright", &mut script);
    cx.console.print(String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
