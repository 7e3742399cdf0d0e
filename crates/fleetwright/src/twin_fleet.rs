//! A fleet as its twin runs it: which folder a running twin was made from, with which timers and keys.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::{self, Keys};
use crate::pipeline::{self, Checked};
use crate::secret_store::HIDDEN;
use crate::{Cx, codes, folder, lock_file};
use artifact::Desired;
use derive::fleet::Fleet;
use derive::{Lock, Options};
use diag::Diagnostic;
use model::HostId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use twin::session::{Subject, short_timers};
use twin::world::World;
use twin::{Condition, Twin, TwinError};

/// What is remembered about a running twin. It lies with the twin's own state and goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The twin.
    pub name: String,
    /// The fleet's folder, absolute.
    pub folder: PathBuf,
    /// Stock timers instead of short ones.
    pub exact_timers: bool,
}

/// A fleet with everything a twin of it needs.
pub struct TwinFleet {
    /// Where it came from.
    pub checked: Checked,
    /// The fleet, with the twin's timers.
    pub fleet: Fleet,
    /// What every host should be.
    pub desired: BTreeMap<HostId, Desired>,
    /// Every choice that was made.
    pub lock: Lock,
    /// Values of its secrets.
    pub values: BTreeMap<String, String>,
    /// Secrets that were made for the twin because they are not on this machine.
    pub stand_ins: BTreeSet<String>,
}

/// Derives and renders a twin's fleet, with its keys and timers.
///
/// # Errors
/// When the fleet has errors, or a secret cannot be read or made.
pub fn load(cx: &Cx, record: &Record) -> Result<TwinFleet, Failure> {
    let checked = pipeline::check_in(cx, &record.folder)?;
    let lock = match lock_file::read(&record.folder)? {
        Some(lock) => lock,
        None => remembered(&record.name)?.unwrap_or_default(),
    };
    let wanted = keys::interfaces(&checked.model, &lock);
    let mut keys = Keys::for_twin(&checked, &lock, &wanted)?;
    let timers = (!record.exact_timers).then(short_timers);
    let rendered = checked.choose_with(keys.onto(lock), &Options { timers })?.render()?;
    keys.make_missing(rendered.hosts.values())?;
    let values = keys.values(rendered.hosts.values())?;
    let chosen = rendered.chosen;
    Ok(TwinFleet {
        checked: chosen.checked,
        fleet: chosen.fleet,
        // A twin is a world without the tools that still have an engine elsewhere: it runs what is declared.
        desired: rendered.hosts.into_iter().map(|(id, desired)| (id, desired.in_full())).collect(),
        lock: chosen.lock,
        values,
        stand_ins: keys.stand_ins,
    })
}

impl TwinFleet {
    /// The fleet as a session wants it.
    pub fn subject<'a>(&'a self, secrets: &'a (dyn Fn(&str) -> Option<String> + Send + Sync)) -> Subject<'a> {
        Subject { fleet: &self.fleet, desired: &self.desired, secrets }
    }

    /// The world around it. Certificates of its public CA lie in the fleet's hidden folder.
    ///
    /// # Errors
    /// When the world cannot be made, or the stand-in program is missing.
    pub fn world(&self) -> Result<World, Failure> {
        let values = |name: &str| self.values.get(name).cloned();
        twin::session::world_of(&self.subject(&values), &self.kept(), &stand_in()?).map_err(failure)
    }

    /// Where what makes its twins' worlds the same is kept.
    pub fn kept(&self) -> PathBuf {
        self.checked.folder.join(HIDDEN).join("twin")
    }
}

/// The stand-in program that lies beside this one, or one folder above it.
fn stand_in() -> Result<Vec<u8>, Failure> {
    const NAME: &str = "fleetwright-standin";
    let missing = |detail: String| {
        Failure::bare(Exit::Missing, codes::LACKS, format!("no {NAME} beside this program: {detail}"))
            .help("build it with `cargo build -p twin`")
    };
    let program = std::env::current_exe().map_err(|e| missing(e.to_string()))?;
    let found = program.ancestors().skip(1).take(2).map(|f| f.join(NAME)).find(|p| p.is_file());
    let path = found.ok_or_else(|| missing(program.display().to_string()))?;
    std::fs::read(&path).map_err(|e| missing(format!("{}: {e}", path.display())))
}

/// The record of a twin of the fleet in a folder.
///
/// # Errors
/// When the folder's path cannot be found out.
pub fn record(folder: &Path, name: Option<&str>, exact_timers: bool) -> Result<Record, Failure> {
    let whole = folder
        .canonicalize()
        .map_err(|e| Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", folder.display())))?;
    let name = name.map_or_else(|| twin_name(&folder::name(&whole)), str::to_owned);
    Ok(Record { name, folder: whole, exact_timers })
}

/// A twin's name from a folder's: 1 to 32 of a-z, 0-9 and `-`.
fn twin_name(folder: &str) -> String {
    let plain: String = folder
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(32)
        .collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "fleet".to_owned() } else { plain.to_owned() }
}

