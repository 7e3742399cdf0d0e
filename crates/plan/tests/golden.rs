//! Plans as people read them, against `tests/golden/*.txt`. `UPDATE=1` rewrites the expectations.
#![allow(clippy::unwrap_used, clippy::panic)]

use artifact::{
    Desired, File, FlatDesired, Leave, Link, Observation, Package, PathDiff, RunningDiff, Seen, Stage, Text,
    Thing, Unit, UnitKind, UnitRest, UnitSeen, User, UserDiff, Why, hash_hex,
};
use diag::Place;
use plan::{Change, FleetPlan, HostPlan, Kind, Staged, steps};
use std::collections::BTreeSet;

fn why(file: &str, line: u32, reason: &str) -> Why {
    Why::new(&Place::new(file, line, 3), reason)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn file(text: Text, mode: u32) -> File {
    File { engine: "caddy".into(), mode, owner: "root".into(), group: "root".into(), text }
}

fn desired() -> Desired {
    let mut desired = Desired { host: "kyiv-gw".into(), ..Desired::default() };
    let caddy = why("services/photos.yaml", 4, "photos is exposed as photos.example.net");
    let base = why("builtin:caddy", 0, "every ingress has it");
    let mut text = Text::new();
    text.line("{\n  admin localhost:2019\n}", &base);
    text.line("photos.example.net {\n  reverse_proxy 10.77.88.2:2283\n}", &caddy);
    desired.files.insert("/etc/caddy/Caddyfile".into(), file(text, 0o644));
    let tunnel = why("tunnels/kyiv-wroclaw.yaml", 1, "tunnel kyiv-wroclaw ends here");
    let mut text = Text::new();
    text.line("[Interface]\nListenPort = 51820", &tunnel).secret_line(
        "PrivateKey = ",
        "wg/kyiv",
        "",
        &tunnel,
    );
    desired.files.insert("/etc/wireguard/kw.conf".into(), file(text, 0o600));
    let unit = |kind, reload: &[&str], restart: &[&str], after: &[&str], why: &Why| Unit {
        kind,
        enabled: true,
        active: true,
        reload_on: set(reload),
        restart_on: set(restart),
        reload: Vec::new(),
        after: set(after),
        why: why.clone(),
    };
    let service = UnitKind::Service;
    desired.units.insert(
        "caddy.service".into(),
        unit(service, &["/etc/caddy/Caddyfile"], &[], &["wg-quick@kw.service"], &caddy),
    );
    desired
        .units
        .insert("wg-quick@kw.service".into(), unit(service, &[], &["/etc/wireguard/kw.conf"], &[], &tunnel));
    desired.packages.insert("wireguard-tools".into(), Package { why: tunnel.clone() });
    desired.links.insert(
        "/etc/localtime".into(),
        Link { target: "/usr/share/zoneinfo/UTC".into(), why: base.clone() },
    );
    let user = User {
        system: false,
        home: "/home/ann".into(),
        shell: "/bin/bash".into(),
        groups: set(&["sudo"]),
        keys: vec!["ssh-ed25519 AAAA ann".into()],
        why: why("fleet.yaml", 9, "ann may log in everywhere"),
    };
    desired.users.insert("ann".into(), user);
    desired
}

fn flat() -> FlatDesired {
    FlatDesired::of(&desired(), &|_| Some("c2VjcmV0".to_owned())).unwrap().0
}

fn running(can_reload: bool) -> UnitSeen {
    UnitSeen {
        load: "loaded".into(),
        active: "active".into(),
        sub: "running".into(),
        file_state: "enabled".into(),
        can_reload,
        ..UnitSeen::default()
    }
}

/// A host as its second generation left it.
fn quiet() -> Observation {
    let mut seen = Observation { host: "kyiv-gw".into(), generation: 2, ..Observation::default() };
    seen.units.insert("caddy.service".into(), running(true));
    seen.units.insert("wg-quick@kw.service".into(), running(false));
    seen
}

fn on_disk(text: &str, mode: u32, before: Option<&str>) -> PathDiff {
    let seen =
        Seen::File { sha256: hash_hex(text.as_bytes()), mode, owner: "root".into(), group: "root".into() };
    PathDiff { seen, before: before.map(str::to_owned) }
}

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{path} differs; UPDATE=1 rewrites it. Now:\n{text}");
}

