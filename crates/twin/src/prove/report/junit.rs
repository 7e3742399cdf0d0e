//! JUnit XML, as CI servers read it.

use super::super::verdict::{Outcome, Verdict};
use std::fmt::Write;

/// One test suite of these verdicts. "Could not be judged" is an error, "refuted" a failure.
pub fn junit(suite: &str, verdicts: &[Verdict]) -> String {
    let count = |f: fn(&Outcome) -> bool| verdicts.iter().filter(|v| f(&v.outcome)).count();
    let failures = count(|o| matches!(o, Outcome::Refuted { .. }));
    let errors = count(|o| matches!(o, Outcome::Unjudged { .. }));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
        escape(suite),
        verdicts.len()
    );
    for verdict in verdicts {
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{}.{:03}\">",
            verdict.kind,
            escape(&verdict.id),
            verdict.took_ms / 1000,
            verdict.took_ms % 1000
        );
        match &verdict.outcome {
            Outcome::Proved { seen } => {
                let _ = write!(out, "<system-out>{}</system-out>", escape(seen));
            }
            Outcome::Refuted { host, probe, seen, hop } => {
                let mut text = format!("{}\nat {host}: {probe}\n{seen}\n{}", verdict.text, verdict.place);
                if let Some(hop) = hop {
                    let _ = write!(text, "\nbroken: {} ({}): {}", hop.what, hop.place, hop.evidence);
                }
                let _ = write!(out, "<failure message=\"{}\">{}</failure>", escape(seen), escape(&text));
            }
            Outcome::Unjudged { why } => {
                let _ = write!(out, "<error message=\"{}\">{}</error>", escape(why), escape(&verdict.text));
            }
        }
        out.push_str("</testcase>\n");
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text as it may stand in an XML 1.0 attribute or element.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::question::Kind;
    use super::*;

    #[test]
    fn every_outcome_is_written_and_escaped() {
        let verdict = |outcome| Verdict {
            id: "tunnel/a-b".to_owned(),
            kind: Kind::Tunnel,
            subject: "a-b".to_owned(),
            text: "a & b".to_owned(),
            place: "tunnels/a.yaml:1:1".to_owned(),
            outcome,
            took_ms: 1234,
        };
        let text = junit(
            "two-sites",
            &[
                verdict(Outcome::proved("fine")),
                verdict(Outcome::refuted("a", "ping <b>", "no \"answer\"\u{1}")),
                verdict(Outcome::unjudged("gone")),
            ],
        );
        assert!(text.contains("tests=\"3\" failures=\"1\" errors=\"1\""), "{text}");
        assert!(text.contains("time=\"1.234\""), "{text}");
        assert!(text.contains("ping &lt;b&gt;") && text.contains("no &quot;answer&quot;\u{fffd}"), "{text}");
        assert_eq!(text.matches("<testcase ").count(), text.matches("</testcase>").count());
    }
}
