//! The fleet's folder: what is there, what is added to it, and writing all of it or nothing.

use super::read::Read;
use super::world::World;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{Cx, codes as own, lock_file};
use ::import::{Imported, codes, stage, together};
use artifact::stage::ALL;
use derive::Lock;
use diag::{Diagnostic, Place, Report};
use model::HostId;
use source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The fleet that is imported into.
pub(super) struct Target {
    folder: PathBuf,
    pub(super) sources: Sources,
    pub(super) lock: Lock,
}

impl Target {
    /// The named folder, which may have no fleet yet, or the fleet of this one.
    pub(super) fn open(into: Option<&Path>, cx: &Cx) -> Result<Target, Failure> {
        let folder = match into {
            Some(into) => into.to_path_buf(),
            None => crate::folder::find(cx.global.fleet.as_deref())?,
        };
        if !folder.exists() {
            let sources = Sources { root_name: crate::folder::name(&folder), ..Sources::default() };
            return Ok(Target { folder, sources, lock: Lock::default() });
        }
        let sources = crate::folder::read(&folder)?;
        let lock = lock_file::read(&folder)?.unwrap_or_default();
        Ok(Target { folder, sources, lock })
    }
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A source that comes or grows.
pub(super) struct Changed {
    /// Its bytes; `None` where there was none.
    pub(super) old: Option<Vec<u8>>,
    pub(super) text: String,
}

/// What is written.
pub(super) struct Changes {
    pub(super) files: BTreeMap<String, Changed>,
    /// Engines put in shadow by host.
    pub(super) staged: BTreeMap<String, BTreeSet<String>>,
}

/// The sources with what was imported.
///
/// # Errors
/// When what is there says something else, or all of it is there already.
pub(super) fn changes(target: &Target, imported: &Imported) -> Result<Changes, Failure> {
    let mut report = Report::new();
    let mut files = BTreeMap::new();
    if target.sources.files.is_empty() && !imported.files.iter().any(|f| f.path == source::folder::FLEET_FILE)
    {
        let name = target.sources.root_name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let name = name.trim_matches('-');
        let domain = if name.is_empty() { "fleet" } else { name };
        let text = format!("# Made by `fleetwright import`: change the domain.\ndomain: {domain}.internal\n");
        files.insert(source::folder::FLEET_FILE.to_owned(), Changed { old: None, text });
    }
    let tree = source::tree(&target.sources);
    for file in &imported.files {
        let Some(old) = target.sources.files.get(&file.path) else {
            if let Some(place) = tree.as_ref().and_then(|tree| within_fleet_file(tree, &file.path)) {
                let what = file.path.trim_end_matches(".yaml");
                let message = format!("`{what}` stands here, and an import adds to files of their own alone");
                let help = format!("move it into {}, and import again", file.path);
                report.push(Diagnostic::error(codes::TAKEN, &place, message).help(help));
                continue;
            }
            files.insert(file.path.clone(), Changed { old: None, text: file.text.clone() });
            continue;
        };
        let Ok(there) = std::str::from_utf8(old) else {
            report.push(Diagnostic::error(codes::TAKEN, &Place::file(file.path.as_str()), "it is not UTF-8"));
            continue;
        };
        match together(&file.path, there, &file.text) {
            Ok(text) if text == there => {}
            Ok(text) => drop(files.insert(file.path.clone(), Changed { old: Some(old.clone()), text })),
            Err(faults) => report.items.extend(faults),
        }
    }
    if report.items.is_empty() && files.is_empty() {
        return Err(nothing_new());
    }
    if !report.items.is_empty() {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::new(target.sources.clone()) });
    }
    Ok(Changes { files, staged: BTreeMap::new() })
}

/// Where `fleet.yaml` has what would be a file of this path.
fn within_fleet_file(tree: &model::Node, path: &str) -> Option<Place> {
    let mut at = tree;
    for part in path.strip_suffix(".yaml")?.split('/') {
        at = at.get(part)?;
    }
    Some(at.place.clone()).filter(|place| &*place.file == source::folder::FLEET_FILE)
}

/// Whether the sources say all of it already. What a reader guesses of hosts and sites it does not know is left out
/// where the files make other things too.
pub(super) fn all_there(target: &Target, imported: &Imported) -> bool {
    let guess = |path: &str| path.starts_with("hosts/") || path.starts_with("sites/");
    let only_guesses = imported.files.iter().all(|file| guess(&file.path));
    imported.files.iter().filter(|file| only_guesses || !guess(&file.path)).all(|file| {
        let there = target.sources.files.get(&file.path).and_then(|bytes| std::str::from_utf8(bytes).ok());
        there.is_some_and(|there| together(&file.path, there, &file.text).is_ok_and(|text| text == there))
    })
}

/// All of it was imported before.
pub(super) fn nothing_new() -> Failure {
    Failure::bare(Exit::Errors, codes::TAKEN, "all of it is in the fleet already")
        .help("nothing is left to import; `fleetwright plan` shows what engines in shadow would change")
}

/// The choices of the lock with those that were imported; one that is made already stays.
pub(super) fn lock(there: &Lock, imported: &Lock) -> Lock {
    fn lay(there: &mut serde_json::Value, more: serde_json::Value) {
        let (serde_json::Value::Object(there), serde_json::Value::Object(more)) = (there, more) else {
            return;
        };
        for (key, value) in more {
            match there.get_mut(&key) {
                Some(old) => lay(old, value),
                None => drop(there.insert(key, value)),
            }
        }
    }
    let (Ok(mut all), Ok(more)) = (serde_json::to_value(there), serde_json::to_value(imported)) else {
        return there.clone();
    };
    lay(&mut all, more);
    serde_json::from_value(all).unwrap_or_else(|_| there.clone())
}

