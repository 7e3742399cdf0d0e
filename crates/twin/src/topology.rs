//! What a twin is made of, as plain values: machines, outside namespaces and the segments between them.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Machines, outside namespaces and the wires between them. Machines and outsides share one set of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// Systemd machines, by name.
    #[serde(default)]
    pub machines: BTreeMap<String, Machine>,
    /// Namespaces without systemd: the internet, NAT boxes, BGP speakers, clients.
    #[serde(default)]
    pub outside: BTreeMap<String, Outside>,
    /// L2 broadcast domains. With exactly two interfaces it is one veth pair, else a bridge.
    #[serde(default)]
    pub segments: BTreeMap<String, Segment>,
}

/// A systemd machine. Its addresses are its own artifacts' matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its interfaces.
    pub interfaces: Vec<Iface>,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iface {
    /// Name inside, 1 to 15 bytes.
    pub name: String,
    /// The segment it is plugged into.
    pub segment: String,
    /// Its hardware address.
    pub mac: Mac,
}

impl Iface {
    /// An interface of `owner` whose hardware address follows from both names.
    pub fn new(owner: &str, name: impl Into<String>, segment: impl Into<String>) -> Self {
        let name = name.into();
        let mac = Mac::derived(owner, &name);
        Iface { name, segment: segment.into(), mac }
    }
}

/// An L2 broadcast domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Bytes; the kernel's 1500 when absent.
    #[serde(default)]
    pub mtu: Option<u32>,
}

/// A network namespace without systemd, with a private `/run` and the base image's programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Its interfaces and their addresses.
    pub interfaces: Vec<Attached>,
    /// Addresses on `lo`, besides the usual ones.
    #[serde(default)]
    pub loopback: Vec<IpNet>,
    /// Static routes.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// True when it forwards IPv4 and IPv6.
    #[serde(default)]
    pub forward: bool,
    /// A ruleset for `nft -f`.
    #[serde(default)]
    pub nft: Option<String>,
    /// Long-running programs, started in this order, each ready before the next.
    #[serde(default)]
    pub daemons: Vec<Daemon>,
    /// Content of `/etc/resolv.conf` as programs here see it.
    #[serde(default)]
    pub resolv_conf: Option<String>,
    /// Further sysctls, `net.ipv4.conf.all.rp_filter` → `0`.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
}

/// An interface of an outside namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The interface.
    pub iface: Iface,
    /// Its addresses with their prefix lengths.
    #[serde(default)]
    pub addresses: Vec<IpNet>,
}

/// A static route of an outside namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Destination; `0.0.0.0/0` and `::/0` are the default routes.
    pub to: IpNet,
    /// Next hop.
    #[serde(default)]
    pub via: Option<IpAddr>,
    /// Interface; needed when there is no next hop or it is link-local.
    #[serde(default)]
    pub dev: Option<String>,
}

/// A long-running program of an outside namespace. `{dir}` in `argv`, `env` and file contents becomes the
/// absolute path of a directory of its own, which outlives restarts; only that directory, `/run`, `/tmp`
/// and `/var/tmp` are writable for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Unique within the namespace.
    pub name: String,
    /// Program and arguments; it must stay in the foreground.
    pub argv: Vec<String>,
    /// Files in its directory, by relative path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Environment besides `PATH`, `LANG` and `HOME={dir}`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// When it counts as up.
    #[serde(default)]
    pub ready: Ready,
    /// A command in its namespace that makes it read changed files; empty: it is started anew. `{dir}` is expanded.
    #[serde(default)]
    pub reload: Vec<String>,
}

/// When a daemon counts as up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ready {
    /// As soon as it is started.
    #[default]
    Started,
    /// When it listens on this TCP port (an unspecified address matches any).
    TcpPort(SocketAddr),
    /// When it has bound this UDP port (an unspecified address matches any).
    UdpPort(SocketAddr),
    /// When this file or socket exists; `{dir}` is expanded.
    File(String),
}

