//! The fleet's folder: where it is, and the bytes of its sources. The only place that reads them.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{codes, compose_files};
use source::{Role, Sources};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Folders deeper than this hold no sources; it also ends loops of symbolic links.
const DEPTH: usize = 4;

/// The folder that was named, or the nearest one with a `fleet.yaml` from here upwards.
///
/// # Errors
/// When there is none.
pub fn find(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        let is_file = named.file_name().is_some_and(|n| n == source::folder::FLEET_FILE) && named.is_file();
        let folder = if is_file { named.parent().unwrap_or(named) } else { named };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        return match fs::metadata(folder) {
            Ok(meta) if meta.is_dir() => Ok(folder.to_path_buf()),
            Ok(_) => Err(no_fleet(format!("{} is not a folder", folder.display()))),
            Err(e) => Err(no_fleet(format!("{}: {e}", folder.display()))),
        };
    }
    let here = std::env::current_dir().map_err(|e| no_fleet(format!("the current folder: {e}")))?;
    match here.ancestors().find(|f| f.join(source::folder::FLEET_FILE).is_file()) {
        Some(found) if found == here => Ok(PathBuf::from(".")),
        Some(found) => Ok(found.to_path_buf()),
        None => Err(no_fleet(format!("no {} here or in a folder above", source::folder::FLEET_FILE))),
    }
}

fn no_fleet(message: String) -> Failure {
    Failure::bare(Exit::Errors, codes::NO_FLEET, message)
        .help("name the fleet's folder with -C DIR, or make a fleet with `fleetwright init`")
}

/// The name a fleet has when its sources give none: the folder's.
pub fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    whole.file_name().map_or_else(|| "fleet".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// The bytes of every source file. Hidden files, `templates/`, `secrets/` and what is no source stay unread.
///
/// # Errors
/// When a folder or file cannot be read; the first one is named.
pub fn read(folder: &Path) -> Result<Sources, Failure> {
    let mut sources = Sources { root_name: name(folder), ..Sources::default() };
    walk(folder, "", 0, &mut sources)?;
    for path in source::beside(&sources) {
        if let Some(bytes) = beside(&folder.join(&path))? {
            sources.beside.insert(path, bytes);
        }
    }
    compose_files::read(folder, &mut sources)?;
    Ok(sources)
}

/// The bytes of a file that sources refer to; nothing where there is none.
fn beside(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let unreadable = |e: std::io::Error| {
        Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
    };
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => return Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(unreadable(e)),
    }
    let mut bytes = Vec::new();
    // One byte more than allowed is enough for the complaint.
    let most = tofu::json::MAX_BYTES as u64 + 1;
    File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(Some(bytes))
}

fn walk(folder: &Path, within: &str, depth: usize, sources: &mut Sources) -> Result<(), Failure> {
    let unreadable = |path: &Path, e: std::io::Error| {
        Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{}: {e}", path.display()))
    };
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(folder, e))?;
        // A name that is not UTF-8 is no thing's name and is never read.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let relative = if within.is_empty() { name } else { format!("{within}/{name}") };
        // Follows symbolic links: a file shared between fleets may be one.
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            // A link that leads nowhere, or a file that has just gone.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) => return Err(unreadable(&path, e)),
        };
        if meta.is_dir() {
            // Another fleet inside this one is not part of it.
            let may = depth < DEPTH && source::folder::may_hold_sources(&relative);
            if may && !path.join(source::folder::FLEET_FILE).is_file() {
                walk(&path, &relative, depth + 1, sources)?;
            }
        } else if meta.is_file() && source::role(&relative) != Role::Other {
            let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0).min(1 << 20));
            // One byte more than allowed is enough for the complaint.
            let most = source::MAX_BYTES as u64 + 1;
            File::open(&path)
                .and_then(|f| f.take(most).read_to_end(&mut bytes))
                .map_err(|e| unreadable(&path, e))?;
            sources.files.insert(relative, bytes);
        }
    }
    Ok(())
}