fn plan(seen: &Observation) -> HostPlan {
    let plan = HostPlan::of(&desired(), &flat(), seen);
    let json = serde_json::to_string(&plan).unwrap();
    assert!(!json.contains("c2VjcmV0") && !plan.to_text(true).contains("c2VjcmV0"));
    assert_eq!(serde_json::from_str::<HostPlan>(&json).unwrap(), plan);
    plan
}

#[test]
fn a_first_apply() {
    let mut seen = Observation { host: "kyiv-gw".into(), ..Observation::default() };
    seen.packages = set(&["wireguard-tools"]);
    seen.users.insert("ann".into(), UserDiff { missing: true, ..UserDiff::default() });
    for path in flat().files.keys() {
        seen.files.insert(path.clone(), PathDiff { seen: Seen::Missing, before: None });
    }
    seen.links.insert(
        "/etc/localtime".into(),
        PathDiff { seen: Seen::Link { target: "/usr/share/zoneinfo/Europe/Kyiv".into() }, before: None },
    );
    for unit in flat().units.keys() {
        let nothing = UnitSeen { load: "not-found".into(), active: "inactive".into(), ..UnitSeen::default() };
        seen.units.insert(unit.clone(), nothing);
    }
    golden("first", &plan(&seen).to_text(true));
}

#[test]
fn changed_lines_give_their_reasons_and_secrets_stay_hidden() {
    let mut seen = quiet();
    let caddy = "{\n  admin localhost:2019\n}\nphotos.example.net {\n  reverse_proxy 10.77.88.2:80\n}\nold.example.net\n";
    seen.files.insert("/etc/caddy/Caddyfile".into(), on_disk(caddy, 0o600, Some(caddy)));
    let shown = "[Interface]\nListenPort = 51820\nPrivateKey = ‹secret wg/kyiv›\n";
    seen.files.insert("/etc/wireguard/kw.conf".into(), on_disk("other", 0o600, Some(shown)));
    seen.drift = set(&["/etc/caddy/Caddyfile"]);
    let plan = plan(&seen);
    assert_eq!(plan.steps[0].interruption, "reloads caddy.service");
    assert_eq!(plan.steps[1].diff, None, "only the secret's value differs");
    golden("changed", &plan.to_text(true));
}

/// What runs otherwise than it was confirmed brings a step for the unit that has it, with what a reload would leave
/// as a restart, and nothing for one that the fleet does not have.
#[test]
fn what_only_runs_is_brought_back_by_its_unit() {
    let mut flat = flat();
    let tunnel = flat.units["wg-quick@kw.service"].clone();
    flat.units.insert("fleetwright-nftables.service".into(), tunnel);
    let mut seen = quiet();
    for unit in ["wg-quick@kw.service", "fleetwright-nftables.service"] {
        seen.units.insert(unit.into(), running(true));
    }
    let mut differs = |name: &str, was: &str, is: &str| {
        seen.running.insert(name.into(), RunningDiff { was: was.into(), is: is.into() });
        let plan = HostPlan::of(&desired(), &flat, &seen);
        assert_eq!(steps(&flat, &seen).len(), plan.steps.len());
        plan
    };
    let table = "table inet fleetwright {\n\tchain input {\n\t}\n}\n";
    let plan = differs("nft", table, &table.replace("input {\n", "input {\n\t\taccept\n"));
    golden("running", &plan.to_text(true));
    assert!(plan.touches_the_way_in());
    assert_eq!(plan.drift, ["running nft"]);

    let was =
        "kw: key K port 51820 mark off\nkw: peer P allowed 10.0.0.2/32 keepalive off no preshared key\n";
    let tunnel = |plan: HostPlan| {
        let step = plan.steps.into_iter().find(|s| s.step.name == "wg-quick@kw.service").unwrap();
        (step.step.change, step.step.detail, step.diff.unwrap())
    };
    let (change, detail, diff) = tunnel(differs("wireguard", was, &was.replace("10.0.0.2/32", "0.0.0.0/0")));
    assert_eq!((change, &*detail[0]), (Change::Reload, "running wireguard of kw is not as it was confirmed"));
    assert!(
        diff.contains("\n-kw: peer P allowed 0.0.0.0/0 ")
            && diff.contains("\n+kw: peer P allowed 10.0.0.2/32 ")
    );
    assert_eq!(
        tunnel(differs("wireguard", was, &was.replace("keepalive off", "keepalive 1"))).0,
        Change::Restart
    );

    let plan = differs("bird", "wro BGP ---\n", "wro BGP --- off\n");
    assert_eq!((plan.steps.len(), plan.drift.len()), (2, 3), "the fleet has no BIRD here");
}

