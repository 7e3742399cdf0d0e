//! One tree laid over another (Compose Specification, "Merge and override"; compose-go, `override/merge.go`).
//!
//! Maps are merged, lists appended, scalars replaced; [`RULES`] has the exceptions.

use crate::codes;
use crate::node::{Map, Node, Value};
use crate::path::{Path, matches, shown};
use diag::{Diagnostic, Place, Report};

/// How a value is merged where the general rule does not hold.
#[derive(Clone, Copy)]
enum Rule {
    /// The later value replaces the earlier one.
    Replace,
    /// Both as lists of `NAME=value`, appended.
    Pairs,
    /// As `Pairs`, without what is there already.
    Hosts,
    /// A text is its `context`.
    Build,
    /// A list of services is a map of them, each with the default condition.
    DependsOn,
    /// A list of names is a map of them.
    Names,
    /// Merged when both have the same driver or one has none.
    Logging,
    /// Merged when both are maps.
    Limit,
    /// The later list says which subnets there are; the same subnet is merged.
    Subnets,
}

static RULES: &[(&[&str], Rule)] = &[
    (&["networks", "*", "ipam", "config"], Rule::Subnets),
    (&["networks", "*", "labels"], Rule::Pairs),
    (&["volumes", "*", "labels"], Rule::Pairs),
    (&["services", "*", "annotations"], Rule::Pairs),
    (&["services", "*", "build"], Rule::Build),
    (&["services", "*", "build", "args"], Rule::Pairs),
    (&["services", "*", "build", "additional_contexts"], Rule::Pairs),
    (&["services", "*", "build", "extra_hosts"], Rule::Hosts),
    (&["services", "*", "build", "labels"], Rule::Pairs),
    (&["services", "*", "command"], Rule::Replace),
    (&["services", "*", "depends_on"], Rule::DependsOn),
    (&["services", "*", "deploy", "labels"], Rule::Pairs),
    (&["services", "*", "dns"], Rule::Pairs),
    (&["services", "*", "dns_opt"], Rule::Pairs),
    (&["services", "*", "dns_search"], Rule::Pairs),
    (&["services", "*", "entrypoint"], Rule::Replace),
    (&["services", "*", "env_file"], Rule::Pairs),
    (&["services", "*", "environment"], Rule::Pairs),
    (&["services", "*", "extra_hosts"], Rule::Hosts),
    (&["services", "*", "healthcheck", "test"], Rule::Replace),
    (&["services", "*", "label_file"], Rule::Pairs),
    (&["services", "*", "labels"], Rule::Pairs),
    (&["services", "*", "logging"], Rule::Logging),
    (&["services", "*", "models"], Rule::Names),
    (&["services", "*", "networks"], Rule::Names),
    (&["services", "*", "sysctls"], Rule::Pairs),
    (&["services", "*", "tmpfs"], Rule::Pairs),
    (&["services", "*", "ulimits", "*"], Rule::Limit),
];

/// Lays `over` on `base`. `path` is where both are.
pub(crate) fn merge(base: Node, over: Node, path: &mut Path, report: &mut Report) -> Node {
    let rule = RULES.iter().find(|(pattern, _)| matches(path, pattern)).map(|(_, rule)| *rule);
    match rule {
        None => general(base, over, path, report),
        Some(Rule::Replace) => over,
        Some(Rule::Pairs) => append(sequence(base), sequence(over)),
        Some(Rule::Hosts) => {
            let base = sequence(base);
            let mut over = sequence(over);
            if let (Value::List(there), Value::List(items)) = (&base.value, &mut over.value) {
                items.retain(|item| !there.iter().any(|t| t.same(item)));
            }
            append(base, over)
        }
        Some(Rule::Build) => general(build(base), build(over), path, report),
        Some(Rule::DependsOn) => general(mapping(base, true), mapping(over, true), path, report),
        Some(Rule::Names) => general(mapping(base, false), mapping(over, false), path, report),
        Some(Rule::Logging) => match (base.get("driver"), over.get("driver")) {
            (Some(a), Some(b)) if !a.same(b) => over,
            _ => general(base, over, path, report),
        },
        Some(Rule::Limit) => match (&base.value, &over.value) {
            (Value::Map(_), Value::Map(_)) => general(base, over, path, report),
            (_, Value::Null) => base,
            _ => over,
        },
        Some(Rule::Subnets) => subnets(base, over, path, report),
    }
}

