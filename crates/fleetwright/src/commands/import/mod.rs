//! `fleetwright import`.

mod folder;
mod live;
mod proof;
mod read;
mod world;

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::ui::Style;
use crate::way::At;
use crate::{Cx, pipeline};
use ::import::{Difference, Note, codes};
use clap::{Args, ValueEnum};
use diag::{Diagnostic, Severity};
use folder::Target;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Bring what other tools' files say into the model, and prove that nothing changes by it
///
/// Files become sources of the fleet; what they say and the model does not is told, and stands as comments in the
/// sources. A source that is there keeps every letter: what it does not say yet is added at its end, and what it
/// says otherwise is an error. Engines that would change on a host of the files are put in shadow
/// (`manage: {ENGINE: shadow}`), so that no apply touches them yet; new hosts with all their engines.
///
/// The fleet is then rendered as it was and as it is: what is applied must be the same on every host, and the
/// rendered files must mean what the imported ones do. Exit code 3 when something differs: the sources are
/// written all the same, and each difference is shown.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright import ansible inventory/\n  fleetwright import compose compose.yaml --host mac-mini\n  \
    fleetwright import wireguard kyiv-gw/wg0.conf wroclaw-gw/wg0.conf\n  \
    fleetwright import bird --host edge1 --live --dry-run\n  \
    incus list --format json | fleetwright import incus -"
)]
pub struct Import {
    /// Whose files
    #[arg(value_enum)]
    what: What,
    /// Files and folders; `-` is standard input. Files in a folder with a host's name are that host's
    #[arg(value_name = "FILE", required_unless_present = "live")]
    files: Vec<PathBuf>,
    /// The host the files are from, or where the services of Compose files run
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Read the engine's files from where they usually lie on --host, which is only looked at
    #[arg(long, requires = "host", conflicts_with_all = ["files", "into"])]
    live: bool,
    /// Where the host is
    #[command(flatten)]
    at: At,
    /// The fleet's folder; one that has no fleet yet gets one [default: the fleet of this folder]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Before the name of each service of Compose files
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// A file with the password of Ansible's vault; the environment goes before it
    #[arg(long, value_name = "FILE")]
    vault_password_file: Option<PathBuf>,
    /// Write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Inventories: hosts, groups, variables
    Ansible,
    /// Compose files: services
    Compose,
    /// wg and wg-quick files: tunnels
    Wireguard,
    /// bird.conf: BGP sessions
    Bird,
    /// Caddyfiles: what is exposed
    Caddy,
    /// nftables rulesets: policies
    Nftables,
    /// prometheus.yml: what is watched
    Prometheus,
    /// Answers of `incus list`, `incus network list` and `incus profile list` as JSON: hosts and networks
    Incus,
}

/// Everything that came of it.
struct Outcome {
    target: Target,
    changes: folder::Changes,
    notes: Vec<Note>,
    proof: proof::Proof,
}

/// Runs it.
///
/// # Errors
/// When the fleet or a file has errors, or what is there says something else. Nothing is written then.
pub fn run(command: &Import, cx: &Cx) -> Result<Exit, Failure> {
    if !command.live && (command.at.twin.is_some() || command.at.local.is_some()) {
        let message = "`--twin` and `--local` say where the host of `--live` is";
        return Err(
            Failure::bare(Exit::Usage, codes::UNREADABLE, message).help("add `--live`, or leave them out")
        );
    }
    let target = Target::open(command.into.as_deref(), cx)?;
    let before = world::World::of(&target.sources, &target.lock)?;
    let read = read::all(command, &target, before.as_ref(), cx)?;
    let mut changes = folder::changes(&target, &read.imported)?;
    let lock = folder::lock(&target.lock, &read.imported.lock);
    changes.stage(&target, before.as_ref(), &lock, &read)?;
    let after = changes.world(&target, &lock)?;
    let proof = proof::prove(&read, before.as_ref(), &after);
    if !command.dry_run {
        changes.write(&target, (lock != target.lock).then_some(&lock))?;
    }
    let exit = if proof.holds() { Exit::Ok } else { Exit::Refuted };
    let outcome = Outcome { target, changes, notes: read.imported.notes, proof };
    let mut report = read.imported.report;
    report.extend(after.report);
    report.items.retain(|d| d.severity != Severity::Note);
    report.sort();
    if let n @ 1.. = outcome.proof.different.len() + outcome.proof.applied.len() {
        let s = if n == 1 { "" } else { "s" };
        let message = format!("{n} difference{s} between what was there and what the fleet says now");
        let help = "each is shown with both sides; what is in shadow is touched by no apply";
        report.push(Diagnostic::bare(codes::NOT_THE_SAME, message).help(help));
    }
    if cx.global.json {
        cx.console.json(&envelope(cx, exit, &report, fields(&outcome, command.dry_run)))?;
    } else {
        pipeline::notes(cx, &report, &outcome.changes.sources(&outcome.target));
        cx.console.print(text(cx, &outcome, command.dry_run))?;
    }
    Ok(exit)
}

