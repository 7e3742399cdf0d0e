//! `fleetwright twin shell`.

use super::Which;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::twin_fleet;
use crate::{Cx, codes};
use clap::Args;
use std::io::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;
use twin::Twin;

/// Open a shell on a host of the running twin, or run one command there
///
/// Also in the namespaces outside the fleet: `internet` and the clients.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright twin shell mac-mini\n  fleetwright twin shell kyiv-gw -- wg show\n  \
    fleetwright twin shell internet -- ip route"
)]
pub struct Shell {
    /// The host, or a namespace outside the fleet
    host: String,
    #[command(flatten)]
    which: Which,
    /// The command [default: a login shell]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Becomes the shell.
///
/// # Errors
/// When there is no running twin, no such host, or the shell cannot be started.
pub fn run(command: &Shell, cx: &Cx) -> Result<Exit, Failure> {
    let record = twin_fleet::running(cx, command.which.name.as_deref())?;
    let twin = Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let host = &command.host;
    let topology = twin.topology();
    let argv = if command.command.is_empty() {
        vec!["/bin/bash".to_owned(), "-l".to_owned()]
    } else {
        command.command.clone()
    };
    if topology.machines.contains_key(host) {
        let leader = twin.remote(host).map_err(twin_fleet::failure)?.pid().map_err(|e| {
            Failure::bare(Exit::Unknown, codes::NO_WAY, e.to_string())
                .help(format!("`fleetwright twin heal host/{host}` switches it on"))
        })?;
        let mut shell = Command::new("nsenter");
        shell.args(["--all", "--target", &leader.to_string(), "--"]).args(&argv);
        return Err(failed("nsenter", &inside(&mut shell, host).exec()));
    }
    if topology.outside.contains_key(host) {
        let entered = std::thread::scope(|scope| {
            // A thread's namespace is inherited by what it becomes.
            let become_it = || match twin.enter(host) {
                Ok(()) => Ok(inside(Command::new(&argv[0]).args(&argv[1..]), host).exec()),
                Err(e) => Err(e),
            };
            scope.spawn(become_it).join()
        });
        return match entered {
            Ok(Ok(error)) => Err(failed(&argv[0], &error)),
            Ok(Err(e)) => Err(twin_fleet::failure(e)),
            Err(_) => Err(failed(&argv[0], &Error::other("the thread broke off"))),
        };
    }
    let names = topology.machines.keys().chain(topology.outside.keys()).map(String::as_str);
    let unknown =
        diag::Diagnostic::bare(codes::NO_SUCH, format!("twin {} has no host `{host}`", record.name));
    Err(Failure::new(Exit::Errors, unknown.suggest(host, names)))
}

fn inside<'c>(command: &'c mut Command, host: &str) -> &'c mut Command {
    let term = std::env::var_os("TERM").unwrap_or_else(|| "dumb".into());
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .envs([("HOME", "/root"), ("LANG", "C.UTF-8")])
        .env("TERM", term)
        .env("PS1", format!("{host}# "))
}

fn failed(what: &str, e: &Error) -> Failure {
    Failure::bare(Exit::Errors, codes::TWIN, format!("{what}: {e}"))
}
