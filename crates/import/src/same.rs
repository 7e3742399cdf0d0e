//! Two sets of files held against each other by meaning.

use std::collections::{BTreeMap, BTreeSet};

/// What files mean: by the path of a key (`peer PUBLIC_KEY / endpoint`), its value in one way of writing it.
pub type Normal = BTreeMap<String, String>;

/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key's path.
    pub key: String,
    /// What the imported files say; `None` when they say nothing.
    pub before: Option<String>,
    /// What the rendered files say.
    pub after: Option<String>,
}

/// What differs, by key; empty when both mean the same.
pub fn compare(before: &Normal, after: &Normal) -> Vec<Difference> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Difference {
            key: key.clone(),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn normal(pairs: &[(&str, &str)]) -> Normal {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn what_differs_is_said_from_both_sides_and_what_is_the_same_is_not() {
        let before = normal(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = normal(&[("a", "1"), ("b", "20"), ("d", "4")]);
        let found: Vec<_> = compare(&before, &after)
            .into_iter()
            .map(|d| (d.key, d.before.unwrap_or_default(), d.after.unwrap_or_default()))
            .collect();
        let said = |k: &str, b: &str, a: &str| (k.to_owned(), b.to_owned(), a.to_owned());
        assert_eq!(found, [said("b", "2", "20"), said("c", "3", ""), said("d", "", "4")]);
        assert!(compare(&before, &before).is_empty());
    }
}
