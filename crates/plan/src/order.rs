//! The order in which units come up.

use artifact::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// Units in levels: each unit is in a later level than all units it comes after. A cycle (`derive` refuses
/// them) is cut at the unit whose name sorts first.
pub fn unit_levels(units: &BTreeMap<String, Unit>) -> Vec<Vec<String>> {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = units
        .iter()
        .map(|(name, unit)| {
            let after = unit.after.iter().filter(|a| units.contains_key(*a) && *a != name);
            (name.as_str(), after.map(String::as_str).collect())
        })
        .collect();
    let mut levels = Vec::new();
    while !left.is_empty() {
        let mut level: Vec<&str> =
            left.iter().filter(|(_, after)| after.is_empty()).map(|(n, _)| *n).collect();
        if level.is_empty() {
            level.extend(left.keys().next());
        }
        for name in &level {
            left.remove(name);
        }
        for after in left.values_mut() {
            after.retain(|a| !level.contains(a));
        }
        levels.push(level.into_iter().map(str::to_owned).collect());
    }
    levels
}

/// True when `path` is the unit file of `unit`, its template's, or a drop-in of either.
pub fn is_own_file(unit: &str, path: &str) -> bool {
    let Some(rest) = unit_file_part(path) else { return false };
    let template = unit.split_once('@').and_then(|(stem, instance)| {
        let suffix = instance.rsplit_once('.').map(|(_, s)| s)?;
        Some(format!("{stem}@.{suffix}"))
    });
    let own = |name: &str| name == unit || template.as_deref() == Some(name);
    match rest.split_once('/') {
        None => own(rest),
        Some((folder, _)) => folder.strip_suffix(".d").is_some_and(own),
    }
}

/// True when systemd must read its unit files again after `path` changes.
pub fn needs_manager_reload(path: &str) -> bool {
    unit_file_part(path).is_some() || matches!(path, "/etc/fstab" | "/etc/crypttab")
}

/// The part of a path below a folder of unit files.
fn unit_file_part(path: &str) -> Option<&str> {
    ["/etc/systemd/system/", "/usr/local/lib/systemd/system/", "/run/systemd/system/"]
        .iter()
        .find_map(|folder| path.strip_prefix(folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use artifact::{UnitKind, Why};
    use diag::Place;
    use proptest::prelude::*;

    fn unit(after: &[String]) -> Unit {
        Unit {
            kind: UnitKind::Service,
            enabled: true,
            active: true,
            reload_on: BTreeSet::new(),
            restart_on: BTreeSet::new(),
            reload: Vec::new(),
            after: after.iter().cloned().collect(),
            why: Why::new(&Place::builtin("test"), "test"),
        }
    }

    #[test]
    fn own_files_are_found() {
        for (name, path, own) in [
            ("a.service", "/etc/systemd/system/a.service", true),
            ("a.service", "/etc/systemd/system/a.service.d/x.conf", true),
            ("a@b.service", "/etc/systemd/system/a@.service", true),
            ("a@b.service", "/etc/systemd/system/a@.service.d/x.conf", true),
            ("a.service", "/etc/systemd/system/ab.service", false),
            ("a.service", "/etc/a.service", false),
        ] {
            assert_eq!(is_own_file(name, path), own, "{name} {path}");
        }
    }

    proptest! {
        /// Whatever the graph, cycles included: every unit once, and each after those it names unless they
        /// are in a cycle with it.
        #[test]
        fn every_unit_once_and_in_order(edges in proptest::collection::vec((0usize..8, 0usize..8), 0..20)) {
            let name = |i: usize| format!("u{i}.service");
            let mut after: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for (a, b) in &edges {
                after.entry((*a).max(*b)).or_default().push(name((*a).min(*b)));
            }
            let units: BTreeMap<_, _> =
                (0..8).map(|i| (name(i), unit(after.get(&i).map_or(&[], Vec::as_slice)))).collect();
            let levels = unit_levels(&units);
            let flat: Vec<&String> = levels.iter().flatten().collect();
            prop_assert_eq!(flat.len(), 8);
            for (n, u) in &units {
                let at = flat.iter().position(|f| *f == n).unwrap();
                for a in u.after.iter().filter(|a| *a != n) {
                    prop_assert!(flat.iter().position(|f| *f == a).unwrap() < at);
                }
            }
            let cyclic: BTreeMap<_, _> = (0..8).map(|i| (name(i), unit(&[name((i + 1) % 8)]))).collect();
            prop_assert_eq!(unit_levels(&cyclic).iter().flatten().count(), 8);
        }
    }
}
