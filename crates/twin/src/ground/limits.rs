//! Limits of the kernel that all namespaces share: raised while there is any twin, then put back.

use crate::TwinError;
use crate::error::Step;
use crate::paths::RUN;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// What a twin needs at least, and why.
const NEEDED: [(&str, u64, &str); 7] = [
    ("net/ipv4/neigh/default/gc_thresh1", 8_192, "one neighbour table serves all namespaces"),
    ("net/ipv4/neigh/default/gc_thresh2", 32_768, "one neighbour table serves all namespaces"),
    ("net/ipv4/neigh/default/gc_thresh3", 65_536, "one neighbour table serves all namespaces"),
    ("net/ipv6/neigh/default/gc_thresh1", 8_192, "one neighbour table serves all namespaces"),
    ("net/ipv6/neigh/default/gc_thresh2", 32_768, "one neighbour table serves all namespaces"),
    ("net/ipv6/neigh/default/gc_thresh3", 65_536, "one neighbour table serves all namespaces"),
    ("fs/inotify/max_user_instances", 8_192, "each systemd takes three of 128, and dies without"),
];

fn record() -> PathBuf {
    PathBuf::from(RUN).join("limits.json")
}

fn now(key: &str) -> Option<u64> {
    fs::read_to_string(format!("/proc/sys/{key}")).ok()?.trim().parse().ok()
}

/// The limits that are too low and cannot be raised, with the reason they matter.
pub(crate) fn stuck() -> Vec<String> {
    let low = NEEDED.iter().filter(|(key, need, _)| now(key).is_some_and(|n| n < *need));
    let stuck = low.filter(|(key, ..)| {
        let file = format!("/proc/sys/{key}");
        now(key).is_some_and(|value| fs::write(file, value.to_string()).is_err())
    });
    stuck.map(|(key, need, why)| format!("{} is below {need}: {why}", key.replace('/', "."))).collect()
}

/// Raises what is too low. What was found is written down first, once, whoever comes second.
pub(crate) fn raise() -> Result<(), TwinError> {
    let file = record();
    if !file.exists() {
        let found: BTreeMap<&str, u64> =
            NEEDED.iter().filter_map(|(key, ..)| now(key).map(|value| (*key, value))).collect();
        let text = serde_json::to_vec(&found).step(|| "write the limits down".to_owned())?;
        crate::state::store(&file, &text)?;
    }
    // The highest first: the kernel does not order them, but readers in between should see sane ones.
    for (key, need, _) in NEEDED.iter().rev() {
        if now(key).is_some_and(|value| value < *need) {
            fs::write(format!("/proc/sys/{key}"), need.to_string()).step(|| format!("raise {key}"))?;
        }
    }
    Ok(())
}

/// Puts back what was found, when the value is still the one that was set here.
pub(crate) fn restore() -> Result<(), TwinError> {
    let file = record();
    let Ok(text) = fs::read(&file) else { return Ok(()) };
    let found: BTreeMap<String, u64> = serde_json::from_slice(&text).unwrap_or_default();
    for (key, need, _) in NEEDED {
        if let Some(before) = found.get(key)
            && now(key) == Some(need)
            && *before < need
        {
            fs::write(format!("/proc/sys/{key}"), before.to_string()).step(|| format!("restore {key}"))?;
        }
    }
    fs::remove_file(&file).step(|| format!("remove {}", file.display()))
}