/// A hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The locally administered address that follows from an owner and an interface name.
    pub fn derived(owner: &str, iface: &str) -> Self {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(format!("{owner}/{iface}"));
        // 0x02: unicast, locally administered.
        Mac([0x02, hash[0], hash[1], hash[2], hash[3], hash[4]])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Mac {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2).ok_or("not six bytes")?;
            *byte = u8::from_str_radix(part, 16).map_err(|e| e.to_string())?;
        }
        if parts.next().is_some() { Err("not six bytes".to_owned()) } else { Ok(Mac(bytes)) }
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Topology {
    /// Everything that makes this topology impossible to build, one line each; empty when it can be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for name in self.machines.keys().chain(self.outside.keys()) {
            // The name becomes a host name and part of a namespace's, a cgroup's and a directory's name.
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) || name.starts_with('-') {
                faults.push(format!("{name:?}: a node's name is 1 to 40 of a-z, 0-9 and -"));
            }
        }
        for name in self.machines.keys().filter(|n| self.outside.contains_key(*n)) {
            faults.push(format!("{name}: both a machine and an outside namespace"));
        }
        let mut macs: BTreeMap<(&str, Mac), &str> = BTreeMap::new();
        for (owner, ifaces) in self.interfaces() {
            let mut names = BTreeSet::new();
            for iface in ifaces {
                if iface.name.is_empty() || iface.name.len() > 15 || iface.name.contains(['/', ' ']) {
                    faults.push(format!("{owner}: {:?} cannot be an interface's name", iface.name));
                }
                if !names.insert(&iface.name) || iface.name == "lo" {
                    faults.push(format!("{owner}: two interfaces are called {}", iface.name));
                }
                if !self.segments.contains_key(&iface.segment) {
                    faults.push(format!("{owner}: {} is on unknown segment {}", iface.name, iface.segment));
                }
                if let Some(other) = macs.insert((&iface.segment, iface.mac), owner) {
                    faults.push(format!("{owner} and {other} have the same address {}", iface.mac));
                }
            }
        }
        for (name, outside) in &self.outside {
            let mut names = BTreeSet::new();
            for daemon in &outside.daemons {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                if daemon.name.is_empty() || !daemon.name.chars().all(plain) {
                    faults.push(format!("{name}: {:?} cannot be a daemon's name", daemon.name));
                }
                if !names.insert(&daemon.name) {
                    faults.push(format!("{name}: two daemons are called {}", daemon.name));
                }
                if daemon.argv.is_empty() {
                    faults.push(format!("{name}: daemon {} has no program", daemon.name));
                }
            }
        }
        faults
    }

    /// Every node with its interfaces.
    pub fn interfaces(&self) -> impl Iterator<Item = (&str, Vec<&Iface>)> {
        let machines = self.machines.iter().map(|(n, m)| (n.as_str(), m.interfaces.iter().collect()));
        let outside =
            self.outside.iter().map(|(n, o)| (n.as_str(), o.interfaces.iter().map(|a| &a.iface).collect()));
        machines.chain(outside)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_topology_survives_json() {
        let mut t = Topology::default();
        t.segments.insert("lan".into(), Segment::default());
        t.machines.insert("a".into(), Machine { interfaces: vec![Iface::new("a", "eth0", "lan")] });
        t.outside.insert(
            "b".into(),
            Outside {
                interfaces: vec![Attached {
                    iface: Iface::new("b", "eth0", "lan"),
                    addresses: vec!["2001:db8::1/64".parse().unwrap()],
                }],
                ..Outside::default()
            },
        );
        assert!(t.faults().is_empty());
        let text = serde_json::to_string(&t).unwrap();
        assert_eq!(serde_json::from_str::<Topology>(&text).unwrap(), t);
    }

    #[test]
    fn impossible_topologies_say_why() {
        let mut t = Topology::default();
        t.machines.insert("a".into(), Machine { interfaces: vec![Iface::new("a", "eth0", "lan")] });
        t.machines.insert("A b".into(), Machine::default());
        t.outside.insert("a".into(), Outside::default());
        let faults = t.faults().join("\n");
        assert!(faults.contains("unknown segment lan"), "{faults}");
        assert!(faults.contains("both a machine and an outside"), "{faults}");
        assert!(faults.contains("\"A b\""), "{faults}");
    }

    #[test]
    fn addresses_are_local_unicast_and_stable() {
        let mac = Mac::derived("kyiv-gw", "eth0");
        assert_eq!(mac, Mac::derived("kyiv-gw", "eth0"));
        assert_ne!(mac, Mac::derived("kyiv-gw", "eth1"));
        assert_eq!(mac.0[0] & 3, 2);
        assert_eq!(mac.to_string().parse::<Mac>().unwrap(), mac);
    }
}
