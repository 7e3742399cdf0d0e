//! A small world for the tests of the ground: two LANs behind a routing machine, a core outside, a client.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use remote::Remote;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use twin::topology::{Attached, Iface, Machine, Outside, Route, Segment};
use twin::{Base, NamespaceRemote, Seeds, Topology, Twin, Watch};

pub const LIMIT: Duration = Duration::from_secs(20);

pub fn base() -> Base {
    Base::ensure(&twin::base::Recipe::default(), &Watch::quiet()).unwrap()
}

/// A twin that is taken down when its test fails.
pub struct Kept(Option<Twin>);

pub fn up(name: &str, topology: Topology, seeds: &Seeds) -> Kept {
    Kept(Some(Twin::up(name, topology, seeds, &base(), &Watch::quiet()).unwrap()))
}

impl std::ops::Deref for Kept {
    type Target = Twin;
    fn deref(&self) -> &Twin {
        self.0.as_ref().unwrap()
    }
}

impl Kept {
    /// Takes the twin down; nothing of it may be left.
    pub fn down(mut self) {
        let name = self.name().to_owned();
        self.0.take().unwrap().down().unwrap();
        assert_eq!(remains(&name), Vec::<String>::new());
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(twin) = self.0.take() {
            let _ = twin.down();
        }
    }
}

/// A name no other test and no other run has.
pub fn name(test: &str) -> String {
    format!("t{}-{test}", std::process::id())
}

pub fn machine(name: &str, links: &[(&str, &str)]) -> (String, Machine) {
    let interfaces = links.iter().map(|(iface, segment)| Iface::new(name, *iface, *segment)).collect();
    (name.to_owned(), Machine { interfaces })
}

pub fn attached(owner: &str, iface: &str, segment: &str, addresses: &[&str]) -> Attached {
    let addresses = addresses.iter().map(|a| a.parse().unwrap()).collect();
    Attached { iface: Iface::new(owner, iface, segment), addresses }
}

pub fn routes(routes: &[(&str, &str)]) -> Vec<Route> {
    let one = |(to, via): &(&str, &str)| Route {
        to: to.parse().unwrap(),
        via: Some(via.parse().unwrap()),
        dev: None,
    };
    routes.iter().map(one).collect()
}

/// a —left— r —right— b, and r —up— core —far— client.
pub fn world() -> Topology {
    let mut t = Topology::default();
    for segment in ["left", "right", "up", "far"] {
        t.segments.insert(segment.to_owned(), Segment::default());
    }
    t.machines.extend([
        machine("a", &[("eth0", "left")]),
        machine("r", &[("eth0", "left"), ("eth1", "right"), ("wan0", "up")]),
        machine("b", &[("eth0", "right")]),
    ]);
    let core = Outside {
        interfaces: vec![
            attached("core", "r", "up", &["203.0.113.1/24", "2001:db8:113::1/64"]),
            attached("core", "far", "far", &["198.51.100.1/24", "2001:db8:51::1/64"]),
        ],
        routes: routes(&[("10.0.0.0/8", "203.0.113.7"), ("2001:db8:10::/48", "2001:db8:113::7")]),
        forward: true,
        ..Outside::default()
    };
    let client = Outside {
        interfaces: vec![attached("client", "eth0", "far", &["198.51.100.9/24", "2001:db8:51::9/64"])],
        routes: routes(&[("0.0.0.0/0", "198.51.100.1"), ("::/0", "2001:db8:51::1")]),
        ..Outside::default()
    };
    t.outside.extend([("core".to_owned(), core), ("client".to_owned(), client)]);
    t
}

/// The networkd files of the three machines of `world`.
pub fn network(machine: &str) -> BTreeMap<&'static str, String> {
    let net = |iface: &str, addresses: &[&str], gateways: &[&str]| {
        let lines: String = addresses
            .iter()
            .map(|a| format!("Address={a}\n"))
            .chain(gateways.iter().map(|g| format!("Gateway={g}\n")))
            .collect();
        // As the renderer writes it: without this, networkd 252 can give an interface up for good ("Could not
        // set route: No route to host") when its carrier comes back sooner than its IPv6 address is usable.
        format!("[Match]\nName={iface}\n[Network]\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n{lines}")
    };
    match machine {
        "a" => [(
            "eth0",
            net("eth0", &["10.0.1.2/24", "2001:db8:10:1::2/64"], &["10.0.1.1", "2001:db8:10:1::1"]),
        )]
        .into(),
        "b" => [(
            "eth0",
            net("eth0", &["10.0.2.2/24", "2001:db8:10:2::2/64"], &["10.0.2.1", "2001:db8:10:2::1"]),
        )]
        .into(),
        _ => [
            ("eth0", net("eth0", &["10.0.1.1/24", "2001:db8:10:1::1/64"], &[])),
            ("eth1", net("eth1", &["10.0.2.1/24", "2001:db8:10:2::1/64"], &[])),
            (
                "wan0",
                net("wan0", &["203.0.113.7/24", "2001:db8:113::7/64"], &["203.0.113.1", "2001:db8:113::1"]),
            ),
        ]
        .into(),
    }
}

pub fn sh(host: &NamespaceRemote, script: &str) -> String {
    let output = host.run(&["sh", "-c", script], b"", LIMIT).unwrap();
    assert!(output.ok(), "{}: {script}: {} {}", host.name(), output.text(), output.error_text());
    output.text()
}

/// Gives the machines of `world` their addresses and waits until they are there.
pub fn configure(twin: &Twin) {
    for name in ["r", "a", "b"] {
        let host = twin.remote(name).unwrap();
        for (iface, text) in network(name) {
            host.write(&format!("/etc/systemd/network/10-{iface}.network"), text.as_bytes(), 0o644).unwrap();
        }
        if name == "r" {
            sh(&host, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        }
        sh(&host, "systemctl enable --now -q systemd-networkd");
    }
}

/// Pings until it answers or the time is over.
pub fn reaches(twin: &Twin, from: &str, to: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        let argv = ["ping", "-n", "-c1", "-W1", to];
        let answered = if twin.topology().machines.contains_key(from) {
            twin.remote(from).unwrap().run(&argv, b"", LIMIT).unwrap().ok()
        } else {
            twin.run_outside(from, &argv, b"", LIMIT).unwrap().ok()
        };
        if answered {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What is left of a twin anywhere on this machine, one line each.
pub fn remains(name: &str) -> Vec<String> {
    let mut left = Vec::new();
    let prefix = format!("fw-{name}.");
    for folder in
        ["/run/netns", "/run/fleetwright/twins", "/var/lib/fleetwright/twins", "/run/fleetwright/locks"]
    {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
        left.extend(names.filter(|n| n.starts_with(&prefix) || n == name).map(|n| format!("{folder}/{n}")));
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    left.extend(
        mounts.lines().filter(|l| l.contains(&prefix) || l.contains(&format!("/{name}/"))).map(str::to_owned),
    );
    for line in mounts.lines().filter(|l| l.contains(" - cgroup")) {
        let group = format!("{}/fw/{name}", line.split(' ').nth(4).unwrap());
        left.extend(Path::new(&group).exists().then_some(group));
    }
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if words.contains(&prefix) || words.contains(&format!("/twins/{name}/")) {
            left.push(format!("{}: {words}", process.path().display()));
        }
    }
    left
}
