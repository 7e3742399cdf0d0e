//! `fleetwright secrets`: values that are named in the sources and never written there.

mod book;
mod check;
mod edit;
mod grant;
mod ls;
mod rekey;
mod rotate;
mod set;
mod show;

use crate::Cx;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// Keep, show, rotate and check the fleet's secrets
///
/// A value lies in `secrets/NAME.age`, committed and encrypted for who may read it, or in
/// `.fleetwright/secrets/` of this machine. No command takes or prints one but `set`, `edit` and `show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright secrets ls\n  fleetwright secrets check")]
pub struct Secrets {
    #[command(subcommand)]
    command: SecretsCommand,
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    Set(set::Set),
    Edit(edit::Edit),
    Show(show::Show),
    Ls(ls::Ls),
    Rotate(rotate::Rotate),
    Rekey(rekey::Rekey),
    Check(check::Check),
    Grant(grant::Grant),
}

/// The command's name, as JSON answers have it.
pub fn name(secrets: &Secrets) -> &'static str {
    match &secrets.command {
        SecretsCommand::Set(_) => "secrets set",
        SecretsCommand::Edit(_) => "secrets edit",
        SecretsCommand::Show(_) => "secrets show",
        SecretsCommand::Ls(_) => "secrets ls",
        SecretsCommand::Rotate(_) => "secrets rotate",
        SecretsCommand::Rekey(_) => "secrets rekey",
        SecretsCommand::Check(_) => "secrets check",
        SecretsCommand::Grant(_) => "secrets grant",
    }
}

/// Runs it.
///
/// # Errors
/// As the command.
pub fn run(secrets: &Secrets, cx: &Cx) -> Result<Exit, Failure> {
    match &secrets.command {
        SecretsCommand::Set(c) => set::run(c, cx),
        SecretsCommand::Edit(c) => edit::run(c, cx),
        SecretsCommand::Show(c) => show::run(c, cx),
        SecretsCommand::Ls(c) => ls::run(c, cx),
        SecretsCommand::Rotate(c) => rotate::run(c, cx),
        SecretsCommand::Rekey(c) => rekey::run(c, cx),
        SecretsCommand::Check(c) => check::run(c, cx),
        SecretsCommand::Grant(c) => grant::run(c, cx),
    }
}
