//! One-line edits of two-sites that break it for people: each is refused by `check` with the hop named, and what
//! is forced through is refuted in the twin with the same hop named, or goes back because a way in is gone.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::json;
use common::twin::{Edited, Lab, all_proved, changed};
use serde_json::Value;

struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// What `check` says of it: the code and words of its message. An error when `exception` is there.
    code: &'static str,
    words: &'static [&'static str],
    /// Rule and thing of the exception that lets it through.
    exception: Option<(&'static str, &'static str)>,
    /// The question about what it breaks.
    question: &'static str,
    /// What becomes of it when it is forced through.
    forced: Forced,
}

enum Forced {
    /// The question is refuted: the hop it must name, and words of the evidence.
    Refuted { hop: (&'static str, &'static str), evidence: &'static str },
    /// The apply itself sees that a way in is gone: the host that goes back, and words of its reason.
    Undone { host: &'static str, reason: &'static str },
}

const EDITS: [Edit; 6] = [
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "network:",
        to: "override: {allowed-ips: {wroclaw-gw: 10.77.88.0/30}}\nnetwork:",
        code: "FW0508",
        words: &["tunnel `kyiv-wroclaw`", "end `wroclaw-gw`", "10.77.88.0/30"],
        exception: Some(("allowed-ips-narrow", "tunnels/kyiv-wroclaw")),
        question: "expose/photos.two-sites.example/client-berlin/v4",
        forced: Forced::Refuted {
            hop: ("tunnel kyiv-wroclaw from kyiv-gw to wroclaw-gw", "kyiv-gw"),
            evidence: "AllowedIPs on wroclaw-gw do not contain",
        },
    },
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "network:",
        to: "override: {policy-route: no}\nnetwork:",
        code: "FW0509",
        words: &["policy route", "`wroclaw-gw`", "tunnel `kyiv-wroclaw`"],
        exception: Some(("policy-route", "tunnels/kyiv-wroclaw")),
        question: "expose/photos.two-sites.example/client-berlin/v4",
        forced: Forced::Refuted {
            hop: ("policy route on wroclaw-gw back through tunnel kyiv-wroclaw", "wroclaw-gw"),
            evidence: "out of wroclaw-gw:wan instead of wg-kyiv-wroclaw",
        },
    },
    Edit {
        file: "services/photos.yaml",
        from: "auth: sso",
        to: "auth: sso, override: {dnat-interface: any}",
        code: "FW0416",
        words: &["DNAT on kyiv-gw", "photos.two-sites.example"],
        exception: Some(("dnat-interface", "services/photos")),
        question: "uncaught/kyiv-nas/kyiv-gw",
        forced: Forced::Refuted {
            hop: ("DNAT on kyiv-gw of port 80 to 192.168.10.2, bound to no interface", "kyiv-gw"),
            evidence: "accepted by",
        },
    },
    Edit {
        file: "services/photos.yaml",
        from: "auth: sso",
        to: "auth: sso, override: {dns: 100.64.10.2}",
        code: "FW0414",
        words: &["DNS record", "100.64.10.2", "RFC 6598"],
        exception: Some(("dns-override", "services/photos")),
        question: "expose/photos.two-sites.example/client-lima/v4",
        forced: Forced::Refuted {
            hop: ("DNS record", "kyiv-gw"),
            evidence: "photos.two-sites.example gives 100.64.10.2, not 203.0.113.7",
        },
    },
    Edit {
        file: "services/ingress.yaml",
        from: "on: mac-mini",
        to: "on: mac-mini\nlisten: 127.0.0.1",
        code: "FW0415",
        words: &["`ingress`", "127.0.0.1"],
        exception: Some(("listens-on-loopback", "services/ingress")),
        question: "expose/photos.two-sites.example/client-lagos/v4",
        forced: Forced::Refuted {
            hop: ("proxy on mac-mini at 192.168.10.2:443", "mac-mini"),
            evidence: "mac-mini listens on 127.0.0.1:443 only",
        },
    },
    Edit {
        file: "hosts/kyiv-gw.yaml",
        from: "site: kyiv",
        to: "site: kyiv\noverride: {nftables: udp dport 51820 drop}",
        code: "FW0425",
        words: &["raw text for `nftables`", "`kyiv-gw`"],
        exception: None,
        question: "tunnel/kyiv-wroclaw",
        forced: Forced::Undone {
            host: "kyiv-gw",
            reason: "wroclaw-gw reaches kyiv-gw through tunnel kyiv-wroclaw",
        },
    },
];

