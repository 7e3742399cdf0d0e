//! Cycles in "this names that", each reported once.

use diag::{Diagnostic, Place};
use std::collections::BTreeMap;

/// A way that comes back to where it began: names with the place that leads to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle<'a> {
    /// Each name, and where it names the next one; the last names the first.
    pub steps: Vec<(&'a str, &'a Place)>,
}

impl Cycle<'_> {
    /// A diagnostic at the first step, with a label for each further one.
    pub fn describe(&self, make: impl Fn(String, &Place) -> Diagnostic, verb: &str) -> Diagnostic {
        let names: Vec<&str> = self.steps.iter().map(|(name, _)| *name).collect();
        let first = self.steps.first();
        let path = names.iter().chain(first.map(|(name, _)| name)).copied().collect::<Vec<_>>().join(" → ");
        let mut diagnostic = match first {
            Some((_, place)) => make(path, place),
            None => return make(path, &Place::builtin("empty cycle")),
        };
        for (at, (name, place)) in self.steps.iter().enumerate().skip(1) {
            let next = self.steps.get(at + 1).or(first).map_or("", |(name, _)| *name);
            diagnostic = diagnostic.label(place, format!("`{name}` {verb} `{next}`"));
        }
        diagnostic.help("take one of them out of the circle")
    }
}

/// The cycles of a graph, by depth-first search: one for each edge that closes a way. Each begins with its
/// smallest name. Linear in names and edges.
pub fn cycles<'a>(edges: &BTreeMap<&'a str, Vec<(&'a str, &'a Place)>>) -> Vec<Cycle<'a>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Open(usize),
        Done,
    }
    let mut state: BTreeMap<&str, State> = BTreeMap::new();
    let mut found = Vec::new();
    for start in edges.keys().copied() {
        if state.contains_key(start) {
            continue;
        }
        // The way from `start`: a name, the index of its next edge, and the place of the edge taken.
        let mut way: Vec<(&'a str, usize, Option<&'a Place>)> = vec![(start, 0, None)];
        state.insert(start, State::Open(0));
        while let Some((name, next, taken)) = way.last_mut() {
            let Some((to, place)) = edges.get(name).and_then(|all| all.get(*next)).copied() else {
                state.insert(*name, State::Done);
                way.pop();
                continue;
            };
            *next += 1;
            *taken = Some(place);
            match state.get(to) {
                Some(State::Open(at)) => {
                    let steps: Vec<(&str, &Place)> =
                        way[*at..].iter().filter_map(|(name, _, place)| place.map(|p| (*name, p))).collect();
                    found.push(turned(steps));
                }
                Some(State::Done) => {}
                None => {
                    state.insert(to, State::Open(way.len()));
                    way.push((to, 0, None));
                }
            }
        }
    }
    found
}

/// The same cycle, beginning with its smallest name.
fn turned<'a>(mut steps: Vec<(&'a str, &'a Place)>) -> Cycle<'a> {
    let smallest = steps.iter().enumerate().min_by_key(|(_, (name, _))| *name).map_or(0, |(at, _)| at);
    steps.rotate_left(smallest);
    Cycle { steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(edges: &[(&'static str, &[&'static str])]) -> Vec<Vec<&'static str>> {
        let place: &'static Place = Box::leak(Box::new(Place::file("fleet.yaml")));
        let edges =
            edges.iter().map(|(from, to)| (*from, to.iter().map(|to| (*to, place)).collect())).collect();
        cycles(&edges).into_iter().map(|c| c.steps.into_iter().map(|(name, _)| name).collect()).collect()
    }

    #[test]
    fn each_cycle_is_found_once_and_begins_with_its_smallest_name() {
        assert_eq!(names(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]), [["b", "c"]]);
        assert_eq!(names(&[("x", &["x"])]), [["x"]]);
        assert_eq!(names(&[("c", &["a"]), ("a", &["b"]), ("b", &["c", "a"])]).len(), 2);
        assert!(names(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]).is_empty());
    }
}
