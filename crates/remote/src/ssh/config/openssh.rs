//! What OpenSSH itself reads in its files: `ssh -G`.

use super::said::Said;
use super::{Destination, Failure};
use crate::Reach;
use crate::ssh::Settings;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// ssh does nothing but read here; a `Match exec` may take a moment.
const LIMIT: Duration = Duration::from_secs(20);

/// Asks `ssh -G`, and leaves out what it says without any file too.
///
/// # Errors
/// What OpenSSH says about its configuration; no ssh, or more files than it can be given.
pub(super) fn ask(files: &[PathBuf], to: &Destination) -> Result<Said, Failure> {
    let mut file = None;
    if files != Settings::of_user().config.as_slice() {
        let mut there = files.iter().filter(|f| f.exists());
        file = Some(there.next().map_or(Path::new("none"), PathBuf::as_path));
        if there.next().is_some() {
            let what =
                "Match in one of several files of one's own cannot be read: let one include the others";
            return Err((Reach::Config, what.to_owned()));
        }
    }
    let said = run(file, to)?;
    let default = run(Some(Path::new("none")), to)?;
    let mut result = Said::default();
    for line in said.lines().filter(|l| !default.lines().any(|d| d == *l)) {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<String> = match keyword {
            "userknownhostsfile" | "globalknownhostsfile" => {
                rest.split_whitespace().map(str::to_owned).collect()
            }
            _ => vec![rest.to_owned()],
        };
        result.take(keyword, &words, rest).map_err(|e| (Reach::Config, e))?;
    }
    Ok(result)
}

fn run(file: Option<&Path>, to: &Destination) -> Result<String, Failure> {
    let mut command = Command::new("ssh");
    if let Some(file) = file {
        command.arg("-F").arg(file);
    }
    if let Some(user) = &to.user {
        command.args(["-l", user]);
    }
    if let Some(port) = to.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["-T", "-G", "--", &to.name]).stdin(Stdio::null());
    let said = crate::run_bounded(&to.name, &mut command, b"", LIMIT).map_err(|e| {
        (Reach::Config, format!("ssh_config has conditions and OpenSSH cannot be asked about them: {e}"))
    })?;
    if said.ok() { Ok(said.text()) } else { Err((Reach::Config, said.error_text())) }
}
