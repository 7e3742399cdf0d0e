//! An engine's files, read from a host.

use super::read::{LARGEST, unreadable};
use crate::Cx;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Progress;
use crate::way::{self, At};
use crate::{codes as own, trouble};
use ::import::{Engine, ImportFile, codes};
use diag::{Diagnostic, Place, Report};
use remote::{Remote, RemoteError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for a listing.
const LISTING: Duration = Duration::from_secs(30);

/// Reads the files that an engine usually has, each as `HOST/PATH`. What its reader does not read is not fetched, and
/// comes without its text, for the reader to say so. Nothing is changed on the host, and no agent has to be there.
///
/// # Errors
/// When the fleet has errors, the host cannot be reached, has none of the files, or one of them is no text.
pub(super) fn read(engine: &Engine, host: &str, at: &At, cx: &Cx) -> Result<Vec<ImportFile>, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, at, &[host.to_owned()])?;
    progress.say(&format!("reading from {host}"));
    let mut files = Vec::new();
    let mut report = Report::new();
    for target in way.targets() {
        let remote = &*target.remote;
        for path in paths(remote, engine).map_err(|e| unreached(&e))? {
            let shown = format!("{host}{path}");
            if !(engine.reads)(&path) {
                files.push(ImportFile { path: shown, text: String::new() });
                continue;
            }
            let Some(bytes) = remote.read(&path).map_err(|e| unreached(&e))? else { continue };
            match String::from_utf8(bytes) {
                Ok(text) => files.push(ImportFile { path: shown, text }),
                Err(_) => {
                    let place = Place::file(shown.as_str());
                    report.push(Diagnostic::error(codes::UNREADABLE, &place, "this file is not UTF-8"));
                }
            }
        }
    }
    if report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::default() });
    }
    if files.is_empty() {
        let why = format!("no files of {} there: looked in {}", engine.name, engine.lies.join(", "));
        return Err(unreadable(Path::new(host), &why));
    }
    Ok(files)
}

/// Every file that may be the engine's, in order.
fn paths(remote: &dyn Remote, engine: &Engine) -> Result<Vec<String>, RemoteError> {
    let mut all = Vec::new();
    let largest = format!("-{}k", LARGEST >> 10);
    for lies in engine.lies {
        let there = remote.run(&["test", "-e", lies], &[], LISTING)?;
        match (there.ok(), lies.ends_with('/')) {
            (false, _) => {}
            (true, false) => all.push((*lies).to_owned()),
            (true, true) => {
                let find =
                    ["find", "-L", lies, "-type", "f", "-not", "-name", ".*", "-size", &largest, "-print0"];
                let said = remote.run(&find, &[], LISTING)?;
                all.extend(said.text().split_terminator('\0').map(str::to_owned));
            }
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

fn unreached(error: &RemoteError) -> Failure {
    let known = trouble::of_remote(error);
    let failure =
        Failure::bare(Exit::Unknown, known.map_or(own::NO_WAY, |(code, _)| code), error.to_string());
    match known {
        Some((_, help)) => failure.help(help),
        None => failure,
    }
}
