//! Stages of the examples' engines: what is applied is what the managed engines want, nothing of the others, and
//! all parts together are the whole.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::stage::{ALL, health_name};
use artifact::{Desired, FlatDesired, Owned, Stage, Thing};
use common::examples;
use derive::fleet::Fleet;
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};

fn rendered(fleet: &Fleet) -> BTreeMap<HostId, Desired> {
    let (hosts, report) = render::render(fleet);
    assert!(!report.has_errors(), "{:#?}", report.items);
    hosts
}

/// Everything a state wants, by kind and name.
fn things(desired: &Desired) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    let mut add = |thing: Thing, names: Vec<&String>| {
        all.extend(names.into_iter().map(|n| (thing.word(), n.clone())));
    };
    add(Thing::Package, desired.packages.keys().collect());
    add(Thing::User, desired.users.keys().collect());
    add(Thing::Dir, desired.dirs.keys().collect());
    add(Thing::File, desired.files.keys().collect());
    add(Thing::Link, desired.links.keys().collect());
    add(Thing::Unit, desired.units.keys().collect());
    all.extend(desired.health.iter().map(|h| ("health", health_name(h))));
    all
}

fn owners<'o>(owned: &'o Owned, kind: &str, name: &str) -> &'o BTreeSet<String> {
    let kinds =
        [Thing::Package, Thing::User, Thing::Dir, Thing::File, Thing::Link, Thing::Unit, Thing::Health];
    let thing = kinds.into_iter().find(|t| t.word() == kind).unwrap();
    owned.of(thing, name).unwrap_or_else(|| panic!("nobody is noted for {kind} {name}"))
}

#[test]
fn nothing_of_an_engine_that_is_not_managed_is_applied() {
    for name in ["two-sites", "anycast", "atlas"] {
        for (host, desired) in rendered(&examples::example(name)) {
            assert_eq!(desired.managed().as_ref(), &desired, "{name} {host}");
            let engines: Vec<String> = desired.owned.engines().into_iter().map(str::to_owned).collect();
            assert!(!engines.iter().any(String::is_empty), "{engines:?}");
            for engine in &engines {
                for stage in [Stage::Shadow, Stage::Observe] {
                    let mut staged = desired.clone();
                    staged.stages.0.insert(engine.clone(), stage);
                    parted(&staged, engine, stage);
                }
            }
            // By `all` nothing at all is left to apply.
            let mut staged = desired.clone();
            staged.stages.0.insert(ALL.to_owned(), Stage::Shadow);
            let (flat, blobs) = FlatDesired::of(&staged, &|_| None).unwrap();
            assert!(blobs.is_empty() && staged.managed().is_empty(), "{name} {host}");
            let nothing =
                FlatDesired { host: flat.host.clone(), stages: flat.stages.clone(), ..Default::default() };
            assert_eq!(flat, nothing, "{name} {host}");
            assert_eq!(things(&staged.only(Stage::Shadow)), things(&desired));
        }
    }
}

/// What is applied, what is not, and nothing besides.
fn parted(staged: &Desired, engine: &str, stage: Stage) {
    let applied = staged.managed().into_owned();
    assert_eq!(applied.managed().as_ref(), &applied, "parting twice is parting once");
    for (kind, name) in things(&applied) {
        let owners = owners(&staged.owned, kind, &name);
        assert!(owners.iter().any(|o| o != engine), "{kind} {name} is only wanted by {engine}");
    }
    let rest = staged.only(stage);
    assert!(rest.stages.is_empty());
    for (kind, name) in things(&rest) {
        let owners = owners(&staged.owned, kind, &name);
        assert!(owners.iter().all(|o| o == engine), "{kind} {name} is wanted by {owners:?}");
    }
    let (applied_things, rest_things) = (things(&applied), things(&rest));
    assert!(applied_things.is_disjoint(&rest_things));
    assert_eq!(applied_things.union(&rest_things).cloned().collect::<BTreeSet<_>>(), things(staged));
    // Checks, reloads and orders speak of what is applied only.
    for check in &applied.checks {
        assert!(check.files.iter().any(|path| applied.files.contains_key(path)), "{check:?}");
    }
    for (name, unit) in &applied.units {
        for path in unit.reload_on.iter().chain(&unit.restart_on) {
            assert!(!rest.files.contains_key(path), "{name} is told of {path}");
        }
        assert!(unit.after.iter().all(|after| !rest.units.contains_key(after)), "{name}");
    }
}

#[test]
fn a_name_nothing_is_rendered_for_is_said() {
    let place = common::place("hosts/a.yaml");
    let mut fleet = examples::example("two-sites");
    let host = fleet.hosts.values_mut().next().unwrap();
    host.manage.insert("nftabels".into(), (Stage::Shadow, place.clone()));
    host.manage.insert("bird".into(), (Stage::Shadow, place.clone()));
    host.manage.insert(ALL.into(), (Stage::Observe, place));
    let (_, report) = render::render(&fleet);
    let said: Vec<_> = report
        .items
        .iter()
        .filter(|d| d.code == "FW0912")
        .map(|d| (d.severity.word(), d.help.clone().unwrap()))
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().any(|(s, h)| *s == "error" && h == "did you mean `nftables`?"), "{said:?}");
    assert!(said.iter().any(|(s, _)| *s == "warning"), "{said:?}");
}

#[test]
fn stages_come_by_profiles_and_the_host_has_the_last_word() {
    let text = b"domain: example.net\nprofiles: {guest: {manage: {all: shadow, sshd: observe}}}\n\
        groups: {all: {use: guest}}\nsites: {ams: {lan: 10.0.0.0/24}}\n\
        hosts: {a: {site: ams, address: 10.0.0.1, manage: {nftables: manage}}}\n";
    let files = BTreeMap::from([("fleet.yaml".to_owned(), text.to_vec())]);
    let sources = source::Sources { root_name: "t".to_owned(), files, ..source::Sources::default() };
    let (model, report) = source::load(&sources);
    assert!(!report.has_errors(), "{:#?}", report.items);
    let derived = derive::derive(&model.unwrap(), &derive::Lock::default(), &derive::Options::default());
    let hosts = rendered(&derived.fleet.unwrap());
    let stages = &hosts["a"].stages;
    assert_eq!(stages.of("nftables"), Stage::Manage);
    assert_eq!(stages.of("sshd"), Stage::Observe);
    assert_eq!(stages.of("resolver"), Stage::Shadow);
    let applied = hosts["a"].managed();
    assert!(!applied.files.is_empty() && applied.files.values().all(|f| f.engine == "nftables"));
}
