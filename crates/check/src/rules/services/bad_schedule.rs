//! A time of day or week that never comes.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let backup = svc.service.backup.iter().map(|b| (b.schedule.value.as_str(), &b.schedule.place));
        let volumes = svc.service.volumes.values().filter_map(|v| v.snapshots.as_ref());
        let snapshots = volumes.map(|s| (s.at.as_str(), &s.place));
        for (text, place) in backup.chain(snapshots) {
            if let Some(fault) = fault(text) {
                out.push(
                    Diagnostic::error(codes::BAD_SCHEDULE, place, format!("`{text}` is no schedule: {fault}"))
                        .help("hourly, daily, nightly, weekly, or minute, hour, day, month and weekday: `0 2 * * *`"),
                );
            }
        }
    }
}

/// The five fields of crontab(5): name, smallest and largest value.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7)];

fn fault(text: &str) -> Option<String> {
    if ["hourly", "daily", "nightly", "weekly", "monthly"].contains(&text) {
        return None;
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Some(format!("it has {} of five fields", parts.len()));
    }
    let bad =
        parts.iter().zip(FIELDS).find(|(part, field)| !part.split(',').all(|one| in_range(one, *field)));
    bad.map(|(part, (name, min, max))| format!("`{part}` is no {name} from {min} to {max}"))
}

/// `*`, `5`, `1-5`, each with `/step`.
fn in_range(text: &str, (_, min, max): (&str, u32, u32)) -> bool {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (text, None),
    };
    let number = |t: &str| t.parse::<u32>().ok().filter(|n| (min..=max).contains(n));
    let whole = match range.split_once('-') {
        Some((from, to)) => matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to),
        None => range == "*" || number(range).is_some(),
    };
    whole && step.is_none_or(|s| s.parse::<u32>().is_ok_and(|n| n > 0))
}
