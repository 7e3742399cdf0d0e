//! An engine that goes from `manage` to another stage: its part of the host is left as it is.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "fleet/way.rs"]
mod way;

use artifact::protocol::Event;
use artifact::stage::ALL;
use artifact::{Desired, Stage, Thing, User};
use common::*;
use plan::Staged;
use std::sync::mpsc::channel;

/// The first generation and an account, with who owns what: `db` and `web`.
fn owned() -> Desired {
    let mut desired = first();
    let user = User {
        system: true,
        home: "/var/lib/db".into(),
        shell: "/usr/sbin/nologin".into(),
        groups: Default::default(),
        keys: vec!["ssh-ed25519 AAAA db".into()],
        why: why(),
    };
    desired.users.insert("dbuser".into(), user);
    let mut note = |thing: Thing, names: Vec<String>| {
        for name in names {
            let engine = if name.contains("db") || name == "/srv/data" { "db" } else { "web" };
            desired.owned.note(thing, &name, engine);
        }
    };
    note(Thing::File, first().files.keys().cloned().collect());
    note(Thing::Link, first().links.keys().cloned().collect());
    note(Thing::Dir, first().dirs.keys().cloned().collect());
    note(Thing::Unit, first().units.keys().cloned().collect());
    note(Thing::User, vec!["dbuser".into()]);
    desired
}

fn staged(mut desired: Desired, engine: &str, stage: Stage) -> Desired {
    desired.stages.0.insert(engine.to_owned(), stage);
    desired
}

#[test]
fn an_engine_that_goes_back_to_shadow_keeps_its_files_units_and_accounts() {
    let world = World::new();
    world.settle(&owned());
    let (tree, active) = (world.tree(), world.active());
    world.calls();
    for stage in [Stage::Shadow, Stage::Observe] {
        for engine in ["db", ALL] {
            let desired = staged(owned(), engine, stage);
            assert!(matches!(world.apply(&desired), Event::Unchanged(_)), "{engine} {stage:?}");
            assert_eq!(world.calls(), Vec::<String>::new());
            assert_eq!((world.tree(), world.active()), (tree.clone(), active.clone()));
        }
    }
    // Back in its hands nothing differs either.
    assert!(matches!(world.apply(&owned()), Event::Unchanged(_)));
    assert_eq!((world.calls(), world.tree()), (Vec::new(), tree));
}

#[test]
fn what_left_the_model_while_its_engine_was_staged_is_left_alone_too() {
    let world = World::new();
    world.settle(&owned());
    let tree = world.tree();
    world.calls();
    // Staged and gone in one edit: nothing of the state speaks of it any more.
    let mut desired = staged(owned(), "db", Stage::Shadow);
    desired.files.retain(|path, _| !path.contains("db"));
    desired.dirs.remove("/srv/data");
    desired.users.clear();
    desired.units.remove("db.service");
    assert!(matches!(world.apply(&desired), Event::Unchanged(_)));
    assert_eq!((world.calls(), world.tree()), (Vec::new(), tree));
}

#[test]
fn the_others_are_applied_as_ever() {
    let world = World::new();
    world.settle(&owned());
    world.calls();
    let mut desired = staged(owned(), "db", Stage::Shadow);
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 81"));
    desired.files.insert("/etc/db/db.conf".into(), file("db", 0o640, "size 2"));
    desired.files.remove("/etc/systemd/system/web.service");
    desired.units.remove("web.service");
    desired.links.clear();
    world.settle(&desired);
    assert_eq!(world.text("/etc/db/db.conf"), "size 1\n");
    assert_eq!(world.text("/etc/web/web.conf"), "listen 81\n");
    let tree = world.tree();
    assert!(!tree.contains_key("/etc/web/current") && !tree.contains_key("/etc/systemd/system/web.service"));
    let calls = world.calls();
    assert!(calls.contains(&"stop web.service".to_owned()), "{calls:?}");
    assert!(!calls.iter().any(|c| c.contains("db.service")), "{calls:?}");
    // What somebody else does to a staged engine is no drift.
    world.put("/etc/db/db.conf", "size 3\n", 0o640);
    assert_eq!(world.status().drift, Vec::<String>::new());
    assert!(matches!(world.apply(&desired), Event::Unchanged(_)));
    assert_eq!(world.text("/etc/db/db.conf"), "size 3\n");
}

#[test]
fn a_record_that_does_not_say_who_owns_a_thing_takes_nothing_away() {
    let world = World::new();
    world.settle(&first());
    let tree = world.tree();
    world.calls();
    let desired = staged(Desired { host: "web".into(), ..Desired::default() }, "web", Stage::Shadow);
    assert!(matches!(world.apply(&desired), Event::Unchanged(_)));
    assert_eq!((world.calls(), world.tree()), (Vec::new(), tree));
}

#[test]
fn a_run_applies_what_is_managed_and_a_look_shows_the_rest() {
    let mut hosts = [way::host("a")];
    let all = staged(Desired { host: "a".into(), ..owned() }, "db", Stage::Shadow);
    hosts[0].desired = all.clone();
    let outcome = way::run(&hosts, &way::options());
    assert!(outcome.is_ok(), "{outcome:?}");
    let tree = hosts[0].tree();
    assert!(tree.contains_key("/etc/web/web.conf"));
    assert!(!tree.keys().any(|path| path.contains("db")), "{tree:?}");

    hosts[0].desired = all.rest();
    let mut seen = apply::observe_fleet(&way::targets(&hosts), &way::options(), &channel().0);
    let staged = Staged::of(&all, seen.hosts.remove("a").unwrap_or_else(|| panic!("{seen:?}")));
    let steps: Vec<&str> = staged.shadow.steps.iter().map(|s| s.step.name.as_str()).collect();
    assert!(steps.contains(&"/etc/db/db.conf") && steps.contains(&"db.service"), "{steps:?}");
    assert!(steps.contains(&"dbuser") && !steps.iter().any(|s| s.contains("web")), "{steps:?}");
    assert!(staged.to_text(true).starts_with("a: shadow (db): "), "{}", staged.to_text(true));
    assert_eq!(hosts[0].tree(), tree, "a look changes nothing");

    hosts[0].desired = all;
    assert!(apply::observe_fleet(&way::targets(&hosts), &way::options(), &channel().0).is_empty());
}
