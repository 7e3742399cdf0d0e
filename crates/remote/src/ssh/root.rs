//! How commands become root's.

use super::channel::{self, Cut};
use super::client::Shared;
use super::connect::{Clock, Connection};
use super::{Ask, quote};
use crate::{Output, Reach};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What goes before a command on a connection.
#[derive(Clone)]
pub(super) enum Become {
    /// The user is root.
    Already,
    /// `sudo -n`.
    Free,
    /// `sudo -S` with this password.
    Password(String),
}

impl Become {
    /// A command line for the shell there. With a limit the host itself ends the command a moment later: sshd
    /// passes no signals on to what root runs (OpenSSH 9, session_signal_req).
    pub(super) fn line(&self, argv: &[&str], limit: Option<Duration>) -> String {
        let command = quote::line(argv);
        let timeout = limit.map_or(String::new(), |l| format!("timeout -s KILL {} ", l.as_secs() + 1));
        match self {
            Become::Already => timeout + &command,
            Become::Free => format!("sudo -n -- {timeout}{command}"),
            // -k: always ask, so that the first line of the input is always the password.
            Become::Password(_) => format!("sudo -k -S -p '' -- {timeout}{command}"),
        }
    }

    /// What goes before a command's own input.
    pub(super) fn first_line(&self) -> Vec<u8> {
        match self {
            Become::Already | Become::Free => Vec::new(),
            Become::Password(word) => format!("{word}\n").into_bytes(),
        }
    }
}

/// Why it does not work: the connection's fault, or the host's way.
pub(super) enum Barred {
    Cut(Cut),
    Reach(Reach, String),
}

/// Finds out how to become root on a connection; a password is asked for once for all hosts.
pub(super) fn become_root(
    shared: &Shared,
    over: &Arc<Connection>,
    clock: &mut Clock,
) -> Result<Become, Barred> {
    if over.user == "root" {
        return Ok(Become::Already);
    }
    let run = |line: &str, input: &[u8], clock: &Clock| -> Result<Output, Barred> {
        let limit = clock.left().min(shared.common.settings.connect);
        let what = async { tokio::time::timeout(limit, channel::run(over, line, &[input])).await };
        let done = shared.runtime.block_on(what);
        done.unwrap_or(Err(Cut::Late)).map_err(Barred::Cut)
    };
    let said = run("LC_ALL=C sudo -n true", b"", clock)?;
    if said.ok() {
        return Ok(Become::Free);
    }
    let text = said.error_text();
    if said.code == 127 {
        let text = format!("{} is not root and there is no sudo", over.user);
        return Err(Barred::Reach(Reach::NoSudo, text));
    }
    if !text.contains("password is required") {
        return Err(Barred::Reach(Reach::NoSudo, text));
    }
    let answer = clock.pause(|| {
        let mut known = shared.password.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| (shared.common.settings.ask)(&Ask::Sudo(over.user.clone()))).clone()
    });
    let Some(word) = answer else {
        let text = format!("sudo wants the password of {} and there is nobody to ask", over.user);
        return Err(Barred::Reach(Reach::SudoPassword, text));
    };
    let with = Become::Password(word);
    let said = run(&format!("LC_ALL=C {}", with.line(&["true"], None)), &with.first_line(), clock)?;
    if said.ok() {
        return Ok(with);
    }
    let text = said.error_text();
    let wrong = text.contains("incorrect password") || text.contains("no password was provided");
    Err(Barred::Reach(if wrong { Reach::SudoPassword } else { Reach::NoSudo }, text))
}
