//! Verdicts for people: a line a kind, then in full what does not hold.

use super::super::question::Kind;
use super::super::verdict::{Outcome, Verdict};
use std::fmt::Write;

/// A line for each kind: how many questions, how many hold, and how long the slowest took.
pub fn summary(verdicts: &[Verdict]) -> String {
    let mut rows: Vec<[String; 5]> = Vec::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&Verdict> = verdicts.iter().filter(|v| v.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let count = |f: fn(&Outcome) -> bool| of_kind.iter().filter(|v| f(&v.outcome)).count();
        let slowest = of_kind.iter().map(|v| v.took_ms).max().unwrap_or_default();
        let or_dash = |n: usize| if n == 0 { "-".to_owned() } else { n.to_string() };
        rows.push([
            kind.to_string(),
            or_dash(count(Outcome::is_proved)),
            or_dash(count(|o| matches!(o, Outcome::Refuted { .. }))),
            or_dash(count(|o| matches!(o, Outcome::Unjudged { .. }))),
            format!("{}.{} s", slowest / 1000, slowest % 1000 / 100),
        ]);
    }
    let head = ["", "proved", "refuted", "not judged", "known after"].map(str::to_owned);
    let width = |n: usize| rows.iter().chain([&head]).map(|r| r[n].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut out = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let _ = write!(out, "{:<w$}", row[0], w = widths[0]);
        for n in 1..5 {
            let _ = write!(out, "  {:>w$}", row[n], w = widths[n]);
        }
        let line = out.trim_end().len();
        out.truncate(line);
        out.push('\n');
    }
    out
}

/// What does not hold or could not be judged, each with where it was seen and the source line.
pub fn details(verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        match &verdict.outcome {
            Outcome::Proved { .. } => {}
            Outcome::Refuted { host, probe, seen, hop } => {
                let _ = writeln!(out, "refuted: {}\n  {}", verdict.id, verdict.text);
                let _ = writeln!(out, "  asked     {probe}, on {host}\n  seen      {seen}");
                if let Some(hop) = hop {
                    let _ = writeln!(out, "  broken    {}\n            {}", hop.what, hop.evidence);
                    let _ = writeln!(out, "  decided   {}", hop.place);
                }
                let _ = writeln!(out, "  source    {}\n", verdict.place);
            }
            Outcome::Unjudged { why } => {
                let _ = writeln!(out, "not judged: {}\n  {}\n  because   {why}", verdict.id, verdict.text);
                let _ = writeln!(out, "  source    {}\n", verdict.place);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::verdict::BrokenHop;
    use super::*;

    fn verdict(kind: Kind, outcome: Outcome) -> Verdict {
        Verdict {
            id: format!("{kind}/x"),
            kind,
            subject: "x".to_owned(),
            text: "x holds".to_owned(),
            place: "fleet.yaml:3:1".to_owned(),
            outcome,
            took_ms: 2_460,
        }
    }

    #[test]
    fn kinds_are_counted_and_aligned() {
        let all = [
            verdict(Kind::ExposeInside, Outcome::proved("200")),
            verdict(Kind::Host, Outcome::proved("running")),
            verdict(Kind::Host, Outcome::unjudged("away")),
        ];
        assert_eq!(
            summary(&all),
            "               proved  refuted  not judged  known after\n\
             host                1        -           1        2.4 s\n\
             expose-inside       1        -           -        2.4 s\n"
        );
    }

    #[test]
    fn what_does_not_hold_is_told_in_full() {
        let hop = BrokenHop {
            what: "tunnel kyiv-wroclaw from kyiv-gw to wroclaw-gw".to_owned(),
            host: "kyiv-gw".to_owned(),
            place: "tunnels/kyiv-wroclaw.yaml:1:1".to_owned(),
            evidence: "SYN out of kyiv-gw:wg, but not into wroclaw-gw:wg".to_owned(),
        };
        let outcome = Outcome::Refuted {
            host: "client".to_owned(),
            probe: "GET https://x/".to_owned(),
            seen: "no answer".to_owned(),
            hop: Some(Box::new(hop)),
        };
        let text = details(&[verdict(Kind::Expose, outcome), verdict(Kind::Host, Outcome::proved("x"))]);
        for part in [
            "refuted: expose/x",
            "no answer",
            "tunnel kyiv-wroclaw",
            "kyiv-wroclaw.yaml:1:1",
            "fleet.yaml:3:1",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("host/x"));
    }
}
