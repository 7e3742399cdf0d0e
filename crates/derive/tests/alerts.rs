//! For every single fault, every watcher that lives through it pages for exactly one thing.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::fleet::{Component, Fleet};
use support::{example, fleet};

fn components(fleet: &Fleet) -> Vec<Component> {
    let mut out: Vec<Component> = fleet.hosts.keys().cloned().map(Component::Host).collect();
    for (id, host) in &fleet.hosts {
        out.extend(host.instances.iter().map(|i| Component::Service(i.service.clone(), id.clone())));
    }
    for link in &fleet.links {
        let [(a, _), (b, _)] = &link.ends;
        out.push(Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone()));
    }
    out.extend(fleet.segments.keys().filter(|s| s.starts_with("uplink-")).cloned().map(Component::Uplink));
    out.extend(fleet.sites.values().filter(|s| s.hosts.len() > 1).map(|s| Component::Site(s.id.clone())));
    out
}

fn table(name: &str) -> String {
    let fleet = fleet(&example(name));
    let mut out = String::new();
    for broken in components(&fleet) {
        for ((_, host), alerts) in derive::predict(&fleet, &broken) {
            assert!(alerts.len() < 2, "{broken:?} as seen from {host} pages for {alerts:?}");
            out.push_str(&format!("{broken:?} from {host}: {alerts:?}\n"));
        }
    }
    out
}

fn line<'t>(table: &'t str, start: &str) -> &'t str {
    table.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{table}"))
}

#[test]
fn two_sites() {
    let table = table("two-sites");
    println!("{table}");
    // The tunnel alone: its far end answers from outside.
    assert!(
        line(&table, "Tunnel(kyiv-wroclaw, kyiv-gw, wroclaw-gw) from mac-mini").contains("\"TunnelDown\"")
    );
    // From Kyiv a broken tunnel, a dead router and a dead site behind CGNAT look the same.
    assert!(
        line(&table, "Tunnel(kyiv-wroclaw, kyiv-gw, wroclaw-gw) from kyiv-nas").contains("Site(wroclaw)")
    );
    assert!(line(&table, "Site(kyiv) from mac-mini").contains("\"SiteDown\", Site(kyiv)"));
    assert!(line(&table, "Uplink(\"uplink-kyiv-wan\") from kyiv-nas").contains("UplinkDown"));
    assert!(line(&table, "Uplink(\"uplink-wroclaw-wan\") from mac-mini").contains("UplinkDown"));
    assert!(line(&table, "Host(kyiv-nas) from mac-mini").contains("Host(kyiv-nas)"));
    assert!(line(&table, "Host(kyiv-nas) from kyiv-nas").ends_with("[]"));
    assert!(
        line(&table, "Service(postgres, mac-mini) from kyiv-nas").contains("Service(postgres, mac-mini)")
    );
}

#[test]
fn anycast() {
    let table = table("anycast");
    println!("{table}");
    assert!(line(&table, "Tunnel(backbone, core1, ixp-ams1) from core1").contains("TunnelDown"));
    assert!(
        line(&table, "Tunnel(probing, core1, probe-nyc1) from ixp-fra1")
            .contains("Tunnel(probing, core1, probe-nyc1)")
    );
    assert!(line(&table, "Host(core1) from ixp-fra1").contains("Host(core1)"));
    assert!(line(&table, "Host(probe-sgp1) from core1").contains("Host(probe-sgp1)"));
    assert!(line(&table, "Site(ams) from ixp-fra1").contains("Site(ams)"));
}

/// Every alert can fire: its own component's loss is enough.
#[test]
fn every_alert_can_fire() {
    for name in ["two-sites", "anycast"] {
        let fleet = fleet(&example(name));
        for watcher in &fleet.watchers {
            for alert in &watcher.alerts {
                let pages = derive::predict(&fleet, &alert.component);
                let here = &pages[&(watcher.service.clone(), watcher.host.clone())];
                assert_eq!(here.len(), 1, "{:?} from {}", alert.component, watcher.host);
            }
        }
    }
}