fn fields(outcome: &Outcome, dry_run: bool) -> Map<String, Value> {
    let note = |n: &Note| json!({"place": n.place.to_string(), "what": n.what, "why": n.why});
    let differences = |all: &[Difference]| -> Vec<Value> {
        all.iter().map(|d| json!({"key": d.key, "before": d.before, "after": d.after})).collect()
    };
    let files: Vec<Value> = outcome
        .changes
        .files
        .iter()
        .map(|(path, file)| json!({"path": path, "new": file.old.is_none()}))
        .collect();
    Map::from_iter([
        ("folder".to_owned(), json!(outcome.target.folder())),
        ("written".to_owned(), json!(!dry_run)),
        ("files".to_owned(), json!(files)),
        ("not_carried".to_owned(), outcome.notes.iter().map(note).collect()),
        ("staged".to_owned(), json!(outcome.changes.staged)),
        (
            "proof".to_owned(),
            json!({
                "holds": outcome.proof.holds(),
                "compared": outcome.proof.compared,
                "differences": differences(&outcome.proof.different),
                "applied_hosts": outcome.proof.hosts,
                "applied_differences": differences(&outcome.proof.applied),
            }),
        ),
    ])
}

fn text(cx: &Cx, outcome: &Outcome, dry_run: bool) -> String {
    let paint = cx.console.paint;
    let mut out = String::new();
    for (path, file) in &outcome.changes.files {
        let word = if file.old.is_none() { "new" } else { "added to" };
        let path = outcome.target.folder().join(path);
        let _ = writeln!(out, "  {}  {word}", paint.with(Style::Name, path.display().to_string()));
    }
    if dry_run {
        out.push_str("nothing was written (--dry-run)\n");
    }
    if !outcome.notes.is_empty() {
        out.push_str("\nnot carried:\n");
        let mut told = BTreeSet::new();
        for note in
            outcome.notes.iter().filter(|n| told.insert((n.place.clone(), n.what.clone(), n.why.clone())))
        {
            let _ = writeln!(out, "  {}: {}: {}", note.place, note.what, note.why);
        }
    }
    if !outcome.changes.staged.is_empty() {
        out.push_str("\nin shadow, so that no apply touches them:\n");
        for (host, engines) in &outcome.changes.staged {
            let names: Vec<&str> = engines.iter().map(String::as_str).collect();
            let _ = writeln!(out, "  {host}: {}", names.join(", "));
        }
    }
    out.push('\n');
    let proof = &outcome.proof;
    for difference in &proof.different {
        tell(&mut out, "different", difference, ["imported", "rendered"]);
    }
    for difference in &proof.applied {
        tell(&mut out, "an apply would change", difference, ["before", "after"]);
    }
    if proof.different.is_empty() {
        let what = match proof.compared {
            0 => "nothing to hold the files against".to_owned(),
            1 => "1 fact of the files".to_owned(),
            n => format!("{n} facts of the files"),
        };
        let _ = writeln!(out, "{}: {what}", paint.with(Style::Good, "same"));
    }
    if proof.applied.is_empty() {
        let s = if proof.hosts == 1 { "" } else { "s" };
        let _ =
            writeln!(out, "{}: what is applied on {} host{s}", paint.with(Style::Good, "same"), proof.hosts);
    }
    out
}

fn tell(out: &mut String, what: &str, difference: &Difference, sides: [&str; 2]) {
    let _ = writeln!(out, "{what}: {}", difference.key);
    for (side, value) in sides.into_iter().zip([&difference.before, &difference.after]) {
        let value = value.as_deref().unwrap_or("(nothing)");
        let _ = writeln!(out, "    {side:<8}  {}", crate::ui::plain(value));
    }
}
