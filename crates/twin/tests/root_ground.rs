//! The ground on which twins stand, with real machines. Needs root and the engines, and fails without.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{LIMIT, attached, base, configure, machine, name, reaches, remains, sh, up, world};
use remote::{Remote, RemoteError};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use twin::topology::{Daemon, Outside, Ready, Segment};
use twin::{PowerOff, Seed, Seeds, Topology, Twin, TwinError, Watch};

#[test]
fn packets_cross_a_routing_machine_and_links_break_and_heal() {
    let name = name("cross");
    let twin = up(&name, world(), &Seeds::default());
    configure(&twin);
    for (from, to) in [
        ("a", "10.0.2.2"),
        ("a", "2001:db8:10:2::2"),
        ("a", "198.51.100.9"),
        ("a", "2001:db8:51::9"),
        ("client", "10.0.1.2"),
        ("client", "2001:db8:10:2::2"),
    ] {
        assert!(reaches(&twin, from, to), "{from} does not reach {to}");
    }
    // Both ends of a cable lose their carrier.
    twin.set_link("a", "eth0", false).unwrap();
    for node in ["a", "r"] {
        let carrier = sh(&twin.remote(node).unwrap(), "cat /sys/class/net/eth0/carrier");
        assert_eq!(carrier, "0", "{node}");
    }
    assert!(!twin.run_outside("client", &["ping", "-c1", "-W1", "10.0.1.2"], b"", LIMIT).unwrap().ok());
    twin.set_link("r", "eth0", true).unwrap();
    assert!(reaches(&twin, "client", "10.0.1.2"));
    twin.down();
}

#[test]
fn networkd_manages_a_userspace_wireguard_interface_and_policy_routes() {
    let name = name("wg");
    let mut topology = Topology::default();
    topology.segments.insert("lan".into(), Segment::default());
    topology.machines.extend([machine("a", &[("eth0", "lan")]), machine("b", &[("eth0", "lan")])]);
    let twin = up(&name, topology, &Seeds::default());
    let (a, b) = (twin.remote("a").unwrap(), twin.remote("b").unwrap());
    let keys: Vec<(String, String)> = [&a, &b]
        .map(|h| {
            let private = sh(h, "wg genkey");
            let public = h.run(&["wg", "pubkey"], private.as_bytes(), LIMIT).unwrap().text();
            (private, public)
        })
        .into();
    for (host, own, other) in [(&a, 1, 2), (&b, 2, 1)] {
        let lan = format!(
            "[Match]\nName=eth0\n[Network]\nAddress=10.9.0.{own}/24\nIPv6AcceptRA=no\n\
             [Route]\nDestination=10.55.0.0/16\nGateway=10.9.0.{other}\nTable=77\n\
             [RoutingPolicyRule]\nFirewallMark=0x4d\nTable=77\nPriority=100\nFamily=ipv4\n"
        );
        let tunnel = format!(
            "[Match]\nName=wg-*\n[Network]\nAddress=10.77.0.{own}/24\nAddress=fd00:77::{own}/64\n\
             [Route]\nDestination=10.7{other}.0.0/16\n"
        );
        let wg = format!(
            "[Interface]\nPrivateKey = {}\nListenPort = 51820\nTable = off\n[Peer]\nPublicKey = {}\n\
             AllowedIPs = 10.77.0.0/24, fd00:77::/64\nEndpoint = 10.9.0.{other}:51820\n",
            keys[own - 1].0,
            keys[other - 1].1
        );
        host.write("/etc/systemd/network/10-eth0.network", lan.as_bytes(), 0o644).unwrap();
        host.write("/etc/systemd/network/20-wg.network", tunnel.as_bytes(), 0o644).unwrap();
        host.write("/etc/wireguard/wg-x.conf", wg.as_bytes(), 0o600).unwrap();
        sh(host, "systemctl start systemd-networkd && systemctl start wg-quick@wg-x");
    }
    assert!(reaches(&twin, "a", "10.77.0.2"), "{}", sh(&a, "wg; ip addr; ip route"));
    assert!(reaches(&twin, "b", "fd00:77::1"), "{}", sh(&a, "wg; ip addr; ip route"));
    assert!(sh(&a, "ip rule").contains("fwmark 0x4d lookup 77"));
    assert!(sh(&a, "ip route show table 77").contains("10.55.0.0/16 via 10.9.0.2"));
    assert!(sh(&a, "ip route").contains("10.72.0.0/16 dev wg-x"));
    // A change is picked up without a restart.
    let lan = a.read("/etc/systemd/network/10-eth0.network").unwrap().unwrap();
    let lan = String::from_utf8(lan).unwrap() + "[Address]\nAddress=10.9.0.99/24\n";
    a.write("/etc/systemd/network/10-eth0.network", lan.as_bytes(), 0o644).unwrap();
    sh(&a, "networkctl reload");
    assert!(reaches(&twin, "b", "10.9.0.99"));
    twin.down();
}