fn general(base: Node, over: Node, path: &mut Path, report: &mut Report) -> Node {
    let Node { place, value, mark, written } = base;
    match (value, over.value) {
        (value, Value::Null) => Node { place, value, mark, written },
        (Value::Map(base), Value::Map(over)) => {
            let value = Value::Map(maps(base, over, path, report));
            Node { place, value, mark, written }
        }
        (Value::List(mut base), Value::List(over)) => {
            base.extend(over);
            Node { place, value: Value::List(base), mark, written }
        }
        (value @ (Value::Map(_) | Value::List(_)), other) => {
            let base = Node { place, value, mark, written };
            let over = Node::new(&over.place, other);
            // A value that its key cannot have was said to be wrong already.
            let said = |d: &Diagnostic| d.code == codes::WRONG_TYPE && d.place.as_ref() == Some(&over.place);
            if report.items.iter().any(said) {
                return base;
            }
            report.push(
                Diagnostic::error(
                    codes::CANNOT_MERGE,
                    &over.place,
                    format!("`{}` is {} here and {} before", shown(path), over.word(), base.word()),
                )
                .label(&base.place, "before")
                .help("say it in the same form, or write `!override` before it to replace what was there"),
            );
            base
        }
        (_, value) => Node { place: over.place, value, mark: over.mark, written: over.written },
    }
}

fn maps(mut base: Map, over: Map, path: &mut Path, report: &mut Report) -> Map {
    for (key, entry) in over {
        match base.get_mut(&key) {
            Some(there) => {
                let old = std::mem::replace(there, Node::new(&entry.at, Value::Null));
                path.push(key.clone());
                let merged = merge(old, entry.node, path, report);
                path.pop();
                if let Some(there) = base.get_mut(&key) {
                    *there = merged;
                }
            }
            None => base.insert(key, &entry.at, entry.node),
        }
    }
    base
}

fn append(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::List(mut items), Value::List(more)) => {
            items.extend(more);
            Node::new(&base.place, Value::List(items))
        }
        // Both were made lists.
        (value, _) => Node::new(&base.place, value),
    }
}

/// A map as a sorted list of `NAME=value`, a text as a list of one, nothing as an empty list.
fn sequence(node: Node) -> Node {
    let place = node.place.clone();
    let items = match node.value {
        Value::List(items) => items,
        Value::Map(map) => {
            let mut items: Vec<Node> = Vec::new();
            for (key, entry) in map {
                let mut add = |node: &Node| match node.scalar_text() {
                    Some(text) => items.push(Node::text(&entry.at, format!("{key}={text}"))),
                    None => items.push(Node::text(&entry.at, key.clone())),
                };
                match &entry.node.value {
                    Value::List(several) => several.iter().for_each(&mut add),
                    _ => add(&entry.node),
                }
            }
            items.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
            items
        }
        Value::Null => Vec::new(),
        value => vec![Node { place: node.place, value, mark: node.mark, written: node.written }],
    };
    Node::new(&place, Value::List(items))
}

/// A list of names as a map of them.
fn mapping(node: Node, dependencies: bool) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut map = Map::default();
    for item in items {
        let Some(name) = item.as_text() else { continue };
        let value = if dependencies { dependency(&item.place) } else { Node::new(&item.place, Value::Null) };
        map.insert(name, &item.place, value);
    }
    Node::new(&node.place, Value::Map(map))
}

/// What a service's bare name in `depends_on` says.
pub(crate) fn dependency(place: &Place) -> Node {
    let mut map = Map::default();
    map.insert("condition", place, Node::text(place, "service_started"));
    map.insert("required", place, Node::new(place, Value::Bool(true)));
    Node::new(place, Value::Map(map))
}

/// The short form of `build` is its context.
pub(crate) fn build(node: Node) -> Node {
    let Value::Text(_) = &node.value else { return node };
    let place = node.place.clone();
    let mut map = Map::default();
    map.insert("context", &place, node);
    Node::new(&place, Value::Map(map))
}

fn subnets(base: Node, over: Node, path: &mut Path, report: &mut Report) -> Node {
    match (base.value, over.value) {
        (Value::List(mut base_items), Value::List(items)) if !items.is_empty() => {
            let mut merged = Vec::new();
            for item in items {
                let same = |b: &Node| match (b.get("subnet"), item.get("subnet")) {
                    (Some(a), Some(b)) => a.same(b),
                    (None, None) => true,
                    _ => false,
                };
                match base_items.iter().position(same) {
                    Some(at) => merged.push(general(base_items.remove(at), item, path, report)),
                    None => merged.push(item),
                }
            }
            Node::new(&over.place, Value::List(merged))
        }
        (value, Value::List(_) | Value::Null) => Node::new(&base.place, value),
        (value, other) => general(Node::new(&base.place, value), Node::new(&over.place, other), path, report),
    }
}
