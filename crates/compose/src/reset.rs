//! `!reset` and `!override` (Compose Specification, "Reset value" and "Replace value").

use crate::node::{Mark, Node, Value};
use crate::path::Path;

/// Takes what is reset out of a tree, and says where resets and overrides stand: what an earlier file says there
/// goes before this tree is merged.
pub(crate) fn take(node: &mut Node) -> Vec<Path> {
    let mut found = Vec::new();
    walk(node, &mut Path::new(), &mut found);
    found
}

fn walk(node: &mut Node, path: &mut Path, found: &mut Vec<Path>) {
    if node.mark.take() == Some(Mark::Override) {
        found.push(path.clone());
    }
    match &mut node.value {
        Value::Map(map) => map.retain(|key, entry| {
            path.push(key.to_owned());
            let keep = entry.node.mark != Some(Mark::Reset);
            if keep {
                walk(&mut entry.node, path, found);
            } else {
                found.push(path.clone());
            }
            path.pop();
            keep
        }),
        Value::List(items) => {
            items.retain(|item| item.mark != Some(Mark::Reset));
            for (number, item) in items.iter_mut().enumerate() {
                path.push(number.to_string());
                walk(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Removes what stands at these paths. Entries of lists stay: their numbers say nothing about another file.
pub(crate) fn apply(node: &mut Node, paths: &[Path]) {
    for path in paths {
        remove(node, path);
    }
}

fn remove(node: &mut Node, path: &[String]) {
    let Some(map) = node.as_map_mut() else { return };
    match path {
        [] => {}
        [key] => {
            map.remove(key);
        }
        [key, rest @ ..] => {
            if let Some(inside) = map.get_mut(key) {
                remove(inside, rest);
            }
        }
    }
}
