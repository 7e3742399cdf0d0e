//! The pure rooms in their order: sources, model, rules, derivation, rendering. Every command that needs
//! the fleet gets it here.

use crate::exit::Exit;
use crate::failure::{Failure, envelope, text_of};
use crate::keys::Keys;
use crate::lock_file;
use crate::ui::{self, Progress};
use crate::{Cx, clock, folder};
use artifact::Desired;
use derive::fleet::Fleet;
use derive::{Lock, Options};
use diag::{Report, Severity};
use model::HostId;
use serde_json::{Map, Value, json};
use source::Sources;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A fleet that passed reading and all rules.
pub struct Checked {
    /// Its folder.
    pub folder: PathBuf,
    /// Its sources.
    pub sources: Arc<Sources>,
    /// The model.
    pub model: model::Fleet,
    /// Warnings and notes so far.
    pub report: Report,
    timing: Timing,
}

/// A fleet with every choice made.
pub struct Chosen {
    /// Where it came from.
    pub checked: Checked,
    /// The fleet.
    pub fleet: Fleet,
    /// The lock as it should be.
    pub lock: Lock,
}

/// A fleet with every file of every host.
pub struct Rendered {
    /// Where it came from.
    pub chosen: Chosen,
    /// What every host should be.
    pub hosts: BTreeMap<HostId, Desired>,
}

/// Reads and checks the fleet in the folder the options name.
///
/// # Errors
/// When it cannot be read, or has errors: all of them.
pub fn check(cx: &Cx) -> Result<Checked, Failure> {
    check_in(cx, &folder::find(cx.global.fleet.as_deref())?)
}

/// Reads and checks the fleet in a folder.
///
/// # Errors
/// When it cannot be read, or has errors: all of them.
pub fn check_in(cx: &Cx, folder: &Path) -> Result<Checked, Failure> {
    let mut timing = Timing::new(cx.global.timing);
    let sources = folder::read(folder)?;
    timing.lap("read");
    let (fleet, mut report) = source::load(&sources);
    timing.lap("load");
    if let Some(fleet) = &fleet {
        report = source::settle(report, check::check_on(fleet, Some(&clock::today())));
    }
    timing.lap("check");
    let sources = Arc::new(sources);
    match fleet {
        Some(model) if !report.has_errors() => {
            Ok(Checked { folder: folder.to_path_buf(), sources, model, report, timing })
        }
        _ => Err(Failure { exit: Exit::Errors, report, texts: sources }),
    }
}

impl Checked {
    /// Makes every choice, with the folder's lock and these keys.
    ///
    /// # Errors
    /// When the lock cannot be read or a choice cannot be made.
    pub fn choose(mut self, keys: &Keys, options: &Options) -> Result<Chosen, Failure> {
        let lock = lock_file::read(&self.folder)?.unwrap_or_default();
        self.timing.lap("lock");
        self.choose_with(keys.onto(lock), options)
    }

    /// Makes every choice with this lock.
    ///
    /// # Errors
    /// When a choice cannot be made.
    pub fn choose_with(mut self, lock: Lock, options: &Options) -> Result<Chosen, Failure> {
        let derived = derive::derive(&self.model, &lock, options);
        self.timing.lap("derive");
        self.report.extend(derived.report);
        self.report.sort();
        match derived.fleet {
            Some(fleet) if !self.report.has_errors() => {
                Ok(Chosen { checked: self, fleet, lock: derived.lock })
            }
            _ => Err(self.failure()),
        }
    }

    /// The errors of it.
    pub fn failure(&self) -> Failure {
        Failure { exit: Exit::Errors, report: self.report.clone(), texts: Arc::clone(&self.sources) }
    }
}

impl Chosen {
    /// Writes every file of every host, in memory.
    ///
    /// # Errors
    /// When something cannot be rendered.
    pub fn render(mut self) -> Result<Rendered, Failure> {
        let (hosts, report) = render::render(&self.fleet);
        self.checked.timing.lap("render");
        let failed = report.has_errors();
        self.checked.report.extend(report);
        self.checked.report.sort();
        if failed {
            return Err(self.checked.failure());
        }
        Ok(Rendered { chosen: self, hosts })
    }
}

/// All the way to the files, for commands that look at them.
///
/// # Errors
/// As the steps.
pub fn render(cx: &Cx) -> Result<Rendered, Failure> {
    let progress = Progress::new(&cx.console, "reading and checking");
    let checked = check(cx)?;
    progress.say("deriving");
    let keys = Keys::of(&checked);
    let chosen = checked.choose(&keys, &Options::default())?;
    progress.say("rendering");
    chosen.render()
}

/// A command's end: its warnings on standard error and the result in its form.
///
/// # Errors
/// When standard output cannot be written.
pub fn finish(
    cx: &Cx,
    checked: &Checked,
    exit: Exit,
    fields: impl FnOnce() -> Vec<(&'static str, Value)>,
    text: impl FnOnce() -> String,
) -> Result<Exit, Failure> {
    if cx.global.json {
        let fields = Map::from_iter(fields().into_iter().map(|(k, v)| (k.to_owned(), v)));
        cx.console.json(&envelope(cx, exit, &checked.report, fields))?;
    } else {
        notes(cx, &checked.report, &checked.sources);
        cx.console.print(text())?;
    }
    checked.timing.tell(cx);
    Ok(exit)
}

/// Commands that tell notes (what is not supported yet, keys that are missing). The others would only repeat
/// them; JSON always has all.
const TELL_NOTES: &[&str] = &["check", "render", "lock", "twin up"];

/// Warnings and notes on standard error; not with `--quiet`.
pub fn notes(cx: &Cx, report: &Report, sources: &Sources) {
    let mut shown = if cx.global.quiet { ui::errors_only(report) } else { report.clone() };
    if !TELL_NOTES.contains(&cx.command) {
        shown.items.retain(|d| d.severity != Severity::Note);
    }
    let source = |file: &str| text_of(sources, file);
    cx.console.note(ui::diagnostics(&shown, &source, cx.console.paint_err));
}

/// How long each phase took; `--timing` tells.
struct Timing {
    on: bool,
    begun: Instant,
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Timing {
    fn new(on: bool) -> Self {
        let now = Instant::now();
        Timing { on, begun: now, last: now, laps: Vec::new() }
    }
    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, (now - self.last).as_secs_f64() * 1000.0));
        self.last = now;
    }
    fn tell(&self, cx: &Cx) {
        if !self.on {
            return;
        }
        let mut all = Map::new();
        for (name, ms) in &self.laps {
            all.insert(format!("{name}_ms"), json!((ms * 10.0).round() / 10.0));
        }
        all.insert("whole_ms".into(), json!((self.begun.elapsed().as_secs_f64() * 10_000.0).round() / 10.0));
        all.insert("peak_kib".into(), json!(peak_kib()));
        cx.console.note(format!("{}\n", Value::Object(all)));
    }
}

/// Largest resident set of this process, KiB (`VmHWM` in proc(5)).
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse().ok()
}