#[test]
fn a_machine_gets_its_address_from_an_outside_daemon() {
    let name = name("dhcp");
    let mut topology = Topology::default();
    topology.segments.insert("lan".into(), Segment { mtu: Some(1400) });
    topology.machines.extend([machine("a", &[("eth0", "lan")])]);
    let dnsmasq = Daemon {
        name: "dnsmasq".into(),
        argv: ["dnsmasq", "--keep-in-foreground", "--conf-file={dir}/etc/dnsmasq.conf"]
            .map(String::from)
            .into(),
        files: [(
            "etc/dnsmasq.conf".to_owned(),
            "user=root\nno-resolv\nno-hosts\nno-ping\ninterface=eth0\nbind-interfaces\n\
             dhcp-range=10.10.0.50,10.10.0.60,1h\ndhcp-leasefile={dir}/leases\naddress=/isp.test/10.10.0.1\n\
             pid-file={dir}/pid\n"
                .to_owned(),
        )]
        .into(),
        env: [].into(),
        ready: Ready::UdpPort("10.10.0.1:53".parse().unwrap()),
        reload: Vec::new(),
    };
    let isp = Outside {
        interfaces: vec![attached("isp", "eth0", "lan", &["10.10.0.1/24"])],
        daemons: vec![dnsmasq],
        resolv_conf: Some("nameserver 10.10.0.1\n".to_owned()),
        ..Outside::default()
    };
    topology.outside.insert("isp".into(), isp);
    let twin = up(&name, topology, &Seeds::default());
    let a = twin.remote("a").unwrap();
    let dhcp = "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n[DHCPv4]\nUseHostname=no\n";
    a.write("/etc/systemd/network/10-eth0.network", dhcp.as_bytes(), 0o644).unwrap();
    sh(&a, "systemctl start systemd-networkd");
    assert!(reaches(&twin, "a", "10.10.0.1"), "{}", sh(&a, "networkctl; ip addr; journalctl -b -n 20"));
    assert!(sh(&a, "ip -4 addr show eth0").contains("10.10.0.5"));
    assert_eq!(sh(&a, "cat /sys/class/net/eth0/mtu"), "1400");
    let resolve = || twin.run_outside("isp", &["getent", "hosts", "www.isp.test"], b"", LIMIT).unwrap();
    assert!(resolve().text().starts_with("10.10.0.1"));
    twin.stop_daemon("isp", "dnsmasq").unwrap();
    assert!(!resolve().ok());
    twin.start_daemon("isp", "dnsmasq").unwrap();
    assert!(resolve().ok());
    assert!(twin.outside_dir("isp").unwrap().join("dnsmasq/leases").exists());
    twin.down();
}

