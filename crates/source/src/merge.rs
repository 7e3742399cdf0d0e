//! What a thing and the profiles it uses say together.

use diag::Place;
use model::read::{AsRecord, as_record};
use model::shape::{FieldShape, Shape};
use model::{Key, Node, NodeKind};

/// Two profiles that say different things about one value.
pub struct Fault {
    /// The value: `limits.cpu`.
    pub path: String,
    /// A profile, and where it says its value.
    pub one: (String, Place),
    /// The other.
    pub other: (String, Place),
}

/// The fields of a record.
pub struct Fields(Vec<FieldShape>);

impl Fields {
    /// Those of a record's shape; none for other shapes.
    pub fn of(shape: &Shape) -> Self {
        match shape {
            Shape::Record(record) => Fields((record.fields)()),
            _ => Fields(Vec::new()),
        }
    }
    /// The shape of a field's value.
    pub fn get(&self, key: &str) -> Option<&Shape> {
        self.0.iter().find(|f| f.key == key).map(|f| &f.shape)
    }
}

/// Puts a value and what profiles say in its place together. Without a value of the thing's own, profiles
/// that differ are faults.
pub fn merge(
    own: Option<&Node>,
    parts: &[(&str, &Node)],
    shape: &Shape,
    path: &str,
    faults: &mut Vec<Fault>,
) -> Node {
    match (own, parts) {
        (Some(own), []) => return own.clone(),
        (None, [(_, only)]) => return (*only).clone(),
        (None, []) => return Node { kind: NodeKind::Null, place: Place::builtin("use") },
        (Some(_), [_, ..]) | (None, [_, _, ..]) => {}
    }
    let short = match shape {
        Shape::Record(record) => record.short,
        _ => None,
    };
    let full = |node: &Node| match as_record(node, short) {
        AsRecord::Wrapped(map) => map,
        AsRecord::Map | AsRecord::Not => node.clone(),
    };
    let own = own.map(full);
    let parts: Vec<(&str, Node)> = parts.iter().map(|(name, part)| (*name, full(part))).collect();
    // A list is a whole, also when its one item is written as a map.
    let is_map = |node: &Node| matches!(node.kind, NodeKind::Map(_)) && !matches!(shape, Shape::List(_));
    match own {
        Some(own) if !is_map(&own) => own,
        None if !parts.iter().all(|(_, part)| is_map(part)) => whole(&parts, path, faults),
        own => {
            let fields = Fields::of(shape);
            let any = Shape::Any;
            let inner = |key: &str| match shape {
                Shape::Map(value) => (**value).clone(),
                _ => fields.get(key).unwrap_or(&any).clone(),
            };
            merge_maps(own.as_ref(), &parts, &inner, path, faults)
        }
    }
}

/// Puts maps together key by key: the thing's keys first, then those only profiles have.
pub fn merge_maps(
    own: Option<&Node>,
    parts: &[(&str, Node)],
    inner: &dyn Fn(&str) -> Shape,
    path: &str,
    faults: &mut Vec<Fault>,
) -> Node {
    let mut keys: Vec<&Key> = Vec::new();
    for node in own.into_iter().chain(parts.iter().map(|(_, p)| p)) {
        if let NodeKind::Map(entries) = &node.kind {
            for (key, _) in entries {
                if !keys.iter().any(|k| k.text == key.text) {
                    keys.push(key);
                }
            }
        }
    }
    let place = own.or(parts.first().map(|(_, p)| p)).map(|n| n.place.clone());
    let entries = keys
        .into_iter()
        .map(|key| {
            let own = own.and_then(|o| o.get(&key.text));
            let said: Vec<(&str, &Node)> =
                parts.iter().filter_map(|(name, part)| Some((*name, part.get(&key.text)?))).collect();
            let value = match (own, said.as_slice()) {
                (Some(own), []) => own.clone(),
                (None, [(_, only)]) => (*only).clone(),
                (own, said) => {
                    let path =
                        if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
                    merge(own, said, &inner(&key.text), &path, faults)
                }
            };
            (key.clone(), value)
        })
        .collect();
    Node { kind: NodeKind::Map(entries), place: place.unwrap_or_else(|| Place::builtin("use")) }
}

/// The first part; a fault when another differs.
fn whole(parts: &[(&str, Node)], path: &str, faults: &mut Vec<Fault>) -> Node {
    let Some(((name, first), rest)) = parts.split_first() else {
        return Node { kind: NodeKind::Null, place: Place::builtin("use") };
    };
    if let Some((other, part)) = rest.iter().find(|(_, part)| !same(first, part)) {
        faults.push(Fault {
            path: path.to_owned(),
            one: ((*name).to_owned(), first.place.clone()),
            other: ((*other).to_owned(), part.place.clone()),
        });
    }
    first.clone()
}

/// Equal but for places and quotes.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Scalar { text: a, .. }, NodeKind::Scalar { text: b, .. }) => a == b,
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(k, v)| b.iter().any(|(other, w)| k.text == other.text && same(v, w)))
        }
        _ => false,
    }
}
