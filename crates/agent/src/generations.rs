//! What the host keeps to go back to.

use crate::store::{Manifest, Store};
use crate::tree;
use artifact::protocol::{Fault, GenerationSeen};

/// The generations on disk, the newest last. One whose manifest is damaged is listed as not whole.
///
/// # Errors
/// When the record of the current one is damaged.
pub fn list(store: &Store) -> Result<Vec<GenerationSeen>, Fault> {
    let current = store.current()?;
    let one = |generation: u64| {
        let receipt = store.receipt(generation);
        let mut seen = GenerationSeen {
            generation,
            current: generation == current,
            receipt: receipt.is_some(),
            ..GenerationSeen::default()
        };
        if let Ok(manifest) = store.manifest(generation) {
            seen.digest = manifest.desired.digest();
            seen.files = manifest.desired.files.len();
            seen.units = manifest.desired.units.len();
            seen.whole = is_whole(store, &manifest);
            seen.who = manifest.claim.who;
        }
        if let Some(receipt) = receipt {
            seen.at = receipt.at;
            if !receipt.who.is_empty() {
                seen.who = receipt.who;
            }
        }
        seen
    };
    Ok(store.generations().into_iter().map(one).collect())
}

/// True when every file of it is kept and undamaged.
fn is_whole(store: &Store, manifest: &Manifest) -> bool {
    let kept = |sha256: &str| tree::hash_file(&store.blob(sha256)).is_ok_and(|h| h == sha256);
    manifest.desired.files.values().all(|f| kept(&f.sha256))
}
