//! Files of sops, decrypted by the user's own `sops`: it has the keys and knows how they are reached.

use super::no_value;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::declared::Elsewhere;
use diag::Diagnostic;
use serde_json::Value;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// It may have to ask a key service on the network, or somebody at the terminal.
const DEADLINE: Duration = Duration::from_secs(120);

/// The value at the key, or all that is in it.
pub(super) fn read(folder: &Path, at: &Elsewhere) -> Result<Secret, Failure> {
    let mut command = Command::new("sops");
    command.arg("-d");
    if at.key.is_some() {
        command.args(["--output-type", "json"]);
    }
    let file = Path::new(&at.file.value);
    // Never an option, whatever its name begins with.
    command.arg(Path::new(".").join(file)).current_dir(folder);
    let content = output(command, at)?;
    let Some(key) = &at.key else { return Ok(content) };
    let values: Value =
        serde_json::from_slice(content.bytes()).map_err(|_| failed(at, "it gave no JSON".to_owned()))?;
    match inside(&values, &key.value) {
        Some(Value::String(text)) => Ok(Secret::new(text.as_bytes())),
        Some(_) => Err(no_value(at, "it is not a text; a number or a word is one in quotes")),
        None => Err(no_value(at, "there is no such key")),
    }
}

fn inside<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).or_else(|| {
        let (first, rest) = key.split_once('.')?;
        inside(value.get(first)?, rest)
    })
}

fn output(mut command: Command, at: &Elsewhere) -> Result<Secret, Failure> {
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(|e| match e.kind() {
        ErrorKind::NotFound => {
            let message = format!("there is no `sops` on this machine, which keeps {}", at.file.value);
            Failure::bare(Exit::Missing, codes::LACKS, message).help("install it: https://getsops.io")
        }
        _ => failed(at, e.to_string()),
    })?;
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let ended = wait(&mut child);
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    let said = String::from_utf8_lossy(&err).lines().rfind(|l| !l.trim().is_empty()).unwrap_or("").to_owned();
    match ended {
        Some(0) => Ok(Secret::new(out)),
        Some(code) => Err(failed(at, format!("exit code {code}: {said}"))),
        None => Err(failed(at, format!("no end after {} s", DEADLINE.as_secs()))),
    }
}

fn reader(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut all);
        }
        all
    })
}

/// Its exit code; `None` when it was ended for taking too long.
fn wait(child: &mut Child) -> Option<i32> {
    remote::wait_until(child, Instant::now() + DEADLINE).ok().or_else(|| {
        let _ = child.kill();
        let _ = child.wait();
        None
    })
}

fn failed(at: &Elsewhere, why: String) -> Failure {
    let message = format!("`sops` did not decrypt {}: {why}", at.file.value);
    Failure::new(Exit::Errors, Diagnostic::error(codes::SECRET_ELSEWHERE, &at.file.place, message))
        .help("`sops -d` by hand says more")
}