fn said<'a>(answer: &'a Value, code: &str) -> &'a Value {
    let found = answer["diagnostics"].as_array().unwrap().iter().find(|d| d["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {answer:#}"))
}

fn refused_by_check(lab: &Lab, edit: &Edit) {
    let answer = json(lab.path(), &["check"]);
    let diagnostic = said(&answer, edit.code);
    let (severity, exit) = if edit.exception.is_some() { ("error", 1) } else { ("warning", 0) };
    assert_eq!((&diagnostic["severity"], &answer["exit"]), (&severity.into(), &exit.into()), "{answer:#}");
    assert_eq!(diagnostic["place"]["file"], edit.file);
    let message = diagnostic["message"].as_str().unwrap();
    for word in edit.words {
        assert!(message.contains(word), "`{word}` is not in `{message}`");
    }
}

fn applied(lab: &Lab) -> Value {
    json(lab.path(), &["twin", "apply", "--no-prove", "--name", lab.name()])
}

/// Brings the twin to the sources, and asks the edit's question.
fn asked(lab: &Lab, edit: &Edit) -> Value {
    let applied = applied(lab);
    assert_eq!(applied["exit"], 0, "{}: {:#}", edit.to, applied["outcome"]);
    changed(&applied);
    json(lab.path(), &["twin", "prove", edit.question, "--name", lab.name()])
}

fn undone_by_the_apply(lab: &Lab, host: &str, reason: &str) {
    let applied = applied(lab);
    assert_eq!(applied["exit"], 3, "{applied:#}");
    let undone = &applied["outcome"]["hosts"][host]["undone"];
    let said = undone["reason"].as_str().unwrap_or_else(|| panic!("{applied:#}"));
    assert!(said.contains(reason), "{said}");
    assert_eq!(undone["report"]["remaining"], serde_json::json!([]), "{undone:#}");
}

fn refuted_in_the_twin(lab: &Lab, edit: &Edit, at: (&str, &str), words: &str) {
    let answer = asked(lab, edit);
    assert_eq!(answer["exit"], 3, "{}: {answer:#}", edit.to);
    let verdict = &answer["verdicts"][0];
    assert_eq!((&verdict["id"], &verdict["outcome"]), (&edit.question.into(), &"refuted".into()));
    let hop = &verdict["hop"];
    let named = (hop["what"].as_str().unwrap_or_default(), hop["host"].as_str().unwrap_or_default());
    assert_eq!(named, at, "{}: {verdict:#}", edit.to);
    let evidence = hop["evidence"].as_str().unwrap();
    assert!(evidence.contains(words), "{}: {evidence}", edit.to);
}

#[test]
fn each_is_refused_and_when_forced_refuted_at_its_hop() {
    let lab = Lab::up("two-sites", "broken");
    all_proved(&lab.prove());
    for edit in &EDITS {
        let edited = lab.edit(edit.file, edit.from, edit.to);
        refused_by_check(&lab, edit);
        let exception = edit.exception.map(|(rule, of)| {
            // While it is not let through, nothing is done to the twin.
            let refused = lab.apply();
            assert_eq!(refused["exit"], 1, "{refused:#}");
            assert!(refused.get("verdicts").is_none());
            let text =
                format!("exceptions: [{{rule: {rule}, of: {of}, reason: A drill, until: 2099-01-01}}]\n");
            let exception = Edited::new(lab.path(), "policies/insisted.yaml", &text);
            let answer = json(lab.path(), &["check"]);
            assert_eq!(
                (&answer["exit"], &said(&answer, edit.code)["severity"]),
                (&0.into(), &"warning".into())
            );
            exception
        });
        match edit.forced {
            Forced::Refuted { hop, evidence } => refuted_in_the_twin(&lab, edit, hop, evidence),
            Forced::Undone { host, reason } => undone_by_the_apply(&lab, host, reason),
        }
        drop((exception, edited));
        // One after the other: each must be the whole cause of what it refutes.
        all_proved(&asked(&lab, edit));
    }
    all_proved(&lab.prove());
    lab.down();
}
