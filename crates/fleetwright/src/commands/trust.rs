//! `fleetwright trust`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::known_hosts::{FILE, KnownHosts, Pin};
use crate::ui::{Progress, Style, Table, ask};
use crate::{Cx, codes, commands, pipeline, sign_in, trouble};
use clap::Args;
use derive::Options;
use diag::Diagnostic;
use remote::RemoteError;
use remote::ssh::HostKey;
use serde::Serialize;
use serde_json::json;

/// Pin the host keys of hosts, after their fingerprints were compared
///
/// Asks each host for its keys, shows their fingerprints, and writes those you agree to into known_hosts in the
/// fleet's folder; commit it. Compare with what the host says on its console:
/// `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. A key that differs from the pinned one is shown with both
/// fingerprints and pinned only with --replace.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright trust mac-mini\n  \
    fleetwright trust mac-mini --fingerprint SHA256:3Xr2xTRzU1fWgLMgHkAZdJ8nPzdNdNLNxMRS2RJc7pI\n  \
    fleetwright trust mac-mini --replace")]
pub struct Trust {
    /// The hosts
    #[arg(value_name = "HOST", required = true)]
    hosts: Vec<String>,
    /// Pin without a question
    #[arg(long)]
    yes: bool,
    /// Pin only keys with this fingerprint, without a question; may be said several times
    #[arg(long, value_name = "SHA256:…", conflicts_with = "yes")]
    fingerprint: Vec<String>,
    /// Pin a changed key in place of the old one
    #[arg(long)]
    replace: bool,
}

/// What is known of a key a host showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Nothing is pinned for this host and type.
    New,
    /// It is the pinned one.
    Pinned,
    /// Another one is pinned.
    Changed,
}

/// A key a host showed.
#[derive(Clone, Debug, Serialize)]
struct Shown {
    host: String,
    kind: String,
    fingerprint: String,
    state: State,
    /// The fingerprint of the pinned key, when that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip)]
    pin: Pin,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, a host does not answer, a key has changed or nobody agreed.
pub fn run(command: &Trust, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading");
    let checked = pipeline::check(cx)?;
    let keys = Keys::of(&checked);
    let chosen = checked.choose(&keys, &Options::default())?;
    let (fleet, folder) = (&chosen.fleet, &chosen.checked.folder);
    let mut known = KnownHosts::read(folder)?;
    let client = sign_in::client(cx, folder, fleet)?;
    let mut shown = Vec::new();
    for name in &command.hosts {
        let host = fleet.hosts.get(name.as_str());
        let host = host.ok_or_else(|| commands::render::no_host(name, fleet.hosts.keys()))?;
        progress.say(&format!("asking {name} for its keys"));
        let keys = client.host_keys(&sign_in::destination(fleet, host)).map_err(|e| unreached(&e))?;
        shown.extend(keys.iter().filter_map(|key| look(name, key, &known)));
    }
    drop(progress);
    let wanted: Vec<&Shown> =
        shown.iter().filter(|s| s.state != State::Pinned && meant(command, s)).collect();
    if let Some(missing) = command.fingerprint.iter().find(|f| !shown.iter().any(|s| s.fingerprint == **f)) {
        let message = format!("no host showed a key with the fingerprint {missing}");
        return Err(Failure::bare(Exit::Refuted, trouble::HOST_KEY_UNKNOWN, message)
            .help("nothing was pinned: what answered has other keys"));
    }
    if let Some(changed) = wanted.iter().find(|s| s.state == State::Changed && !command.replace) {
        let was = changed.was.as_deref().unwrap_or("another one");
        let message =
            format!("{}: its {} key is {}, pinned is {was}", changed.host, changed.kind, changed.fingerprint);
        return Err(Failure::bare(Exit::Refuted, trouble::HOST_KEY_CHANGED, message)
            .help("nothing was pinned; find out why, then `--replace` pins the new key"));
    }
    if !wanted.is_empty() && !command.yes && command.fingerprint.is_empty() {
        if !ask::somebody(cx) {
            let unasked =
                Diagnostic::bare(codes::NO_ANSWER, "nobody can be asked whether these are the hosts");
            return Err(Failure::new(Exit::Errors, unasked)
                .help("`--fingerprint SHA256:…` pins the key you compared, `--yes` whatever answers"));
        }
        cx.console.note(table(cx, &shown));
        if !ask::agreed(cx, &format!("Pin into {FILE}?")) {
            return Err(Failure::bare(Exit::Errors, codes::NO_ANSWER, "nothing was pinned"));
        }
    }
    let pinned = wanted.len();
    for one in wanted {
        known.pin(one.pin.clone());
    }
    if pinned > 0 {
        known.write(folder)?;
    }
    let fields = || vec![("keys", json!(shown)), ("pinned", json!(pinned))];
    pipeline::finish(cx, &chosen.checked, Exit::Ok, fields, || {
        if cx.global.quiet {
            return String::new();
        }
        let asked = !command.yes && command.fingerprint.is_empty() && pinned > 0;
        let listed = if asked { String::new() } else { table(cx, &shown) };
        match pinned {
            0 => format!("{listed}nothing to pin\n"),
            1 => format!("{listed}1 key is pinned in {FILE}; commit it\n"),
            n => format!("{listed}{n} keys are pinned in {FILE}; commit it\n"),
        }
    })
}

fn unreached(error: &RemoteError) -> Failure {
    let (code, help) = trouble::of_remote(error).unwrap_or((codes::NO_WAY, "try `ssh -v HOST`"));
    Failure::bare(Exit::Unknown, code, error.to_string()).help(help)
}

fn meant(command: &Trust, shown: &Shown) -> bool {
    command.fingerprint.is_empty() || command.fingerprint.contains(&shown.fingerprint)
}

/// A key beside what is pinned.
fn look(host: &str, key: &HostKey, known: &KnownHosts) -> Option<Shown> {
    let pin = Pin::of(&key.line)?;
    let before = known.pinned(&pin);
    let (state, was) = match before {
        None => (State::New, None),
        Some(b) if b.key == pin.key => (State::Pinned, None),
        Some(b) => (State::Changed, twin::session::fingerprint(&format!("{} {}", b.kind, b.key))),
    };
    let (host, kind, fingerprint) = (host.to_owned(), pin.kind.clone(), key.fingerprint.clone());
    Some(Shown { host, kind, fingerprint, state, was, pin })
}

fn table(cx: &Cx, shown: &[Shown]) -> String {
    let mut table = Table::new();
    for s in shown {
        let (word, style) = match s.state {
            State::New => ("new", Style::Warn),
            State::Pinned => ("pinned", Style::Good),
            State::Changed => ("changed", Style::Bad),
        };
        table.styled([
            (&*s.host, Some(Style::Name)),
            (&*s.kind, None),
            (&*s.fingerprint, None),
            (word, Some(style)),
        ]);
        if let Some(was) = &s.was {
            table.styled([("", None), ("", None), (&**was, None), ("was pinned", Some(Style::Dim))]);
        }
    }
    table.text(0, cx.console.width, cx.console.paint)
}