impl Changes {
    /// The sources as they will be.
    pub(super) fn sources(&self, target: &Target) -> Sources {
        let mut sources = target.sources.clone();
        for (path, file) in &self.files {
            sources.files.insert(path.clone(), file.text.clone().into_bytes());
        }
        sources
    }

    /// The fleet as it will be.
    ///
    /// # Errors
    /// When it has errors: nothing is written then.
    pub(super) fn world(&self, target: &Target, lock: &Lock) -> Result<World, Failure> {
        let does_not_fit = |mut failure: Failure| {
            failure.report.items.retain(|d| d.severity == diag::Severity::Error);
            failure.report.push(
                Diagnostic::bare(codes::DOES_NOT_FIT, "the fleet with what was imported has errors; nothing was written")
                    .help("mend what the errors name in the files or in the fleet, and import again; `--dry-run` shows the sources that would come"),
            );
            failure
        };
        let world = World::of(&self.sources(target), lock).map_err(does_not_fit)?;
        world.ok_or_else(|| Failure::bare(Exit::Errors, codes::DOES_NOT_FIT, "nothing was imported"))
    }

    /// Puts in shadow what would change: new hosts with all they have, of hosts of the files the engines that render
    /// something else than before, of the others the engines that are new there.
    ///
    /// # Errors
    /// When the fleet has errors with what was imported, or a host's source cannot be added to.
    pub(super) fn stage(
        &mut self,
        target: &Target,
        before: Option<&World>,
        lock: &Lock,
        read: &Read,
    ) -> Result<(), Failure> {
        let after = self.world(target, lock)?;
        let mut report = Report::new();
        for id in after.hosts.keys() {
            let was = before.and_then(|b| b.hosts.get(id));
            let mut engines = match (before, was) {
                (Some(before), Some(_)) => super::proof::engines_that_change(before, &after, id),
                _ => BTreeSet::from([ALL.to_owned()]),
            };
            if let Some(was) = was
                && !read.hosts.contains(id.as_str())
                && !self.files.contains_key(&path(id))
            {
                // On a host that is only concerned by it, what is new there; what else changes the proof tells.
                let there = was.owned.engines();
                engines.retain(|engine| !there.contains(engine.as_str()));
            }
            if engines.is_empty() {
                continue;
            }
            if let Err(fault) = self.shadow(target, id, &engines) {
                report.push(fault);
            }
        }
        if report.has_errors() {
            return Err(Failure { exit: Exit::Errors, report, texts: Arc::new(self.sources(target)) });
        }
        Ok(())
    }

    fn shadow(&mut self, target: &Target, id: &HostId, engines: &BTreeSet<String>) -> Result<(), Diagnostic> {
        let path = path(id);
        let old = target.sources.files.get(&path).cloned();
        let text = match (self.files.get(&path), &old) {
            (Some(changed), _) => changed.text.clone(),
            (None, Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            (None, None) => {
                let list: Vec<String> = engines.iter().map(|e| format!("{e}: shadow")).collect();
                let message =
                    format!("{id} has no source of its own, so its engines cannot be put in shadow");
                let help = format!(
                    "describe it in {path}, or write `manage: {{{}}}` where it is described, and import again",
                    list.join(", ")
                );
                return Err(
                    Diagnostic::error(codes::NO_STAGE, &Place::file(path.as_str()), message).help(help)
                );
            }
        };
        let staged = stage::in_shadow(&path, &text, engines)?;
        if staged != text {
            self.files.insert(path, Changed { old, text: staged });
            self.staged.insert(id.to_string(), engines.clone());
        }
        Ok(())
    }

    /// Writes all of it; when one file cannot be written, those that were are as they had been.
    ///
    /// # Errors
    /// With the first file that cannot be written.
    pub(super) fn write(&self, target: &Target, lock: Option<&Lock>) -> Result<(), Failure> {
        let mut undo = Undo { done: Vec::new(), folders: Vec::new() };
        let failed = |path: &Path, e: &std::io::Error| {
            Failure::bare(Exit::Errors, own::UNWRITABLE, format!("{}: {e}", path.display()))
                .help("nothing was changed: what had been written was taken back")
        };
        for (relative, file) in &self.files {
            let path = target.folder.join(relative);
            if let Err(e) = undo.write(&path, file) {
                undo.back();
                return Err(failed(&path, &e));
            }
        }
        if let Some(lock) = lock
            && let Err(failure) = lock_file::write(&target.folder, lock)
        {
            undo.back();
            return Err(failure);
        }
        Ok(())
    }
}

fn path(id: &HostId) -> String {
    format!("hosts/{id}.yaml")
}

/// What was written so far.
struct Undo<'c> {
    done: Vec<(PathBuf, &'c Changed)>,
    folders: Vec<PathBuf>,
}

impl<'c> Undo<'c> {
    /// Beside, then renamed: a reader sees the old bytes or the new ones.
    fn write(&mut self, path: &Path, file: &'c Changed) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|f| !f.as_os_str().is_empty() && !f.exists())
            .map(Path::to_path_buf)
            .collect();
        fs::create_dir_all(folder)?;
        self.folders.extend(missing);
        if file.old.is_none() && path.exists() {
            return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it is there, and no source"));
        }
        put(path, file.text.as_bytes())?;
        self.done.push((path.to_path_buf(), file));
        Ok(())
    }

    fn back(&self) {
        for (path, file) in self.done.iter().rev() {
            let _ = match &file.old {
                Some(bytes) => put(path, bytes),
                None => fs::remove_file(path),
            };
        }
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.new-{}", std::process::id()));
    let done = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}
