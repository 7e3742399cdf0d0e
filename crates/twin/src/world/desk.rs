//! How an administrator comes to the hosts: from a desk on a host's own LAN, or from somewhere on the internet.
//! And what stands on a machine before anybody has applied anything to it: a first address and an sshd that
//! knows the administrator, as whoever installed it would have left it.

use super::isp::defaults;
use super::{Alteration, Builder};
use crate::topology::{Attached, Iface, Outside};
use derive::fleet::{Fleet, Host, Segment, SegmentKind};
use ipnet::IpNet;
use model::UplinkKind;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Units that are not artifacts lie here: systemd reads it after `/etc/systemd/system`.
const UNITS: &str = "/usr/local/lib/systemd/system";
const INSTALLER: &str = "fleetwright-installer.service";
const BATCH: &str = "/usr/local/lib/fleetwright/installer.ip";
/// How far from an end of a prefix a free address is looked for.
const NEAR_THE_END: u32 = 4096;

/// Where a host is dialled from, and at which address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// The outside namespace.
    pub from: String,
    /// The host's address.
    pub address: IpAddr,
}

/// Keys by which the twin's administrator and the machines know each other.
pub trait Access {
    /// The administrator's public key, as a line of `authorized_keys`.
    fn administrator(&self) -> String;
    /// The host key of a machine: OpenSSH's private key file, and `TYPE BASE64` of the public one.
    fn host_key(&self, machine: &str) -> (String, String);
}

impl Builder<'_> {
    /// A desk on every LAN on which a host is dialled; hosts without one are dialled from the first client.
    pub(super) fn desks(&mut self) {
        let fleet = self.fleet;
        for host in fleet.hosts.values() {
            let Some(address) = host.reach else { continue };
            let Some(segment) = holder(host, address).and_then(|(s, _)| fleet.segments.get(s)) else {
                continue;
            };
            let from = match segment.kind {
                SegmentKind::Lan => self.desk(segment),
                SegmentKind::Uplink(UplinkKind::Public) => self.clients.first().map(|c| c.name.clone()),
                SegmentKind::Uplink(_) | SegmentKind::Peering | SegmentKind::Bridge => None,
            };
            if let Some(from) = from {
                self.approaches.insert(host.id.to_string(), Approach { from, address });
            }
        }
    }

    /// The desk on a LAN, put there when it is the first one asked for.
    fn desk(&mut self, segment: &Segment) -> Option<String> {
        let name = format!("desk-{}", self.short(&segment.name));
        if self.topology.outside.contains_key(&name) {
            return Some(name);
        }
        let taken = self.taken(segment);
        let addresses: Vec<IpNet> = segment.prefixes.iter().filter_map(|p| free(p, &taken)).collect();
        if addresses.is_empty() {
            return None;
        }
        let router = segment.site.as_ref().and_then(|s| self.fleet.sites.get(s)?.router.as_ref());
        let router = router.and_then(|r| self.fleet.hosts.get(r));
        let on_it = router.iter().flat_map(|r| &r.interfaces);
        let on_it = on_it.filter(|i| i.segment.as_deref() == Some(&segment.name)).flat_map(|i| &i.addresses);
        let mut via: Vec<IpAddr> = on_it.map(|(a, _)| a.addr()).collect();
        via.sort();
        via.dedup_by_key(|ip| ip.is_ipv4());
        via.retain(|ip| addresses.iter().any(|a| a.contains(ip)));
        let desk = Outside {
            interfaces: vec![Attached { iface: Iface::new(&name, "eth0", &segment.name), addresses }],
            routes: defaults(via),
            ..Outside::default()
        };
        self.topology.outside.insert(name.clone(), desk);
        Some(name)
    }

    /// Every address somebody has or may get on a segment.
    fn taken(&self, segment: &Segment) -> BTreeSet<IpAddr> {
        let hosts = self.fleet.hosts.values();
        let own = hosts.clone().flat_map(|h| h.interfaces.iter().flat_map(|i| &i.addresses));
        let mut taken: BTreeSet<IpAddr> = own.map(|(a, _)| a.addr()).collect();
        taken.extend(hosts.flat_map(|h| &h.addresses));
        taken.extend(&segment.gateways);
        taken.extend(self.fleet.names.iter().flat_map(|n| &n.addresses));
        taken.extend(self.fleet.exposures.iter().flat_map(|e| &e.entries).flat_map(|e| &e.addresses));
        taken.extend(self.held.get(&segment.name).into_iter().flatten());
        taken
    }

    /// What is on every machine before the first apply.
    pub(super) fn installed(&mut self, access: &dyn Access) {
        let fleet = self.fleet;
        let authorized = access.administrator() + "\n";
        for host in fleet.hosts.values() {
            let mut wants = "ssh.service".to_owned();
            if let Some(lines) = first_address(fleet, host) {
                let unit = format!(
                    "[Unit]\nDescription=The first address of a machine that nobody has configured\n\
                     ConditionPathExistsGlob=!/etc/systemd/network/*.network\n\
                     [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/ip -force -batch {BATCH}\n"
                );
                self.seed(host, BATCH, lines.into_bytes(), 0o644);
                self.seed(host, &format!("{UNITS}/{INSTALLER}"), unit.into_bytes(), 0o644);
                wants = format!("{INSTALLER} {wants}");
            }
            let target = format!("[Unit]\nWants={wants}\n");
            self.seed(host, &format!("{UNITS}/multi-user.target.d/50-twin.conf"), target.into_bytes(), 0o644);
            let (private, public) = access.host_key(host.id.as_str());
            self.seed(host, "/etc/ssh/ssh_host_ed25519_key", private.into_bytes(), 0o600);
            let public = format!("{public} root@{}\n", host.id);
            self.seed(host, "/etc/ssh/ssh_host_ed25519_key.pub", public.into_bytes(), 0o644);
            self.seed(host, "/root/.ssh/authorized_keys", authorized.clone().into_bytes(), 0o600);
        }
        self.alterations.push(Alteration {
            at: "every machine".to_owned(),
            what:
                "starts with a first address, sshd, a host key and an administrator's key of the twin's own"
                    .to_owned(),
            why: "nobody has installed these machines".to_owned(),
        });
    }
}

