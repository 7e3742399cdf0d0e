//! What a machine in a state looks like from outside: one sentence a thing.

use crate::state::{DISTRO, DISTRO_TEXT, Flaw, LIVE, LOADED, NFT, SECRET, STATIC, SYSCTL, State};
use artifact::{Desired, hash_hex};
use std::collections::{BTreeMap, BTreeSet};

/// What is there, by name. Two machines are in the same state when these are equal.
pub type Facts = BTreeMap<String, String>;

/// A file's bytes and rights in one line.
pub fn file_line(bytes: &[u8], mode: u32, owner: &str, group: &str) -> String {
    format!("{mode:o} {owner}:{group} {} bytes {}", bytes.len(), &hash_hex(bytes)[..12])
}

/// What a state looks like. `desired` is what was sent for it.
///
/// # Errors
/// The name of a secret that has no value.
pub fn expected(state: &State, desired: &Desired) -> Result<Facts, String> {
    let mut facts = Facts::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for (path, file) in &desired.files {
        let bytes = file.text.reveal(&crate::desired::secret)?.into_bytes();
        facts.insert(format!("file {path}"), file_line(&bytes, file.mode, &file.owner, &file.group));
        folders.extend(parents(path));
    }
    if !desired.files.contains_key(DISTRO) {
        facts.insert(format!("file {DISTRO}"), file_line(DISTRO_TEXT.as_bytes(), 0o644, "root", "root"));
    }
    for (path, link) in &desired.links {
        facts.insert(format!("link {path}"), link.target.clone());
        folders.extend(parents(path));
    }
    for path in desired.dirs.keys() {
        folders.extend(parents(path));
    }
    for path in folders.iter().filter(|p| ours(p)) {
        facts.insert(format!("dir {path}"), "755 root:root".to_owned());
    }
    for (path, dir) in &desired.dirs {
        facts.insert(format!("dir {path}"), format!("{:o} {}:{}", dir.mode, dir.owner, dir.group));
    }
    for (name, user) in &state.users {
        let groups = if user.adm { "adm" } else { "" };
        facts.insert(format!("user {name}"), format!("/home/{name} /bin/sh [{groups}]"));
        if let Some(key) = &user.key {
            let path = format!("/home/{name}/.ssh/authorized_keys");
            facts.insert(format!("file {path}"), file_line(format!("{key}\n").as_bytes(), 0o600, name, name));
        }
    }
    for unit in state.units() {
        facts.insert(format!("unit {unit}"), "loaded active enabled".to_owned());
    }
    if !matches!(state.flaw, Flaw::DiesAfter(_)) {
        facts.insert("process chaos-app.service".to_owned(), format!("/bin/sleep 1000000{}", state.fixed));
    }
    if let Some(worker) = state.worker {
        facts.insert("process chaos-worker.service".to_owned(), format!("/bin/sleep 2000000{worker}"));
    }
    facts.insert(format!("read {LOADED}"), state.live.to_string());
    if let Some(minute) = state.timer {
        facts.insert("calendar chaos-tick.timer".to_owned(), format!("*-02-30 03:{minute:02}:00"));
    }
    facts.insert("kernel tcp_fin_timeout".to_owned(), state.fin_timeout.to_string());
    if let Some(port) = state.port {
        facts.insert("nft chaos".to_owned(), format!("tcp dport {port} accept"));
    }
    Ok(facts)
}

/// Paths that only states put there: what is found below them and not expected is left over.
pub fn ours(path: &str) -> bool {
    const WHOLE: [&str; 6] = [
        "/etc/chaos",
        "/srv/chaos",
        "/opt/chaos",
        "/usr/local/lib/chaos",
        "/var/lib/chaos",
        "/usr/local/bin/chaos-tool",
    ];
    let below = |top: &str| path.strip_prefix(top).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    WHOLE.iter().any(|top| below(top)) || [DISTRO, SYSCTL, NFT, SECRET, STATIC, LIVE].contains(&path) || {
        let unit = path.strip_prefix("/etc/systemd/system/");
        unit.is_some_and(|u| u.starts_with("chaos-") && !u.contains('/'))
    }
}

fn parents(path: &str) -> impl Iterator<Item = String> {
    let mut at = path.to_owned();
    std::iter::from_fn(move || {
        let cut = at.rfind('/').filter(|c| *c > 0)?;
        at.truncate(cut);
        Some(at.clone())
    })
}

/// What differs, one line each, at most `most`.
pub fn difference(is: &Facts, should: &Facts, most: usize) -> Vec<String> {
    let names: BTreeSet<&String> = is.keys().chain(should.keys()).collect();
    let differs = names.into_iter().filter(|n| is.get(*n) != should.get(*n));
    let word = |facts: &Facts, name: &str| facts.get(name).map_or("nothing", String::as_str).to_owned();
    differs.take(most).map(|n| format!("{n}: is {}, not {}", word(is, n), word(should, n))).collect()
}