/// A place beside a twin's logs, which goes with the twin.
pub fn beside(twin: &Twin, name: &str) -> PathBuf {
    twin.logs().with_file_name(name)
}

/// Where a twin's record lies.
fn path(twin: &Twin) -> PathBuf {
    beside(twin, "fleet.json")
}

/// Remembers what a twin was made from, and the choices it was made with: while the fleet has no lock, a host
/// that comes or goes must not move the others of a running twin.
///
/// # Errors
/// When it cannot be written.
pub fn remember(twin: &Twin, record: &Record, lock: &Lock) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(record).unwrap_or_default();
    let path = path(twin);
    std::fs::write(&path, text)
        .map_err(|e| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display())))?;
    path.parent().map_or(Ok(()), |folder| lock_file::write(folder, lock))
}

/// The choices a running twin was made with.
fn remembered(name: &str) -> Result<Option<Lock>, Failure> {
    let Ok(twin) = Twin::open(name) else { return Ok(None) };
    path(&twin).parent().map_or(Ok(None), lock_file::read)
}

/// The running twin that is meant: the named one, that of the fleet here, or the only one there is.
///
/// # Errors
/// When there is none, or it is unclear which.
pub fn running(cx: &Cx, name: Option<&str>) -> Result<Record, Failure> {
    if let Some(name) = name {
        let record = known(name)?;
        if let Some(named) = cx.global.fleet.as_deref() {
            let folder = folder::find(Some(named))?;
            let folder = folder.canonicalize().unwrap_or(folder);
            if folder != record.folder {
                let (theirs, ours) = (record.folder.display(), folder.display());
                let message = format!("twin {name} is of {theirs}, not of {ours}");
                return Err(Failure::bare(Exit::Errors, codes::NO_WAY, message)
                    .help("leave `-C` out, or boot a twin of that folder under another `--name`"));
            }
        }
        return Ok(record);
    }
    let up: Vec<Record> = twin::twins()
        .map_err(failure)?
        .into_iter()
        .filter(|t| t.condition == Condition::Running)
        .filter_map(|t| known(&t.name).ok())
        .collect();
    // The fleet that was named or is here; without one, a single running twin can only be it.
    match (folder::find(cx.global.fleet.as_deref()), up.as_slice()) {
        (Ok(folder), _) => {
            let folder = folder.canonicalize().unwrap_or(folder);
            let mine: Vec<&Record> = up.iter().filter(|r| r.folder == folder).collect();
            match mine.as_slice() {
                [one] => Ok((*one).clone()),
                [] => Err(no_way(format!("no twin of {} is running", folder.display()))),
                many => Err(unclear(many.iter().map(|r| &*r.name))),
            }
        }
        (Err(failure), _) if cx.global.fleet.is_some() => Err(failure),
        (Err(_), [one]) => Ok(one.clone()),
        (Err(_), []) => Err(no_way("no twin is running".to_owned())),
        (Err(_), many) => Err(unclear(many.iter().map(|r| &*r.name))),
    }
}

fn known(name: &str) -> Result<Record, Failure> {
    let twin = Twin::open(name).map_err(failure)?;
    let path = path(&twin);
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display())))?;
    serde_json::from_str(&text)
        .map_err(|e| Failure::bare(Exit::Errors, codes::DAMAGED, format!("{}: {e}", path.display())))
}

fn no_way(message: String) -> Failure {
    Failure::bare(Exit::Errors, codes::NO_WAY, message).help("`fleetwright twin up` boots one")
}

fn unclear<'a>(names: impl Iterator<Item = &'a str>) -> Failure {
    let names: Vec<&str> = names.collect();
    let message = format!("several twins are running: {}", names.join(", "));
    Failure::new(Exit::Errors, Diagnostic::bare(codes::NO_WAY, message))
        .help("say which, with --name or --twin")
}

/// What became of the twin's ground, as a failure of the command.
pub fn failure(error: TwinError) -> Failure {
    let exit = match &error {
        TwinError::Lacks(_) => Exit::Missing,
        TwinError::Cancelled => Exit::Interrupted,
        _ => Exit::Errors,
    };
    match error {
        TwinError::Lacks(lacks) => {
            let items =
                lacks.into_iter().map(|l| Diagnostic::bare(codes::LACKS, format!("this machine lacks {l}")));
            Failure {
                exit,
                report: diag::Report { items: items.collect() },
                texts: std::sync::Arc::default(),
            }
        }
        TwinError::Cancelled => Failure::bare(exit, codes::INTERRUPTED, "stopped; what was made is released"),
        TwinError::Exists(name) => {
            Failure::bare(exit, codes::TWIN, format!("twin {name} is running already"))
                .help("`fleetwright twin apply` brings it to the sources, `fleetwright twin down` ends it")
        }
        TwinError::NoTwin(name) => {
            Failure::bare(exit, codes::TWIN, format!("there is no running twin {name}"))
                .help("`fleetwright twin ls` lists them")
        }
        other => Failure::bare(exit, codes::TWIN, other.to_string()),
    }
}