#[test]
fn a_power_cut_keeps_the_disk_and_remotes_find_the_machine_again() {
    let name = name("power");
    let mut topology = Topology::default();
    topology.machines.extend([machine("a", &[])]);
    let seeds = Seeds {
        common: Seed::default().with("/usr/lib/fleetwright/agent", "#!/bin/sh\necho agent\n", 0o755),
        machines: [("a".to_owned(), Seed::default().with("/lib/fleetwright/own", "own\n", 0o600))].into(),
    };
    let twin = up(&name, topology, &seeds);
    let a = twin.remote("a").unwrap();
    assert_eq!(sh(&a, "/usr/lib/fleetwright/agent; cat /usr/lib/fleetwright/own; hostname"), "agent\nown\na");
    assert_eq!(sh(&a, "systemctl is-system-running"), "running");
    let boot = sh(&a, "systemctl show -P UserspaceTimestampMonotonic; cat /proc/1/stat | cut -d' ' -f22");
    a.write("/srv/kept/file", b"kept", 0o640).unwrap();
    for how in [PowerOff::Cut, PowerOff::Orderly] {
        twin.power_off("a", how).unwrap();
        assert!(!twin.powered("a").unwrap());
        assert!(matches!(a.run(&["true"], b"", LIMIT), Err(RemoteError::Unreachable { .. })));
        assert!(matches!(a.read("/srv/kept/file"), Err(RemoteError::Unreachable { .. })));
        twin.power_on("a", &Watch::quiet()).unwrap();
        assert_eq!(a.read("/srv/kept/file").unwrap().as_deref(), Some(b"kept".as_slice()));
        assert_eq!(sh(&a, "stat -c %a /srv/kept/file"), "640");
        assert_ne!(
            sh(&a, "systemctl show -P UserspaceTimestampMonotonic; cat /proc/1/stat | cut -d' ' -f22"),
            boot
        );
    }
    // Another process that opened the twin earlier sees the machine that runs now.
    let second = Twin::open(&name).unwrap();
    assert!(sh(&second.remote("a").unwrap(), "cat /etc/hostname") == "a");
    twin.freeze("a", true).unwrap();
    assert!(matches!(
        a.run(&["systemctl", "is-system-running"], b"", Duration::from_millis(500)),
        Err(RemoteError::Deadline { .. })
    ));
    twin.freeze("a", false).unwrap();
    assert_eq!(sh(&a, "systemctl is-system-running"), "running");
    twin.freeze("a", true).unwrap();
    second.down().unwrap();
    assert_eq!(remains(&name), Vec::<String>::new());
}

#[test]
fn a_remote_stays_inside_and_keeps_its_deadlines() {
    let name = name("remote");
    let mut topology = Topology::default();
    topology.machines.extend([machine("a", &[])]);
    let twin = up(&name, topology, &Seeds::default());
    let a = twin.remote("a").unwrap();
    let big = vec![7; 3_000_000];
    assert_eq!(a.run(&["wc", "-c"], &big, LIMIT).unwrap().text(), "3000000");
    assert_eq!(a.run(&["sh", "-c", "kill -9 $$"], b"", LIMIT).unwrap().code, 137);
    assert!(matches!(a.run(&["no-such-program"], b"", LIMIT), Err(RemoteError::Failed { .. })));
    let begun = Instant::now();
    assert!(matches!(
        a.run(&["sh", "-c", "sleep 1000 & sleep 1000"], b"", Duration::from_millis(300)),
        Err(RemoteError::Deadline { .. })
    ));
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(sh(&a, "pgrep -x sleep || true"), "");
    // Links in the guest lead to the guest's files.
    let secret = format!("/tmp/{name}-outside");
    std::fs::write(&secret, "outside").unwrap();
    sh(
        &a,
        &format!("ln -s {secret} /root/abs; ln -s ../../../../../../{secret} /root/rel; ln -s / /root/top"),
    );
    assert_eq!(a.read("/root/abs").unwrap(), None);
    assert_eq!(a.read("/root/rel").unwrap(), None);
    a.write(&format!("/root/top{secret}"), b"inside", 0o600).unwrap();
    assert_eq!(std::fs::read(&secret).unwrap(), b"outside");
    assert_eq!(sh(&a, &format!("cat {secret}; stat -c %a {secret}")), "inside600");
    std::fs::remove_file(&secret).unwrap();
    let mut stream = a.open(&["cat"]).unwrap();
    std::fs::File::from(stream.stdin.take().unwrap()).write_all(b"through").unwrap();
    let mut said = String::new();
    std::fs::File::from(stream.stdout.take().unwrap()).read_to_string(&mut said).unwrap();
    assert_eq!((said.as_str(), stream.exit_code(LIMIT).unwrap()), ("through", 0));
    assert!(matches!(twin.remote("nobody"), Err(TwinError::NoSuch(_))));
    twin.down();
}