/// A unit that does not run is started, whatever it ran.
#[test]
fn a_unit_that_stopped_is_started_and_not_reloaded() {
    let mut seen = quiet();
    let stopped = UnitSeen { active: "inactive".into(), sub: "dead".into(), ..running(true) };
    seen.units.insert("wg-quick@kw.service".into(), stopped);
    let diff = RunningDiff { was: "kw: key K port 51820 mark off\n".into(), is: String::new() };
    seen.running.insert("wireguard".into(), diff);
    let steps = steps(&flat(), &seen);
    assert_eq!(steps.iter().map(|s| s.change).collect::<Vec<_>>(), [Change::Start]);
}

#[test]
fn what_leaves() {
    let mut seen = quiet();
    let old = "[Unit]\nDescription=old\n";
    let leave = |restores, before: Option<&str>| Leave {
        restores,
        before: before.map(str::to_owned),
        ..Leave::default()
    };
    seen.leaving.files.insert("/etc/systemd/system/old.service".into(), leave(false, Some(old)));
    seen.leaving.files.insert("/etc/default/thing".into(), leave(true, None));
    seen.leaving.dirs.insert("/etc/old".into(), Leave::default());
    seen.leaving.dirs.insert("/etc/old/inner".into(), Leave::default());
    seen.leaving.users.insert("bob".into());
    seen.leaving.units.insert("old.service".into(), UnitRest::default());
    let rest = UnitRest { active: true, enabled: true, reads: set(&["/etc/default/thing"]) };
    seen.leaving.units.insert("thing.service".into(), rest);
    seen.units.insert("old.service".into(), running(false));
    seen.units.insert("thing.service".into(), running(false));
    golden("leaving", &plan(&seen).to_text(true));
}

#[test]
fn a_fleet_with_a_host_nobody_could_observe_is_never_empty() {
    let mut fleet = FleetPlan::default();
    fleet.hosts.insert("kyiv-gw".into(), plan(&quiet()));
    assert!(fleet.is_empty());
    let empty = fleet.digest();
    fleet.unknown.insert("kyiv-nfs".into(), "unreachable: no route to host".into());
    assert!(!fleet.is_empty());
    assert_ne!(fleet.digest(), empty);
    golden("unknown", &fleet.to_text(true));
}

