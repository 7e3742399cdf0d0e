//! Timers that a twin shortens, and what that changes in the artifacts.

use artifact::Desired;
use derive::fleet::Timers;
use std::collections::BTreeMap;

/// Timers with which a twin converges and alerts within seconds. Prometheus is not asked to scrape more
/// often than every two seconds: on a busy machine its scrapes then time out.
pub fn short() -> Timers {
    Timers {
        bgp_connect_delay_s: 1,
        bgp_connect_retry_s: 1,
        bgp_error_wait_s: 1,
        bgp_hold_s: 9,
        scrape_ms: 2000,
        evaluate_ms: 1000,
        resend_ms: 1500,
        host_down_ms: 3000,
        site_down_ms: 4000,
        service_down_ms: 3000,
        group_wait_ms: 1000,
        group_interval_ms: 1000,
        keepalive_s: 5,
    }
}

/// A line that differs between the exact artifacts and those the twin runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TimerChange {
    /// The path, on one or more hosts.
    pub path: String,
    /// The line in production.
    pub exact: String,
    /// The line in the twin.
    pub short: String,
    /// On how many hosts.
    pub hosts: usize,
}

/// Every line that differs, once a path; `Err` names a path whose lines do not correspond (then more than
/// timers is different, which must not be).
///
/// # Errors
/// `HOST:PATH` of a file that exists on one side only or has another number of lines.
pub fn changes<K: Ord + ToString>(
    exact: &BTreeMap<K, Desired>,
    short: &BTreeMap<K, Desired>,
) -> Result<Vec<TimerChange>, String> {
    let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for (host, desired) in exact {
        let other = short.get(host).ok_or_else(|| host.to_string())?;
        for (path, file) in &desired.files {
            let at = || format!("{}:{path}", host.to_string());
            let twin = other.files.get(path).ok_or_else(at)?;
            if twin.text.lines.len() != file.text.lines.len() {
                return Err(at());
            }
            for (a, b) in file.text.lines.iter().zip(twin.text.lines.iter()) {
                if a.segments != b.segments {
                    *counts.entry((path.clone(), a.public(), b.public())).or_default() += 1;
                }
            }
        }
    }
    Ok(counts
        .into_iter()
        .map(|((path, exact, short), hosts)| TimerChange { path, exact, short, hosts })
        .collect())
}