#[test]
fn two_twins_of_the_same_addresses_do_not_meet() {
    let (one, two) = (name("one"), name("one-two"));
    let first = up(&one, world(), &Seeds::default());
    let second = up(&two, world(), &Seeds::default());
    let again = Twin::up(&one, world(), &Seeds::default(), &base(), &Watch::quiet());
    assert!(matches!(again, Err(TwinError::Exists(n)) if n == one));
    let listener = first.in_netns("client", || TcpListener::bind("198.51.100.9:7000").unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let dial = |twin: &Twin| {
        twin.in_netns("core", || TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok())
            .unwrap()
    };
    assert!(dial(&first));
    assert!(!dial(&second));
    let names: Vec<String> = twin::twins().unwrap().into_iter().map(|t| t.name).collect();
    assert!(names.contains(&one) && names.contains(&two), "{names:?}");
    first.down();
    assert!(!remains(&two).is_empty());
    assert_eq!(sh(&second.remote("a").unwrap(), "systemctl is-system-running"), "running");
    second.down();
}

#[test]
fn an_update_touches_only_what_differs() {
    let name = name("update");
    let sleeper = |name: &str, time: &str| Daemon {
        name: name.to_owned(),
        argv: vec!["sleep".to_owned(), time.to_owned()],
        files: [].into(),
        env: [].into(),
        ready: Ready::Started,
        reload: Vec::new(),
    };
    let mut first = world();
    first.outside.get_mut("client").unwrap().daemons =
        vec![sleeper("goes", "2000"), sleeper("stays", "2000"), sleeper("differs", "2000")];
    let seed = Seed::default().with("/etc/seed", "one", 0o644).with("/etc/gone", "", 0o644);
    let seeds = Seeds { common: Seed::default(), machines: [("a".to_owned(), seed)].into() };
    let twin = up(&name, first, &seeds);
    configure(&twin);
    assert!(reaches(&twin, "client", "10.0.1.2"));
    let (a, r) = (twin.remote("a").unwrap(), twin.remote("r").unwrap());
    let born = |h| sh(h, "cut -d' ' -f22 /proc/1/stat");
    let before = (born(&a), born(&r));
    let mut next = world();
    next.machines.remove("b");
    next.segments.remove("right");
    next.segments.insert("new".into(), Segment::default());
    next.machines.extend([machine("r", &[("eth0", "left"), ("wan0", "up"), ("eth7", "new")])]);
    next.machines.extend([machine("c", &[("eth0", "new")])]);
    let client = next.outside.get_mut("client").unwrap();
    client.interfaces = vec![attached("client", "eth0", "far", &["198.51.100.77/24"])];
    client.interfaces.push(attached("client", "eth1", "new", &["10.3.0.1/24"]));
    client.routes.retain(|r| r.to.addr().is_ipv4());
    client.nft = Some("table ip t {\n}".into());
    client.daemons = vec![sleeper("stays", "2000"), sleeper("differs", "2001"), sleeper("comes", "2000")];
    let running = |what: &str| -> BTreeMap<String, String> {
        let pids = twin.run_outside("client", &["pgrep", "-f", what], b"", LIMIT).unwrap().text();
        let name = |pid: &str| {
            let environ = std::fs::read_to_string(format!("/proc/{pid}/environ")).ok()?;
            Some(environ.split('\0').find_map(|e| e.strip_prefix("HOME=/srv/"))?.to_owned())
        };
        pids.lines().filter_map(|pid| Some((name(pid)?, pid.to_owned()))).collect()
    };
    let slept = running("^sleep 200[0-9]$");
    assert_eq!(slept.keys().collect::<Vec<_>>(), ["differs", "goes", "stays"]);
    let seeds = Seeds {
        common: Seed::default().with("/usr/lib/fleetwright/new", "new", 0o755),
        machines: [("a".to_owned(), Seed::default().with("/etc/seed", "two", 0o644))].into(),
    };
    a.write("/etc/other", b"its own", 0o644).unwrap();
    twin.update(next.clone(), &seeds, &Watch::quiet()).unwrap();
    // What is gone stays until the machines have their new configuration.
    assert_eq!(sh(&a, "cat /etc/gone; echo there"), "there");
    twin.tidy(&seeds).unwrap();
    assert_eq!(
        sh(&a, "cat /usr/lib/fleetwright/new /etc/seed /etc/other; test -e /etc/gone || echo gone"),
        "newtwoits owngone"
    );
    let sleeps = running("^sleep 200[0-9]$");
    assert_eq!(sleeps.keys().collect::<Vec<_>>(), ["comes", "differs", "stays"]);
    assert_eq!(sleeps["stays"], slept["stays"]);
    assert_ne!(sleeps["differs"], slept["differs"]);
    let ip = |args: &[&str]| {
        let argv: Vec<&str> = ["ip", "-br"].iter().chain(args).copied().collect();
        twin.run_outside("client", &argv, b"", LIMIT).unwrap().text()
    };
    let addresses = ip(&["addr"]);
    assert!(addresses.contains("10.3.0.1/24") && addresses.contains("198.51.100.77/24"), "{addresses}");
    assert!(!addresses.contains("198.51.100.9/") && !addresses.contains("2001:db8:51::9"), "{addresses}");
    assert!(ip(&["route"]).contains("default via 198.51.100.1"));
    assert!(!ip(&["-6", "route"]).contains("default"), "{}", ip(&["-6", "route"]));
    assert!(
        twin.run_outside("client", &["nft", "list", "ruleset"], b"", LIMIT)
            .unwrap()
            .text()
            .contains("table ip t")
    );
    assert_eq!((born(&a), born(&r)), before, "a machine that stays was restarted");
    assert_eq!(sh(&r, "ls /sys/class/net | tr '\\n' ' '"), "eth0 eth7 lo wan0");
    assert!(reaches(&twin, "a", "198.51.100.77"));
    assert!(matches!(twin.remote("b"), Err(TwinError::NoSuch(_))));
    assert_eq!(
        sh(&twin.remote("c").unwrap(), "cat /sys/class/net/eth0/address"),
        next.machines["c"].interfaces[0].mac.to_string()
    );
    let left = remains(&name);
    assert!(!left.iter().any(|l| l.ends_with(".b") || l.contains("machines/b")), "{left:?}");
    twin.down();
}

#[test]
fn what_cannot_be_built_leaves_nothing() {
    let name = name("fails");
    let mut topology = world();
    let broken = Daemon {
        name: "broken".into(),
        argv: vec!["sh".into(), "-c".into(), "echo cannot work >&2; exit 3".into()],
        files: [].into(),
        env: [].into(),
        ready: Ready::TcpPort("0.0.0.0:1".parse().unwrap()),
        reload: Vec::new(),
    };
    topology.outside.get_mut("core").unwrap().daemons.push(broken);
    let error =
        Twin::up(&name, topology, &Seeds::default(), &base(), &Watch::quiet()).unwrap_err().to_string();
    assert!(error.contains("start broken in core") && error.contains("cannot work"), "{error}");
    assert_eq!(remains(&name), Vec::<String>::new());
    // Asked to stop in the middle.
    let cancel = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = cancel.clone();
    let stop = move |line: &str| {
        if line.contains("is up") {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let watch = Watch::new(stop, cancel);
    let error = Twin::up(&name, world(), &Seeds::default(), &base(), &watch).unwrap_err();
    assert_eq!(error, TwinError::Cancelled);
    assert_eq!(remains(&name), Vec::<String>::new());
}
