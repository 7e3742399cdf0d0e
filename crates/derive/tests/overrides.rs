//! What is written by hand is taken literally, also when it breaks the way in: that is for rules and the
//! twin to say.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use derive::fleet::{Fleet, HopKind};
use support::{fleet, model, read, repository};

/// `examples/two-sites` with one text replaced.
fn edited(file: &str, from: &str, to: &str) -> Fleet {
    let mut sources = read(&repository().join("examples/two-sites")).unwrap();
    let text = String::from_utf8(sources.files.remove(file).unwrap()).unwrap();
    assert!(text.contains(from), "{file} no longer has `{from}`");
    sources.files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    fleet(&model(&sources))
}

fn allowed(fleet: &Fleet, host: &str) -> Vec<String> {
    fleet.hosts[host].wireguard[0].peers[0].allowed_ips.iter().map(|(n, _)| n.to_string()).collect()
}

#[test]
fn allowed_ips() {
    let file = "tunnels/kyiv-wroclaw.yaml";
    let fleet = edited(file, "network:", "override: {allowed-ips: {wroclaw-gw: 10.77.88.0/30}}\nnetwork:");
    assert_eq!(allowed(&fleet, "wroclaw-gw"), ["10.77.88.0/30"]);
    assert!(allowed(&fleet, "kyiv-gw").len() > 1);
}

#[test]
fn policy_route() {
    let fleet = edited("tunnels/kyiv-wroclaw.yaml", "network:", "override: {policy-route: no}\nnetwork:");
    let host = &fleet.hosts["wroclaw-gw"];
    assert!(host.rules.is_empty() && host.firewall.returns.is_empty());
    assert!(host.routes.iter().all(|r| r.table.is_none()));
    // The rest of the way is as it was.
    assert!(allowed(&fleet, "wroclaw-gw").contains(&"0.0.0.0/0".to_owned()));
}

#[test]
fn interface_of_the_translation() {
    let fleet = edited("services/photos.yaml", "auth: sso", "auth: sso, override: {dnat-interface: any}");
    let dnat = &fleet.hosts["kyiv-gw"].firewall.dnat;
    let loose: Vec<_> = dnat.iter().filter(|d| d.iif.is_none()).collect();
    assert_eq!(loose.len(), 4, "80 and 443, IPv4 and IPv6");
    assert!(loose.iter().all(|d| d.to.is_none() && &*d.why.place.file == "services/photos.yaml"));
    // Those of other names stay bound.
    assert!(dnat.iter().filter(|d| d.iif.as_deref() == Some("wan")).all(|d| d.to.is_some()));
}

#[test]
fn public_record() {
    let fleet = edited("services/photos.yaml", "auth: sso", "auth: sso, override: {dns: 100.64.10.2}");
    let record = fleet.public_names.iter().find(|n| n.name == "photos.two-sites.example").unwrap();
    assert_eq!(record.addresses, ["100.64.10.2".parse::<std::net::IpAddr>().unwrap()]);
    let exposure = fleet.exposures.iter().find(|e| e.service.as_str() == "photos").unwrap();
    assert!(exposure.entries[0].addresses.iter().any(|a| a.to_string() == "203.0.113.7"));
    assert!(matches!(&exposure.entries[0].hops[0].what, HopKind::Dns(a) if a.len() == 1));
}

#[test]
fn listen_address() {
    let fleet = edited("services/ingress.yaml", "on: mac-mini", "on: mac-mini\nlisten: 127.0.0.1");
    let ingress = fleet.hosts["mac-mini"].instances.iter().find(|i| i.service.as_str() == "ingress").unwrap();
    assert_eq!(ingress.listen.map(|l| l.to_string()).as_deref(), Some("127.0.0.1"));
}

#[test]
fn raw_text_is_passed_on() {
    let fleet =
        edited("hosts/kyiv-gw.yaml", "site: kyiv", "site: kyiv\noverride: {nftables: 'table inet mine {}'}");
    let (text, place) = &fleet.hosts["kyiv-gw"].overrides["nftables"];
    assert_eq!((text.as_str(), &*place.file), ("table inet mine {}", "hosts/kyiv-gw.yaml"));
}
