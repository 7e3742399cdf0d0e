//! The files of Compose projects: what `compose:` names, and what those name in turn.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use source::Sources;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Adds the bytes of every file the projects ask for, round by round: which files there are is said in files.
///
/// # Errors
/// When a file cannot be read, is too large, or is reached by a link that leads out of the fleet's folder.
pub fn read(folder: &Path, sources: &mut Sources) -> Result<(), Failure> {
    let mut asked = BTreeSet::new();
    loop {
        let mut wanted = source::wanted(sources);
        wanted.retain(|path| asked.insert(path.clone()));
        if wanted.is_empty() {
            return Ok(());
        }
        for path in wanted {
            let Some(bytes) = one(folder, &path)? else { continue };
            // Messages show lines of what they are about: of Compose files, not of what may hold what is secret.
            let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
            let into = if yaml { &mut sources.files } else { &mut sources.beside };
            into.insert(path, bytes);
        }
    }
}

/// The bytes of a file of the folder; nothing where there is none, or a folder.
fn one(folder: &Path, relative: &str) -> Result<Option<Vec<u8>>, Failure> {
    let failure = |why: String| Failure::bare(Exit::Errors, codes::UNREADABLE, format!("{relative}: {why}"));
    let unreadable = |e: std::io::Error| failure(e.to_string());
    let path = folder.join(relative);
    let whole = match path.canonicalize() {
        Ok(whole) => whole,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(unreadable(e)),
    };
    if !whole.starts_with(folder.canonicalize().map_err(unreadable)?) {
        return Err(failure(
            "a link leads out of the fleet's folder, and a Compose project reads only there".to_owned(),
        )
        .help("put the file itself into the fleet's folder"));
    }
    let meta = fs::metadata(&whole).map_err(unreadable)?;
    if !meta.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let most = source::MAX_BYTES;
    let file = File::open(&whole).map_err(unreadable)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(failure(format!("a file of a Compose project has at most {most} bytes"))
            .help("put it on the host, and name its path there"));
    }
    Ok(Some(bytes))
}
