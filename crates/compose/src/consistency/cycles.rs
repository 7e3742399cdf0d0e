//! Services that wait for each other.

use crate::codes;
use crate::node::{Map, Node};
use diag::{Diagnostic, Report};
use std::collections::BTreeMap;

/// Most services of a round that are named.
const SHOWN: usize = 12;

/// How far a service has been looked at.
enum State {
    /// It is on the way, so many steps from its start.
    OnTheWay(usize),
    /// All it needs has been looked at.
    Done,
}

/// Every dependency that closes a round, one for each service it leads back to.
pub(super) fn check(services: &Map, report: &mut Report) {
    let needs = |name: &str| -> Vec<&str> {
        let depends_on = services.get(name).and_then(|s| s.get("depends_on")).and_then(Node::as_map);
        depends_on.map(|map| map.keys().collect()).unwrap_or_default()
    };
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    let mut said: Vec<&str> = Vec::new();
    for start in services.keys() {
        if states.contains_key(start) {
            continue;
        }
        // A stack of our own: a chain may be long.
        states.insert(start, State::OnTheWay(0));
        let mut way = vec![(start, needs(start))];
        while let Some((name, rest)) = way.last_mut() {
            let Some(next) = rest.pop() else {
                states.insert(*name, State::Done);
                way.pop();
                continue;
            };
            match states.get(next) {
                Some(State::Done) => {}
                Some(State::OnTheWay(_)) if said.contains(&next) => {}
                Some(State::OnTheWay(from)) => {
                    said.push(next);
                    let round: Vec<&str> = way[*from..].iter().map(|(name, _)| *name).collect();
                    say(services, next, &round, report);
                }
                None if services.contains(next) => {
                    states.insert(next, State::OnTheWay(way.len()));
                    way.push((next, needs(next)));
                }
                None => {}
            }
        }
    }
}

/// `round` starts with the service that is led back to.
fn say(services: &Map, back: &str, round: &[&str], report: &mut Report) {
    let last = round.last().and_then(|last| services.get(last)?.get("depends_on")?.as_map()?.entry(back));
    let Some(at) = last else { return };
    let mut names = round.to_vec();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("…");
    }
    names.push(back);
    report.push(
        Diagnostic::error(
            codes::DEPENDENCY_CYCLE,
            &at.at,
            format!("services wait for each other: {}", names.join(" → ")),
        )
        .help("one of them must be able to start without the other"),
    );
}
