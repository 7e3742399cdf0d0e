//! What runs otherwise than it was confirmed, on stand-ins of `nft`, `ip` and `networkctl`: seen, brought back, and
//! looked at again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::protocol::{Event, Goal};
use artifact::{Desired, File, Unit, UnitKind};
use common::*;
use plan::Change;

const NFT: &str = "fleetwright-nftables.service";
const NETWORKD: &str = "systemd-networkd.service";
const TABLE: &str = "table inet fleetwright {\n\tchain input {\n\t}\n}\n";
const BY_HAND: &str = "table inet fleetwright {\n\tchain input {\n\t\taccept\n\t}\n}\n";

fn addresses(all: &[&str]) -> String {
    let info: Vec<String> = all
        .iter()
        .map(|a| format!(r#"{{"family":"inet","local":"{a}","prefixlen":24,"scope":"global"}}"#))
        .collect();
    format!(r#"[{{"ifname":"lan","flags":["UP","LOWER_UP"],"addr_info":[{}]}}]"#, info.join(","))
}

fn unit(reload: &[String]) -> Unit {
    Unit {
        kind: UnitKind::Service,
        enabled: false,
        active: true,
        reload_on: [].into(),
        restart_on: [].into(),
        reload: reload.to_vec(),
        after: [].into(),
        why: why(),
    }
}

/// A host with a packet filter and an interface; `nft` and `ip` tell what is in `/srv/rules` and `/srv/addresses`.
fn host(reload: &str, address: &str) -> (World, Desired) {
    let world = World::new();
    let root = world.root().display().to_string();
    world.put("/usr/sbin/nft", &format!("#!/bin/sh\ncat {root}/srv/rules\n"), 0o755);
    let told = format!(
        "#!/bin/sh\ncd {root}/srv\n[ $1 = -j ] && exec cat addresses\necho \"$*\" >>asked\n{address}\n"
    );
    world.put("/usr/sbin/ip", &told, 0o755);
    world.put("/usr/bin/networkctl", &told, 0o755);
    world.put("/srv/rules", TABLE, 0o644);
    world.put("/srv/addresses", &addresses(&["10.0.0.1"]), 0o644);
    let file = |engine: &str, text: &str| -> File { file(engine, 0o644, text) };
    let mut desired = first();
    desired
        .files
        .insert("/etc/fleetwright/nftables.nft".into(), file("nftables", "table inet fleetwright {}"));
    let network = file("networkd", "[Match]\nName=lan\n[Network]\nAddress=10.0.0.1/24");
    desired.files.insert("/etc/systemd/network/50-fw-lan.network".into(), network);
    let reload = ["/bin/sh", "-c", &format!("cd {root}/srv; {reload}")].map(str::to_owned);
    desired.units.insert(NFT.into(), unit(&reload));
    desired.units.insert(NETWORKD.into(), unit(&[]));
    for unit in [NFT, NETWORKD] {
        world.systemd.brain.lock().unwrap().installed.insert(unit.to_owned());
    }
    world.settle(&desired);
    world.calls();
    (world, desired)
}

fn digest(desired: &Desired) -> Goal {
    Goal::Digest(flat(desired).0.digest())
}

/// Everything the agent says of an apply.
fn said(world: &World, desired: &Desired) -> Vec<String> {
    let (want, blobs) = flat(desired);
    let mut talk = world.begin(Goal::Digest(want.digest()), &[]);
    let mut told = Vec::new();
    loop {
        match talk.hear().unwrap() {
            Event::Observed(seen) => talk.go(&seen, &blobs, false),
            Event::Said(text) => told.push(text),
            Event::Switched { generation, token } => {
                drop(talk);
                assert!(matches!(world.confirm(generation, &token), Event::Confirmed(_)));
                return told;
            }
            event if event.is_last() => panic!("{event:?}"),
            _ => {}
        }
    }
}

#[test]
fn rules_and_addresses_changed_by_hand_are_brought_back() {
    let (world, desired) = host("cp kept rules", "cp kept-addresses addresses");
    world.put("/srv/kept", TABLE, 0o644);
    world.put("/srv/kept-addresses", &addresses(&["10.0.0.1"]), 0o644);
    assert_eq!(world.begin(digest(&desired), &[]).end(), Event::Unchanged(1));

    world.put("/srv/rules", BY_HAND, 0o644);
    world.put("/srv/addresses", &addresses(&["10.0.0.1", "10.0.0.9"]), 0o644);
    let seen = world.observation(&desired);
    assert_eq!(seen.running["addresses"].is, "lan: 10.0.0.1/24 10.0.0.9/24\n");
    assert_eq!((&*seen.running["nft"].was, &*seen.running["nft"].is), (TABLE, BY_HAND));
    let steps = plan::steps(&flat(&desired).0, &seen);
    let steps: Vec<(&str, Change)> = steps.iter().map(|s| (s.name.as_str(), s.change)).collect();
    assert_eq!(steps, [(NFT, Change::Reload), (NETWORKD, Change::Reload)]);
    let told = world.status().drift;
    assert_eq!(told[0], format!("unit {NFT} would reload: running nft is not as it was confirmed"));
    assert_eq!(world.settle(&desired), 2);
    assert_eq!(world.text("/srv/rules"), TABLE);
    assert_eq!(world.text("/srv/asked"), "address del 10.0.0.9/24 dev lan\n");
    assert_eq!(world.calls()[0], format!("reload {NETWORKD}"));
    assert_eq!(world.observation(&desired).running.len(), 0);
    assert_eq!(world.begin(digest(&desired), &[]).end(), Event::Unchanged(2));
    assert_eq!(world.drift().items, vec![]);

    world.put("/srv/addresses", &addresses(&[]), 0o644);
    assert_eq!(world.settle(&desired), 3);
    assert!(world.text("/srv/asked").ends_with("\nreconfigure lan\n"));
    assert_eq!(world.begin(digest(&desired), &[]).end(), Event::Unchanged(3));
}

#[test]
fn an_address_that_somebody_else_sets_is_no_success() {
    let (world, desired) = host("cp kept rules", "true");
    world.put("/srv/addresses", &addresses(&["10.0.0.1", "10.0.0.9"]), 0o644);
    let Event::Undone(report) = world.apply(&desired) else { panic!() };
    let fault = report.fault.unwrap();
    assert!(
        fault.message.contains("10.0.0.9/24 on lan") && fault.message.contains("something else"),
        "{fault}"
    );
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(world.status().generation, 1);
    assert!(world.observation(&desired).running.contains_key("addresses"), "and stays drift");
}

/// A newer `nft` may tell the same rules in other words: they are what the file makes, and told once.
#[test]
fn what_the_files_make_now_is_taken_and_told() {
    let (world, desired) = host("true", "true");
    let other = TABLE.replace("chain input", "chain input # handle");
    world.put("/srv/rules", &other, 0o644);
    let told = said(&world, &desired);
    assert!(told.len() == 1 && told[0].contains("running nft is otherwise"), "{told:?}");
    assert_eq!(world.begin(digest(&desired), &[]).end(), Event::Unchanged(2));
}

/// Another change comes with the drift: one switch for both, and what leaves the fleet is nobody's to bring back.
#[test]
fn another_change_brings_back_what_runs_too() {
    let (world, mut desired) = host("cp kept rules", "true");
    world.put("/srv/kept", TABLE, 0o644);
    world.put("/srv/rules", BY_HAND, 0o644);
    desired.files.insert("/etc/web/web.conf".into(), file("web", 0o644, "listen 81"));
    world.settle(&desired);
    assert_eq!(world.text("/srv/rules"), TABLE);

    world.put("/srv/rules", BY_HAND, 0o644);
    desired.units.remove(NFT);
    desired.files.remove("/etc/fleetwright/nftables.nft");
    world.settle(&desired);
    assert_eq!(world.text("/srv/rules"), BY_HAND);
    assert_eq!(world.drift().items, vec![]);
}