/// The segment and interface a host has an address on.
fn holder(host: &Host, address: IpAddr) -> Option<(&str, &derive::fleet::Interface)> {
    let mut on = host.interfaces.iter().filter(|i| i.addresses.iter().any(|(a, _)| a.addr() == address));
    on.find_map(|i| i.segment.as_deref().map(|s| (s, i)))
}

/// Lines for `ip -batch` that make a host answer where it is dialled. What networkd will configure is there in the
/// very same form, broadcast address and routing protocol included: networkd 252 configures an address that differs
/// only in its broadcast address for ever anew.
fn first_address(fleet: &Fleet, host: &Host) -> Option<String> {
    let address = host.reach?;
    let (segment, interface) = holder(host, address)?;
    let (net, _) = interface.addresses.iter().find(|(a, _)| a.addr() == address)?;
    let name = &interface.name;
    let more = if address.is_ipv4() { "broadcast +" } else { "nodad" };
    let mut lines = format!("link set dev {name} up\naddress add {net} {more} dev {name}\n");
    let near = fleet.segments.get(segment).is_some_and(|s| s.kind == SegmentKind::Lan);
    let gateway = interface.gateways.iter().map(|(g, _)| g).find(|g| g.is_ipv4() == address.is_ipv4());
    if let Some(gateway) = gateway.filter(|_| !near) {
        let all = if address.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        let onlink = if net.contains(gateway) { "" } else { " onlink" };
        let _ = writeln!(lines, "route add {all} via {gateway} dev {name} proto static{onlink}");
    }
    Some(lines)
}

/// An address of a prefix that nobody has, from its far end: fleets count from the near one.
fn free(prefix: &IpNet, taken: &BTreeSet<IpAddr>) -> Option<IpNet> {
    let below = |n: u32| match prefix {
        IpNet::V4(net) => {
            let ip = u32::from(net.broadcast()).checked_sub(n)?;
            (ip > u32::from(net.network())).then_some(IpAddr::V4(Ipv4Addr::from(ip)))
        }
        IpNet::V6(net) => {
            let ip = u128::from(net.broadcast()).checked_sub(n.into())?;
            (ip > u128::from(net.network())).then_some(IpAddr::V6(Ipv6Addr::from(ip)))
        }
    };
    let ip = (1..NEAR_THE_END).map_while(below).find(|ip| !taken.contains(ip))?;
    IpNet::new(ip, prefix.prefix_len()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn desks_sit_at_the_far_end() {
        let at = |prefix: &str, taken: &[&str]| {
            let taken = taken.iter().map(|ip| ip.parse().unwrap()).collect();
            free(&prefix.parse().unwrap(), &taken).map(|net| net.to_string())
        };
        assert_eq!(at("192.168.10.0/24", &[]).unwrap(), "192.168.10.254/24");
        assert_eq!(at("192.168.10.0/24", &["192.168.10.254"]).unwrap(), "192.168.10.253/24");
        assert_eq!(at("192.0.2.0/30", &["192.0.2.1", "192.0.2.2"]), None);
        assert_eq!(at("fd77:10::/64", &[]).unwrap(), "fd77:10::ffff:ffff:ffff:fffe/64");
    }

    #[test]
    fn a_bare_machine_answers_where_it_is_dialled() {
        let fleet = crate::prove::sample::fleet();
        let host = fleet.hosts.values().find(|h| !h.interfaces.is_empty()).unwrap();
        let mut host = host.clone();
        host.reach = host.interfaces[0].addresses.first().map(|(a, _)| a.addr());
        let lines = first_address(&fleet, &host).unwrap();
        let name = &host.interfaces[0].name;
        assert!(lines.starts_with(&format!("link set dev {name} up\naddress add ")), "{lines}");
        host.reach = None;
        assert_eq!(first_address(&fleet, &host), None);
    }
}
