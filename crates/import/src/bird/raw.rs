//! What the model has no word for and BIRD can go on doing: raw text for `override: {bird: …}`.

use super::parse::Stmt;
use super::{Router, scope};
use crate::ledger::Ledger;
use std::collections::BTreeSet;

/// Protocols that are made by rendering; others are kept as they are.
const MADE: [&str; 7] = ["bgp", "device", "direct", "kernel", "static", "rpki", "bfd"];

/// Names that rendered files use.
fn is_taken(name: &str) -> bool {
    const TAKEN: [&str; 17] = [
        "kernel4",
        "kernel6",
        "originate4",
        "originate6",
        "default4",
        "default6",
        "roa_v4",
        "roa_v6",
        "unwanted4",
        "unwanted6",
        "defaults4",
        "defaults6",
        "to_defaults4",
        "to_defaults6",
        "kernel_defaults4",
        "kernel_defaults6",
        "bfd1",
    ];
    TAKEN.contains(&name) || name.starts_with("bgp_")
}

/// The text of these sessions and of all other protocols that are not made, with what they name; `None` when there
/// is none that can be kept.
pub(super) fn text(router: &Router<'_>, sessions: Vec<usize>, ledger: &mut Ledger) -> Option<String> {
    let mut kept: BTreeSet<usize> = BTreeSet::new();
    let others =
        router.stmts.iter().enumerate().filter(|(_, s)| s.is(&["protocol"]) && !MADE.contains(&s.word(1)));
    for n in others.map(|(n, _)| n).chain(sessions) {
        let (Some(stmt), Some(id)) = (router.stmts.get(n), router.ids.get(n)) else { continue };
        let mut needed = BTreeSet::new();
        needs(router, n, &mut needed);
        let named = |n: &usize| router.stmts.get(*n).and_then(given_name);
        if let Some(taken) = needed.iter().filter_map(named).find(|name| is_taken(name)) {
            ledger.note(
                *id,
                format!("it cannot be kept as raw text: rendered files have a `{taken}` of their own"),
            );
        } else if needed.iter().filter_map(|n| router.stmts.get(*n)).any(has_secret) {
            let why = match stmt.word(1) {
                "bgp" => {
                    "it has a password, so it cannot be kept as raw text: with a role (`local role`) it is a neighbour"
                }
                _ => "it has a secret, so it cannot be kept as raw text: the model takes none there",
            };
            ledger.note(*id, why);
        } else {
            ledger.carried(*id, scope::name(stmt));
            let why = match stmt.word(1) {
                "bgp" if router.is_private(n) => {
                    "kept as raw text: its AS is private; where it is a host of the fleet, a tunnel that says `carries: bgp` makes the session, and the raw text goes"
                }
                "bgp" => {
                    "kept as raw text: nothing tells its role (`local role`, a name like `transit` or `peer`); as a neighbour with a `role` it gets the model's filters"
                }
                _ => "kept as raw text: the model does not speak this protocol",
            };
            ledger.note(*id, why);
            kept.extend(needed);
        }
    }
    for n in &kept {
        if let (Some(stmt), Some(id)) = (router.stmts.get(*n), router.ids.get(*n)) {
            ledger.carried(*id, given_name(stmt).unwrap_or(scope::name(stmt)));
        }
    }
    let parts: Vec<&str> =
        kept.iter().filter_map(|n| router.stmts.get(*n)).map(|s| s.text.as_str()).collect();
    (!parts.is_empty()).then(|| {
        // Blanks instead of tabs: a block of YAML can show those.
        let lines = parts.iter().flat_map(|p| p.lines()).map(|l| l.trim_end().replace('\t', "  "));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    })
}

/// A statement and all that it names, and so on.
fn needs(router: &Router<'_>, n: usize, found: &mut BTreeSet<usize>) {
    let mut open = vec![n];
    while let Some(n) = open.pop() {
        if !found.insert(n) {
            continue;
        }
        let words = router.stmts.get(n).map(Stmt::all_words).unwrap_or_default();
        open.extend(words.iter().filter_map(|w| router.scope.named.get(w)));
    }
}

/// The name a statement gives to something.
fn given_name(stmt: &Stmt) -> Option<&str> {
    match stmt.word(0) {
        "define" | "filter" | "function" => Some(stmt.word(1)),
        "template" => Some(stmt.word(2)),
        "protocol" => Some(scope::name(stmt)),
        _ if stmt.word(1) == "table" => Some(stmt.word(2)),
        _ => None,
    }
}

fn has_secret(stmt: &Stmt) -> bool {
    let words = stmt.all_words();
    words.windows(2).any(|w| matches!(w[0], "password" | "key") && w[1].starts_with('"'))
}
