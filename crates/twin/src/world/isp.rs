//! Providers: what is at the other end of an uplink.

use super::space::{host4, host6};
use super::{Builder, INTERNET};
use crate::topology::{Attached, Daemon, Iface, Outside, Ready, Route, Segment};
use derive::fleet::{Segment as FleetSegment, SegmentKind};
use ipnet::{IpNet, Ipv4Net};
use model::UplinkKind;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

impl Builder<'_> {
    /// What stands at the far end of every uplink that no router of another network holds.
    pub(super) fn providers(&mut self) {
        let segments: Vec<&FleetSegment> = self.fleet.segments.values().collect();
        for segment in segments {
            match segment.kind {
                SegmentKind::Uplink(UplinkKind::Public) => self.public(segment),
                SegmentKind::Uplink(UplinkKind::Cgnat) => self.natted(segment, 1),
                SegmentKind::Uplink(UplinkKind::DoubleNat) => self.natted(segment, 2),
                SegmentKind::Uplink(UplinkKind::None)
                | SegmentKind::Lan
                | SegmentKind::Peering
                | SegmentKind::Bridge => {}
            }
        }
    }

    /// The provider's gateway is an address of `internet` itself.
    fn public(&mut self, segment: &FleetSegment) {
        let held = self.held.get(&segment.name).cloned().unwrap_or_default();
        let addresses: Vec<IpNet> = segment
            .gateways
            .iter()
            .filter(|g| !held.contains(g))
            .filter_map(|g| with_length(*g, &segment.prefixes))
            .collect();
        let by_dhcp = self.dhcp_members(&segment.name);
        if addresses.is_empty() && by_dhcp.is_empty() {
            return;
        }
        let mut addresses = addresses;
        let device = self.internet_port(&segment.name);
        if !by_dhcp.is_empty() {
            // The provider hands out the declared address; its own is the first free one beside it.
            for prefix in &segment.prefixes {
                if let IpNet::V4(net) = prefix {
                    let taken: Vec<IpAddr> = self.fleet_addresses(&segment.name);
                    let around = roomy(*net, &taken);
                    if let Some(gateway) = around.hosts().find(|h| !taken.contains(&IpAddr::V4(*h)))
                        && let Ok(net) = IpNet::new(IpAddr::V4(gateway), around.prefix_len())
                    {
                        addresses.push(net);
                        self.dhcp(INTERNET, &device, net, &by_dhcp, &taken);
                    }
                }
            }
        }
        self.attach(INTERNET, &device, &segment.name, addresses);
    }

    /// A provider that translates, `depth` times.
    fn natted(&mut self, segment: &FleetSegment, depth: u8) {
        let n = self.next_link();
        let name = format!("isp-{}", self.short(&segment.name));
        let outer = format!("{name}-up");
        self.topology.segments.insert(outer.clone(), Segment::default());
        let net = self.space.net4(n);
        let device = self.internet_port(&outer);
        self.attach(INTERNET, &device, &outer, vec![host4(net, 1)]);
        let customer = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, n, 0), 24);
        let inner = if depth == 1 { segment.name.clone() } else { format!("{name}-mid") };
        let mut isp =
            nat_box(&name, &outer, vec![host4(net, 2)], net_gateway(net), &inner, host4(customer, 1));
        if depth == 1 {
            self.topology.outside.insert(name.clone(), isp);
            let members = self.dhcp_members(&segment.name);
            self.dhcp(&name, "customer", host4(customer, 1), &members, &[]);
            return;
        }
        // Somebody else's router between the provider and ours.
        self.topology.segments.insert(inner.clone(), Segment::default());
        let cpe = format!("cpe-{}", self.short(&segment.name));
        let home = Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 178, 0), 24);
        isp.routes.retain(|r| r.via.is_some());
        self.topology.outside.insert(name, isp);
        let middle = nat_box(
            &cpe,
            &inner,
            vec![host4(customer, 2)],
            IpAddr::V4(Ipv4Addr::new(100, 64, n, 1)),
            &segment.name,
            host4(home, 1),
        );
        self.topology.outside.insert(cpe.clone(), middle);
        let members = self.dhcp_members(&segment.name);
        self.dhcp(&cpe, "customer", host4(home, 1), &members, &[]);
    }

    /// Clients at several places.
    pub(super) fn clients(&mut self) {
        for (n, place) in [(10u8, "berlin"), (20, "lagos"), (30, "lima")] {
            let name = format!("client-{place}");
            let segment = format!("{name}-up");
            self.topology.segments.insert(segment.clone(), Segment::default());
            let (v4, v6) = (self.space.net4(n), self.space.net6(u16::from(n)));
            let device = self.internet_port(&segment);
            self.attach(INTERNET, &device, &segment, vec![host4(v4, 1), host6(v6, 1)]);
            let own = [host4(v4, 7), host6(v6, 7)];
            let resolv_conf = self.resolvers.iter().map(|r| format!("nameserver {r}\n")).collect();
            self.topology.outside.insert(
                name.clone(),
                Outside {
                    interfaces: vec![Attached {
                        iface: Iface::new(&name, "eth0", &segment),
                        addresses: own.to_vec(),
                    }],
                    routes: defaults([host4(v4, 1).addr(), host6(v6, 1).addr()]),
                    resolv_conf: Some(resolv_conf),
                    ..Outside::default()
                },
            );
            self.client_prefixes.push(IpNet::V6(v6));
            self.clients.push(super::Client { name, ipv4: own[0].addr(), ipv6: own[1].addr() });
        }
    }

    /// A DHCP server on a device of an outside namespace. Members get their declared address where they
    /// have one.
    fn dhcp(&mut self, node: &str, device: &str, own: IpNet, members: &[(String, String)], fixed: &[IpAddr]) {
        let IpNet::V4(net) = own else { return };
        let first = host4(net.trunc(), 100).addr();
        let mut conf = format!(
            "port=0\nno-hosts\nno-resolv\nuser=root\npid-file=\ninterface={device}\nbind-dynamic\ndhcp-authoritative\nno-ping\ndhcp-leasefile={{dir}}/leases\ndhcp-option=3,{}\n",
            own.addr()
        );
        if fixed.is_empty() {
            conf.push_str(&format!(
                "dhcp-range={first},{},{},1h\n",
                host4(net.trunc(), 200).addr(),
                net.netmask()
            ));
        } else {
            conf.push_str(&format!("dhcp-range={},static,{},1h\n", net.network(), net.netmask()));
            for ((host, iface), address) in members.iter().zip(fixed) {
                let mac = crate::topology::Mac::derived(host, iface);
                conf.push_str(&format!("dhcp-host={mac},{address}\n"));
            }
        }
        let daemon = Daemon {
            name: format!("dhcp-{device}"),
            argv: ["dnsmasq", "--keep-in-foreground", "--conf-file={dir}/dnsmasq.conf"]
                .map(str::to_owned)
                .to_vec(),
            files: BTreeMap::from([("dnsmasq.conf".to_owned(), conf)]),
            env: BTreeMap::new(),
            ready: Ready::UdpPort(std::net::SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 67)),
            reload: Vec::new(),
        };
        if let Some(outside) = self.topology.outside.get_mut(node) {
            outside.daemons.push(daemon);
        } else {
            self.late_daemons.push((node.to_owned(), daemon));
        }
    }
}

