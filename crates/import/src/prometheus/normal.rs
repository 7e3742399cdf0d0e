//! What Prometheus' files mean: targets by address and path, alerts by expression; the order of nothing counts.

use super::config::{self, File};
use crate::ledger::Ledger;
use crate::{ImportFile, Normal};
use diag::Report;

pub(super) fn normal(files: &[ImportFile]) -> Normal {
    let mut out = Normal::new();
    for file in files {
        let read = config::read(&file.path, &file.text, &mut Ledger::default(), &mut Report::new());
        one(&read, &mut out);
    }
    out
}

fn one(file: &File, out: &mut Normal) {
    for target in &file.targets {
        let scheme = if target.scheme == "http" { "" } else { "https://" };
        let about = format!("scrape {scheme}{}{}", local(&target.text), target.path);
        add(out, format!("{about} / job"), &target.job);
        for (key, value) in &target.labels {
            add(out, format!("{about} / label {key}"), value);
        }
        for (key, value) in &target.options {
            let ms = duration(value).map(|ms| format!("{ms} ms"));
            add(out, format!("{about} / {key}"), ms.as_deref().unwrap_or(value));
        }
    }
    for (address, _) in &file.alertmanagers {
        add(out, format!("alertmanager {}", local(address)), "yes");
    }
    for (key, value, _) in file.other.iter().filter(|(key, _, _)| !key.starts_with("job ")) {
        let ms = duration(value).map(|ms| format!("{ms} ms"));
        add(out, key.clone(), ms.as_deref().unwrap_or(value));
    }
    for rule in &file.rules {
        let about = match (&rule.alert, &rule.record) {
            (Some(name), _) => format!("alert {name} {}", rule.expr),
            (None, name) => format!("record {} {}", name.as_deref().unwrap_or(""), rule.expr),
        };
        let wait = rule.wait.as_deref().and_then(duration).unwrap_or(0);
        add(out, format!("{about} / for"), &format!("{wait} ms"));
        add(out, format!("{about} / says"), &rule.rest);
    }
    for (name, kind, value, _) in &file.receivers {
        add(out, format!("receiver {name} / {kind}"), value);
    }
}

/// One way of writing this machine.
fn local(address: &str) -> String {
    address.strip_prefix("localhost:").map_or_else(|| address.to_owned(), |port| format!("127.0.0.1:{port}"))
}

/// Two of one name, such as rules that differ in their labels only, stand beside each other.
fn add(out: &mut Normal, key: String, value: &str) {
    let have = out.entry(key).or_default();
    let mut all: Vec<&str> = have.split(" | ").filter(|v| !v.is_empty()).chain([value]).collect();
    all.sort_unstable();
    all.dedup();
    *have = all.join(" | ");
}

/// A duration of Prometheus in milliseconds: `90s`, `1m30s`, `250ms`.
pub(super) fn duration(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut sum = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let units = [
            ("ms", 1),
            ("s", 1000),
            ("m", 60_000),
            ("h", 3_600_000),
            ("d", 86_400_000),
            ("w", 604_800_000),
            ("y", 31_536_000_000),
        ];
        let (unit, ms) = units.into_iter().find(|(unit, _)| {
            rest.strip_prefix(unit).is_some_and(|r| !r.starts_with(|c: char| c.is_ascii_alphabetic()))
        })?;
        rest = rest.get(unit.len()..)?;
        sum = sum.checked_add(number.checked_mul(ms)?)?;
    }
    Some(sum)
}
