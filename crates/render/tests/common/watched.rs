//! Two metrics services that watch two sites.

use super::{id, instance, ip, place, two_sites, why};
use derive::fleet::*;
use model::{ServiceId, SiteId, TunnelId, Variant};

fn ping(name: &str, address: &str, component: Component) -> Ping {
    Ping {
        name: name.into(),
        address: ip(address),
        component,
        depends: Vec::new(),
        why: why("hosts/kyiv-gw.yaml", "every host is pinged"),
    }
}

fn alert(
    name: &'static str,
    component: Component,
    signal: Signal,
    for_ms: u64,
    behind: &[Component],
) -> Alert {
    let why = why("fleet.yaml", "every part of the fleet is watched");
    Alert { name, component, signal, for_ms, behind: behind.to_vec(), why }
}

pub fn tunnel() -> Component {
    Component::Tunnel(TunnelId::new("kyiv-wroclaw"), id("wroclaw-gw"), id("kyiv-gw"))
}
pub fn gateway() -> Component {
    Component::Host(id("kyiv-gw"))
}
pub fn postgres() -> Component {
    Component::Service(ServiceId::new("postgres"), id("mac-mini"))
}
pub fn mac() -> Component {
    Component::Host(id("mac-mini"))
}

/// The two sites, watched from the machine behind CGNAT.
pub fn watched() -> Fleet {
    let mut fleet = two_sites();
    for host in fleet.hosts.values_mut() {
        host.site = Some(SiteId::new(if host.id.as_str() == "kyiv-gw" { "kyiv" } else { "wroclaw" }));
        host.instances.push(instance("host-metrics", "node-exporter", Variant::Native));
    }
    let mac_mini = fleet.hosts.get_mut("mac-mini").unwrap();
    for (service, module) in
        [("metrics", "prometheus"), ("alerts", "alertmanager"), ("prober", "blackbox-exporter")]
    {
        mac_mini.instances.push(instance(service, module, Variant::Native));
    }
    let scrape = |job: &str, host: &str, address: &str, service: &str, port: u16| Scrape {
        job: job.into(),
        host: id(host),
        service: ServiceId::new(service),
        address: ip(address),
        port,
        path: "/metrics".into(),
        depends: Vec::new(),
        why: why("services/metrics.yaml", "scraped"),
    };
    fleet.receivers.insert(
        model::Label::new("olena"),
        model::Receiver {
            place: place("fleet.yaml"),
            webhook: Some(model::Sp {
                value: "https://push.example/olena".into(),
                place: place("fleet.yaml"),
            }),
            email: None,
        },
    );
    let unit = |host: &str, unit: &str| Signal::UnitDown { host: id(host), unit: unit.into() };
    fleet.watchers = vec![Watcher {
        host: id("mac-mini"),
        service: ServiceId::new("metrics"),
        scrapes: vec![
            scrape("host-metrics", "mac-mini", "192.168.10.2", "host-metrics", 9100),
            scrape("host-metrics", "kyiv-gw", "192.168.88.1", "host-metrics", 9100),
            scrape("ingress", "mac-mini", "192.168.10.2", "ingress", 2020),
            Scrape {
                path: "/v1/agent/metrics?format=prometheus".into(),
                ..scrape("discovery", "kyiv-gw", "192.168.88.1", "discovery", 8500)
            },
        ],
        pings: vec![
            ping("kyiv-gw", "192.168.88.1", gateway()),
            ping("kyiv-gw-6", "fd77:88::1", gateway()),
            ping("kyiv-gw-public", "203.0.113.7", gateway()),
            ping("mac-mini", "192.168.10.2", mac()),
        ],
        prober: Some((ip("127.0.0.1"), 9115)),
        alertmanagers: vec![(id("mac-mini"), ip("192.168.10.2"), 9093)],
        alerts: vec![
            alert(
                "HostDown",
                gateway(),
                Signal::PingsLost(vec!["kyiv-gw".into(), "kyiv-gw-6".into(), "kyiv-gw-public".into()]),
                120_000,
                &[],
            ),
            alert("HostDown", mac(), Signal::PingsLost(vec!["mac-mini".into()]), 120_000, &[]),
            alert(
                "TunnelDown",
                tunnel(),
                Signal::PingsLostWhile { lost: vec!["kyiv-gw".into()], alive: vec!["kyiv-gw-public".into()] },
                60_000,
                &[gateway()],
            ),
            alert(
                "ServiceDown",
                postgres(),
                unit("mac-mini", "postgresql@15-main.service"),
                60_000,
                &[mac()],
            ),
            alert(
                "ServiceDown",
                Component::Service(ServiceId::new("host-metrics"), id("kyiv-gw")),
                Signal::ScrapeLost { job: "host-metrics".into(), host: id("kyiv-gw") },
                60_000,
                &[gateway(), tunnel()],
            ),
        ],
        drift: Vec::new(),
    }];

    fleet
}