fn net_gateway(net: Ipv4Net) -> IpAddr {
    host4(net, 1).addr()
}

/// A namespace that translates everything from `inner` to its own outer address, and lets nothing in.
fn nat_box(
    name: &str,
    outer: &str,
    outer_addresses: Vec<IpNet>,
    gateway: IpAddr,
    inner: &str,
    inner_address: IpNet,
) -> Outside {
    Outside {
        interfaces: vec![
            Attached { iface: Iface::new(name, "up", outer), addresses: outer_addresses },
            Attached { iface: Iface::new(name, "customer", inner), addresses: vec![inner_address] },
        ],
        routes: defaults([gateway]),
        forward: true,
        nft: Some(
            "table ip nat {\n chain post {\n  type nat hook postrouting priority srcnat; policy accept;\n  oifname \"up\" masquerade\n }\n chain forward {\n  type filter hook forward priority filter; policy accept;\n  iifname \"up\" ct state new drop\n }\n}\n"
                .to_owned(),
        ),
        ..Outside::default()
    }
}

/// Default routes by these next hops.
pub(super) fn defaults(via: impl IntoIterator<Item = IpAddr>) -> Vec<Route> {
    via.into_iter()
        .map(|via| Route {
            to: match via {
                IpAddr::V4(_) => IpNet::V4(Ipv4Net::default()),
                IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
            },
            via: Some(via),
            dev: None,
        })
        .collect()
}

/// An address with the length of the prefix it lies in.
pub(super) fn with_length(ip: IpAddr, prefixes: &[IpNet]) -> Option<IpNet> {
    prefixes.iter().find(|p| p.contains(&ip)).and_then(|p| IpNet::new(ip, p.prefix_len()).ok())
}

/// The smallest prefix around an address that has room for a gateway and in which none of the addresses in
/// use is the network's own or its broadcast address.
fn roomy(net: Ipv4Net, taken: &[IpAddr]) -> Ipv4Net {
    let edge = |around: &Ipv4Net, ip: &IpAddr| {
        [around.network(), around.broadcast()].iter().any(|e| IpAddr::V4(*e) == *ip)
    };
    (0..=net.prefix_len().min(29))
        .rev()
        .map(|len| Ipv4Net::new_assert(net.addr(), len).trunc())
        .find(|around| !taken.iter().any(|ip| edge(around, ip)))
        .unwrap_or(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_at_the_edge_of_a_prefix_gets_a_larger_one() {
        let around = |ip: [u8; 4]| {
            let ip = Ipv4Addr::from(ip);
            roomy(Ipv4Net::new_assert(ip, 32), &[IpAddr::V4(ip)]).to_string()
        };
        assert_eq!(around([203, 0, 113, 2]), "203.0.113.0/29");
        assert_eq!(around([203, 0, 113, 7]), "203.0.113.0/28");
        assert_eq!(around([203, 0, 113, 8]), "203.0.113.0/28");
        assert_eq!(around([203, 0, 113, 15]), "203.0.113.0/27");
    }
}
