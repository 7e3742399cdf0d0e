//! What `use` means.

#![allow(clippy::unwrap_used, clippy::panic)]

use model::{Fleet, Placement, Variant};
use proptest::prelude::*;
use source::Sources;

fn load(text: &str) -> (Option<Fleet>, String) {
    let mut sources = Sources { root_name: "fleet".to_owned(), ..Sources::default() };
    sources.files.insert("fleet.yaml".to_owned(), text.as_bytes().to_vec());
    let (fleet, report) = source::load(&sources);
    (fleet, diag::render_plain(&report))
}

fn good(text: &str) -> Fleet {
    let (fleet, said) = load(text);
    assert_eq!(said, "");
    fleet.unwrap()
}

#[test]
fn the_thing_wins_and_maps_are_put_together() {
    let fleet = good(
        "profiles:
  persistent: {volumes: {data: {size: 10GiB, storage: ssd}}, limits: {cpu: 2, memory: 2GiB}, backup: daily}
services:
  db: {module: postgresql, use: persistent, volumes: {data: /srv/db, logs: /srv/logs}, limits: {cpu: 4}, backup: ~}
",
    );
    let db = &fleet.services["db"];
    let data = &db.volumes["data"];
    assert_eq!(data.path.as_deref(), Some("/srv/db"));
    assert_eq!(data.size.map(|s| s.0), Some(10 << 30));
    assert!(db.volumes.contains_key("logs"));
    let limits = db.limits.as_ref().unwrap();
    assert_eq!((limits.cpu, limits.memory.map(|m| m.0)), (Some(4), Some(2 << 30)));
    assert!(db.backup.is_none(), "a thing takes a value away by writing nothing");
}

#[test]
fn lists_are_wholes() {
    let fleet = good(
        "profiles: {p: {networks: [a, b], needs: {service: x}}}
services: {db: {module: postgresql, use: p, networks: c, needs: {service: y, port: sql}}}
",
    );
    let db = &fleet.services["db"];
    assert_eq!(db.networks.iter().map(|n| n.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(db.needs.len(), 1);
    assert_eq!(db.needs[0].service.as_str(), "y");
}

#[test]
fn profiles_build_on_profiles_and_win_over_them() {
    let fleet = good(
        "profiles:
  base: {variant: incus, limits: {cpu: 1}}
  large: {use: base, limits: {cpu: 8}}
services: {db: {module: postgresql, use: large}}
",
    );
    let db = &fleet.services["db"];
    assert_eq!(db.variant.as_ref().map(|v| v.value), Some(Variant::Incus));
    assert_eq!(db.limits.as_ref().and_then(|l| l.cpu), Some(8));
}

#[test]
fn a_base_used_by_two_ways_disagrees_only_where_they_do() {
    let (_, said) = load(
        "profiles:
  base: {backup: daily}
  a: {use: base, limits: {cpu: 1}}
  b: {use: base, limits: {cpu: 2}}
services: {db: {module: postgresql, use: [a, b]}}
",
    );
    assert!(said.contains("`a` and `b` disagree on `limits.cpu`") && !said.contains("backup"), "{said}");
}

#[test]
fn hosts_use_what_their_groups_use_also_through_groups() {
    let fleet = good(
        "profiles:
  watched: {services: {nodes: {module: node-exporter}}}
  small: {capacity: {cpu: 1}}
groups:
  outer: {groups: inner, use: watched}
  inner: {hosts: a}
  all: {use: small}
hosts: {a: {}, b: {groups: inner}, c: {capacity: {cpu: 9}}}
",
    );
    let Some(Placement::Names(on)) = &fleet.services["nodes"].on else { panic!("not placed") };
    assert_eq!(on.iter().map(|h| h.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let cpu = |host: &str| fleet.hosts[host].capacity.as_ref().and_then(|c| c.cpu);
    assert_eq!((cpu("a"), cpu("b"), cpu("c")), (Some(1), Some(1), Some(9)));
    assert!(fleet.profiles["watched"].services.is_empty(), "its service is a service of the fleet now");
}

#[test]
fn a_service_of_the_fleet_wins_over_the_profiles_one() {
    let fleet = good(
        "profiles: {watched: {services: {nodes: {module: node-exporter, limits: {cpu: 1}}}}}
hosts: {a: {use: watched}, b: {}}
services: {nodes: {module: node-exporter, on: {each: all}}}
",
    );
    let nodes = &fleet.services["nodes"];
    assert!(matches!(nodes.on, Some(Placement::Each(_))));
    assert_eq!(nodes.limits.as_ref().and_then(|l| l.cpu), Some(1));
}

#[test]
fn a_folder_without_services_gets_those_of_its_profiles() {
    let fleet = good("profiles: {w: {services: {n: {module: node-exporter}}}}\nhosts: {a: {use: w}}\n");
    assert_eq!(fleet.services.len(), 1);
}

proptest! {
    /// There is no order among profiles: listing them otherwise changes neither values nor whether they agree.
    #[test]
    fn order_does_not_matter(values in proptest::collection::vec((0u8..3, 0u8..3, 0u8..3), 3)) {
        let profiles: String = values.iter().enumerate().map(|(n, (cpu, memory, layer))| {
            let mut limits = Vec::new();
            if *cpu > 0 { limits.push(format!("cpu: {cpu}")) }
            if *memory > 0 { limits.push(format!("memory: {memory}GiB")) }
            let layer = ["", ", layer: core", ", layer: platform"][usize::from(*layer)];
            format!("  p{n}: {{limits: {{{}}}{layer}}}\n", limits.join(", "))
        }).collect();
        let with = |order: &str| {
            let (fleet, said) =
                load(&format!("profiles:\n{profiles}services: {{db: {{module: postgresql, use: [{order}]}}}}\n"));
            let db = &fleet.unwrap().services["db"];
            let limits = db.limits.as_ref().map(|l| (l.cpu, l.memory));
            (said.is_empty(), said.is_empty().then(|| (limits, db.layer.as_ref().map(|l| l.value))))
        };
        let first = with("p0, p1, p2");
        prop_assert_eq!(&with("p2, p1, p0"), &first);
        prop_assert_eq!(&with("p1, p0, p2"), &first);
        let agree = |values: [u8; 3]| {
            let mut said: Vec<u8> = values.into_iter().filter(|v| *v > 0).collect();
            said.dedup();
            said.len() < 2 || said.iter().all(|v| *v == said[0])
        };
        let columns = [
            [values[0].0, values[1].0, values[2].0],
            [values[0].1, values[1].1, values[2].1],
            [values[0].2, values[1].2, values[2].2],
        ];
        prop_assert_eq!(first.0, columns.into_iter().all(agree));
    }
}
