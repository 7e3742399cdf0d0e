//! Clocks that are wrong: the agent's own, by libfaketime. The monotonic clock stays what it is, as it does when
//! an administrator or NTP sets the time.

use crate::lab::Bench;
use std::fs;
use std::path::PathBuf;
use twin::{Seeds, TwinError};

/// Where machines have the library: no state speaks of this folder.
const LIBRARY: &str = "/usr/lib/chaos-clock.so";
/// How far the agent's clock is off now.
const OFF: &str = "/run/chaos-clock";
/// Every command of the agent an apply may use.
const COMMANDS: [&str; 6] = ["apply", "confirm", "undo", "recover", "status", "observe"];

/// Puts the library onto machines that will be booted.
///
/// # Errors
/// When this machine has none: Debian's `libfaketime`.
pub fn install(seeds: &mut Seeds) -> Result<(), TwinError> {
    let missing = || TwinError::NoSuch("libfaketime.so.1 (Debian: libfaketime)".to_owned());
    let folders = fs::read_dir("/usr/lib").map_err(|_| missing())?.flatten();
    let files = folders.map(|f| f.path().join("faketime/libfaketime.so.1"));
    let file: PathBuf = files.into_iter().find(|f| f.is_file()).ok_or_else(missing)?;
    let bytes = fs::read(file).map_err(|_| missing())?;
    seeds.common = std::mem::take(&mut seeds.common).with(LIBRARY, bytes, 0o644);
    Ok(())
}

/// Lets agents that come over a way see the clock that [`set`] sets.
pub fn wrong_for(way: &crate::way::Way) {
    let variables = [
        format!("LD_PRELOAD={LIBRARY}"),
        format!("FAKETIME_TIMESTAMP_FILE={OFF}"),
        // Looked at with every question for the time, so that it jumps under a running agent.
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        "DONT_FAKE_MONOTONIC=1".to_owned(),
        "NO_FAKE_STAT=1".to_owned(),
    ];
    for command in COMMANDS {
        variables.iter().for_each(|v| way.environment(command, v.clone()));
    }
}

/// Sets a machine's wrong clock so many seconds off.
///
/// # Errors
/// When the machine is off.
pub fn set(bench: &Bench, seconds: i64) -> Result<(), String> {
    bench.sh(&format!("echo {seconds:+} > {OFF}.new && mv {OFF}.new {OFF}")).map(|_| ())
}
