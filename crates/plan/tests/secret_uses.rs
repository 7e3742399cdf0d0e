//! Where secrets are used, and what a new value would interrupt.
#![allow(clippy::unwrap_used, clippy::panic)]

use artifact::{Desired, File, Text, Unit, UnitKind, Why};
use diag::Place;
use std::collections::BTreeSet;

fn why(reason: &str) -> Why {
    Why::new(&Place::new("services/sql.yaml", 3, 1), reason)
}

fn unit(reload_on: &[&str], restart_on: &[&str]) -> Unit {
    let paths = |all: &[&str]| all.iter().map(|p| (*p).to_owned()).collect();
    Unit {
        kind: UnitKind::Service,
        enabled: true,
        active: true,
        reload_on: paths(reload_on),
        restart_on: paths(restart_on),
        reload: Vec::new(),
        after: BTreeSet::new(),
        why: why("runs"),
    }
}

#[test]
fn a_use_is_a_file_with_what_its_change_interrupts() {
    let mut text = Text::new();
    text.line("# plain", &why("header"));
    text.secret_line("A='", &engine::secret::environment_of("sql"), "'", &why("environment of sql"));
    text.secret_line("B='", &engine::secret::bcrypt_of("sql"), "'", &why("again"));
    let file = |text| File {
        engine: "service".to_owned(),
        mode: 0o600,
        owner: "root".to_owned(),
        group: "root".to_owned(),
        text,
    };
    let mut desired = Desired { host: "box".to_owned(), ..Desired::default() };
    desired.files.insert("/etc/sql/env".to_owned(), file(text));
    desired.files.insert("/etc/other".to_owned(), file(Text::new()));
    desired.units.insert("sql.service".to_owned(), unit(&[], &["/etc/sql/env"]));
    desired.units.insert("proxy.service".to_owned(), unit(&["/etc/sql/"], &[]));
    desired.units.insert("both.service".to_owned(), unit(&["/etc/sql/env"], &["/etc/sql/"]));
    desired.units.insert("off.service".to_owned(), Unit { active: false, ..unit(&[], &["/etc/sql/env"]) });
    let uses = plan::secret_uses([&desired]);
    assert_eq!(uses.keys().collect::<Vec<_>>(), ["sql"]);
    let [one] = uses["sql"].as_slice() else { panic!("one file, once: {uses:?}") };
    assert_eq!((&*one.host, &*one.path, &*one.why.reason), ("box", "/etc/sql/env", "environment of sql"));
    let names = |units: &BTreeSet<String>| units.iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one.restarts), ["both.service", "sql.service"]);
    assert_eq!(names(&one.reloads), ["proxy.service"]);
}
