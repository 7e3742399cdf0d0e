//! Which build of the agent this is.

use crate::store::{STATE, Store};
use crate::system::System;
use crate::tree::{self, Rights};
use artifact::hash_hex;
use artifact::protocol::{Code, Fault};
use std::os::unix::fs::MetadataExt;

/// The hash of this binary as it was found last, with what tells that the file is still the same.
#[derive(PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Known {
    inode: u64,
    size: u64,
    modified_ns: i64,
    sha256: String,
}

/// Refuses when the controller has another build. Reading the whole binary on each call would take longer
/// than the call: its hash is kept beside the other state.
///
/// # Errors
/// [`Code::AgentMismatch`].
pub fn check(system: &System, wanted: &str) -> Result<(), Fault> {
    if wanted.is_empty() {
        return Ok(());
    }
    let mismatch = |what: String| Fault::new(Code::AgentMismatch, what);
    let path = std::env::current_exe().map_err(|e| mismatch(e.to_string()))?;
    let meta = path.metadata().map_err(|e| mismatch(e.to_string()))?;
    let stamp = meta.mtime().wrapping_mul(1_000_000_000).wrapping_add(meta.mtime_nsec());
    let kept = system.real(STATE).join("agent.json");
    let known: Option<Known> = std::fs::read(&kept).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let same = |k: &Known| k.inode == meta.ino() && k.size == meta.len() && k.modified_ns == stamp;
    let sha256 = match known.filter(same) {
        Some(known) => known.sha256,
        None => {
            let bytes = std::fs::read(&path).map_err(|e| mismatch(e.to_string()))?;
            let known =
                Known { inode: meta.ino(), size: meta.len(), modified_ns: stamp, sha256: hash_hex(&bytes) };
            if let (Ok(text), Ok(())) = (serde_json::to_vec(&known), Store::of(system).make()) {
                // It only saves time: without it the next call reads the binary again.
                let _ = tree::write(&kept, &text, Rights::private());
            }
            known.sha256
        }
    };
    if sha256 == wanted { Ok(()) } else { Err(mismatch(format!("this agent is {sha256}"))) }
}