#[test]
fn every_state_of_a_unit_has_its_step() {
    let path = "/etc/wireguard/kw.conf";
    let cases: [(&str, &str, bool, Option<Change>); 8] = [
        ("active", "running", false, None),
        ("active", "running", true, Some(Change::Restart)),
        ("reloading", "reload", false, None),
        ("inactive", "dead", false, Some(Change::Start)),
        ("failed", "failed", true, Some(Change::Start)),
        ("activating", "auto-restart", false, Some(Change::Restart)),
        ("activating", "start", false, Some(Change::Start)),
        ("deactivating", "stop", false, Some(Change::Start)),
    ];
    for (active, sub, changed, change) in cases {
        let mut seen = quiet();
        let unit = UnitSeen { active: active.into(), sub: sub.into(), ..running(false) };
        seen.units.insert("wg-quick@kw.service".into(), unit);
        if changed {
            seen.files.insert(path.into(), on_disk("other", 0o600, None));
        }
        let steps = steps(&flat(), &seen);
        let found: Vec<Change> = steps.iter().filter(|s| s.kind == Kind::Unit).map(|s| s.change).collect();
        assert_eq!(found, change.into_iter().collect::<Vec<_>>(), "{active} {sub} {changed}");
    }
}

#[test]
fn the_digest_is_of_the_steps_and_where_they_lead() {
    let mut seen = quiet();
    let same = plan(&seen).digest();
    assert_eq!(plan(&seen).digest(), same);
    seen.generation = 3;
    assert_ne!(plan(&seen).digest(), same);
}

/// A file that leaves is not named by anything any more; its folder is.
#[test]
fn a_file_that_leaves_reloads_the_unit_that_reads_its_folder() {
    let mut flat = flat();
    let caddy = flat.units.get_mut("caddy.service").unwrap();
    caddy.reload_on.insert("/etc/caddy/sites/".into());
    let mut seen = quiet();
    seen.leaving.files.insert("/etc/caddy/sites/old.caddy".into(), Leave::default());
    let reloads = |flat: &FlatDesired| {
        let steps = steps(flat, &seen);
        steps.iter().any(|s| s.kind == Kind::Unit && s.name == "caddy.service" && s.change == Change::Reload)
    };
    assert!(reloads(&flat));
    flat.units.get_mut("caddy.service").unwrap().reload_on.remove("/etc/caddy/sites/");
    assert!(!reloads(&flat));
}

/// Caddy in shadow, WireGuard observed, the rest applied.
#[test]
fn what_is_not_applied_is_shown_apart_and_is_in_no_plan() {
    let mut all = desired();
    for (thing, name, engine) in [
        (Thing::File, "/etc/caddy/Caddyfile", "caddy"),
        (Thing::Unit, "caddy.service", "caddy"),
        (Thing::File, "/etc/wireguard/kw.conf", "wireguard"),
        (Thing::Unit, "wg-quick@kw.service", "wireguard"),
        (Thing::Package, "wireguard-tools", "wireguard"),
        (Thing::User, "ann", "sshd"),
        (Thing::Link, "/etc/localtime", "base"),
    ] {
        all.owned.note(thing, name, engine);
    }
    all.stages.0.extend([("caddy".into(), Stage::Shadow), ("wireguard".into(), Stage::Observe)]);
    let secret = |_: &str| Some("c2VjcmV0".to_owned());
    let mut seen = quiet();
    seen.files.insert("/etc/caddy/Caddyfile".into(), on_disk("photos\n", 0o644, Some("photos\n")));
    seen.files.insert("/etc/wireguard/kw.conf".into(), on_disk("x\n", 0o644, None));
    seen.packages.insert("wireguard-tools".into());
    // What the generation on record has besides is no business of this look.
    seen.leaving.files.insert("/etc/bird/bird.conf".into(), Leave::default());
    seen.drift.insert("/etc/localtime".into());

    let rest = all.rest();
    let flat = FlatDesired::of(&rest, &secret).unwrap().0;
    let staged = Staged::of(&all, HostPlan::of(&rest, &flat, &seen));
    golden("staged", &staged.to_text(true));

    // A host is asked about what is applied only.
    seen.packages.clear();
    let applied = FlatDesired::of(&all, &secret).unwrap().0;
    let names: Vec<String> =
        HostPlan::of(&all, &applied, &seen).steps.into_iter().map(|s| s.step.name).collect();
    assert!(
        names.iter().all(|n| !n.contains("caddy") && !n.contains("wireguard") && !n.contains("kw")),
        "{names:?}"
    );
}
