//! `fleetwright lock`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::{self, Made};
use crate::ui::{Progress, Style};
use crate::{Cx, lock_file, pipeline};
use clap::Args;
use derive::Options;
use serde_json::json;
use std::fmt::Write;

/// Write every choice the tool makes into fleet.lock, and make missing keys and secrets
///
/// Choices that are there stay; only what is new is chosen, and what no longer exists is dropped. Commit
/// fleet.lock. Private keys and other values that are made once go to the fleet's other secrets: encrypted into
/// secrets/, or into .fleetwright/secrets/ (mode 0600), which is never committed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright lock\n  fleetwright lock --check    # in CI: exit code 3 when the lock is stale"
)]
pub struct Lock {
    /// Change nothing; exit code 3 when the lock does not say what the sources need
    #[arg(long)]
    check: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, or the lock or a secret cannot be read or written.
pub fn run(command: &Lock, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and deriving");
    let checked = pipeline::check(cx)?;
    let folder = checked.folder.clone();
    let before = lock_file::read(&folder)?;
    if command.check {
        let stale = derive::stale(&checked.model, &before.unwrap_or_default());
        drop(progress);
        let mut checked = checked;
        let exit = if stale.items.is_empty() { Exit::Ok } else { Exit::Refuted };
        checked.report.extend(stale);
        return pipeline::finish(
            cx,
            &checked,
            exit,
            || vec![("changed", json!(exit != Exit::Ok))],
            || match exit {
                Exit::Ok if !cx.global.quiet => "fleet.lock is up to date\n".to_owned(),
                _ => String::new(),
            },
        );
    }
    let mut made = Made::default();
    let mut lock = before.clone().unwrap_or_default();
    let interfaces = keys::interfaces(&checked.model, &lock);
    keys::complete(&checked, &mut lock, &interfaces, &mut made)?;
    let chosen = checked.choose_with(lock, &Options::default())?;
    progress.say("rendering");
    let rendered = chosen.render()?;
    keys::fill(&rendered.chosen.checked, rendered.hosts.values(), &mut made)?;
    let after = &rendered.chosen.lock;
    let changed = before.as_ref() != Some(after);
    if changed {
        lock_file::write(&folder, after)?;
    }
    drop(progress);
    let fields = || {
        vec![
            ("changed", json!(changed)),
            ("keys", json!(made.keys)),
            ("values", json!(made.values)),
            ("elsewhere", json!(made.elsewhere)),
            ("awaited", json!(made.awaited)),
        ]
    };
    pipeline::finish(cx, &rendered.chosen.checked, Exit::Ok, fields, || {
        tell(cx, &made, changed, before.is_none())
    })
}

fn tell(cx: &Cx, made: &Made, changed: bool, first: bool) -> String {
    let mut out = String::new();
    if cx.global.quiet {
        return out;
    }
    let paint = cx.console.paint;
    let _ = match (changed, first) {
        (true, true) => writeln!(out, "fleet.lock is written; commit it"),
        (true, false) => writeln!(out, "fleet.lock has changed; commit it"),
        (false, _) => writeln!(out, "fleet.lock is up to date"),
    };
    for name in &made.keys {
        let _ = writeln!(out, "  {} key pair {name}", paint.with(Style::Good, "+"));
    }
    for name in &made.values {
        let _ = writeln!(out, "  {} secret/{name} has a value now", paint.with(Style::Warn, "+"));
    }
    if !made.values.is_empty() {
        out.push_str("  `fleetwright secrets set NAME` keeps a value others already use in its place\n");
    }
    for name in &made.awaited {
        let _ = writeln!(
            out,
            "  {} secret/{name} has no value yet: `fleetwright secrets set` keeps what it is, or is made from",
            paint.with(Style::Warn, "?")
        );
    }
    if !made.elsewhere.is_empty() {
        let _ = writeln!(
            out,
            "  {} private keys are not on this machine (their public keys stay as they are)",
            made.elsewhere.len()
        );
    }
    out
}
