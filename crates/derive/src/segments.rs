//! L2 segments: LANs, uplinks, peering LANs, and the hosts' interfaces on them (without allocated addresses).

use crate::fleet::{Interface, Segment, SegmentKind};
use crate::work::{OwnUplink, Work};
use artifact::Why;
use diag::Place;
use ipnet::IpNet;
use model::{HostId, NetworkKind, Sp, UplinkKind, ZoneId};
use std::net::IpAddr;

/// Zone of everything outside.
pub(crate) const INTERNET: &str = "internet";

/// Makes all segments and interfaces.
pub(crate) fn segments(work: &mut Work<'_>) {
    sites(work);
    networks(work);
    let hosts: Vec<HostId> = work.model.hosts.keys().cloned().collect();
    for host in &hosts {
        lan_interface(work, host);
        uplink_interfaces(work, host);
        named_interfaces(work, host);
    }
}

fn sites(work: &mut Work<'_>) {
    let model = work.model;
    for (id, site) in &model.sites {
        if let Some(lan) = &site.lan {
            let prefixes = lan.ipv4.iter().map(|p| IpNet::V4(p.value));
            let prefixes = prefixes.chain(lan.ipv6.iter().map(|p| IpNet::V6(p.value))).collect();
            let zone = lan.zone.as_ref().map_or_else(|| ZoneId::new("lan"), |z| z.value.clone());
            work.segments.insert(
                id.to_string(),
                Segment {
                    name: id.to_string(),
                    kind: SegmentKind::Lan,
                    prefixes,
                    zone,
                    site: Some(id.clone()),
                    gateways: Vec::new(),
                    place: lan.place.clone(),
                },
            );
        }
        for (label, uplink) in site.uplink.iter().flat_map(|u| &u.0) {
            let name = format!("uplink-{id}-{label}");
            let mut segment = uplink_segment(name.clone(), uplink);
            segment.site = Some(id.clone());
            work.segments.insert(name, segment);
        }
    }
}

fn networks(work: &mut Work<'_>) {
    let model = work.model;
    for (id, network) in &model.networks {
        let kind = network.kind.as_ref().map_or(NetworkKind::Lan, |k| k.value);
        let (kind, zone) = match kind {
            NetworkKind::Lan => (SegmentKind::Lan, id.as_str()),
            NetworkKind::Peering => (SegmentKind::Peering, INTERNET),
            NetworkKind::Bridge => (SegmentKind::Bridge, id.as_str()),
            NetworkKind::Physical | NetworkKind::Ovn => {
                work.not_yet(&network.place, format_args!("network {id} of kind {}", kind.word()));
                continue;
            }
            NetworkKind::Wireguard => {
                work.not_yet(
                    &network.place,
                    format_args!("network {id}: WireGuard networks are made by `tunnels`"),
                );
                continue;
            }
        };
        if kind == SegmentKind::Bridge {
            work.not_yet(&network.place, format_args!("bridge network {id} for containers"));
        }
        if network.environment.is_some() {
            work.not_yet(&network.place, format_args!("network {id} of an environment"));
            continue;
        }
        let prefixes = network.ipv4.iter().map(|p| IpNet::V4(p.value));
        let prefixes = prefixes.chain(network.ipv6.iter().map(|p| IpNet::V6(p.value))).collect();
        let zone = network.zone.as_ref().map_or_else(|| ZoneId::new(zone), |z| z.value.clone());
        let site = network.site.as_ref().map(|s| s.value.clone());
        let name = network_segment(work, id.as_str());
        let place = network.place.clone();
        work.segments
            .insert(name.clone(), Segment { name, kind, prefixes, zone, site, gateways: Vec::new(), place });
    }
}

/// The segment of a network: its name, unless a site has the same.
pub(crate) fn network_segment(work: &Work<'_>, network: &str) -> String {
    if work.model.sites.contains_key(network) { format!("{network}-net") } else { network.to_owned() }
}

/// What an uplink is, when its kind is not written.
pub(crate) fn uplink_kind(uplink: &model::Uplink) -> UplinkKind {
    uplink.kind.as_ref().map_or(UplinkKind::Public, |k| k.value)
}

fn uplink_segment(name: String, uplink: &model::Uplink) -> Segment {
    let addresses = uplink.ipv4.iter().chain(&uplink.ipv6);
    let mut gateways: Vec<IpAddr> = uplink.gateway.iter().map(|g| IpAddr::V4(g.value)).collect();
    gateways.extend(uplink.gateway6.iter().map(|g| IpAddr::V6(g.value)));
    Segment {
        name,
        kind: SegmentKind::Uplink(uplink_kind(uplink)),
        prefixes: addresses.map(|a| a.net().trunc()).collect(),
        zone: ZoneId::new(INTERNET),
        site: None,
        gateways,
        place: uplink.place.clone(),
    }
}

/// The interface on the site's LAN. A host with an uplink of its own is on it only when it has an address
/// there or is its router.
fn lan_interface(work: &mut Work<'_>, id: &HostId) {
    let model = work.model;
    let Some(host) = model.hosts.get(id) else { return };
    let Some((site_id, site)) = host.site.as_ref().and_then(|s| model.sites.get_key_value(&s.value)) else {
        return;
    };
    let Some(lan) = &site.lan else { return };
    let is_router = site.router.as_ref().is_some_and(|r| r.value == *id);
    if host.uplink.is_some() && host.address.is_empty() && !is_router {
        return;
    }
    let device = host.router.as_ref().and_then(|r| r.lan.clone());
    let device = device.or_else(|| lan.device.as_ref().map(|d| d.value.clone()));
    let name = device.unwrap_or_else(|| "lan".to_owned());
    let segment = site_id.to_string();
    let zone = work.segments.get(&segment).map_or_else(|| ZoneId::new("lan"), |s| s.zone.clone());
    let addresses = host.address.iter().map(|a| declared(a, &work.segments, &segment, id)).collect();
    let place = if host.address.is_empty() { &host.place } else { &host.address[0].place };
    add(
        work,
        id,
        Interface {
            name: name.clone(),
            segment: Some(segment.clone()),
            addresses,
            dhcp4: false,
            accept_ra: false,
            gateways: Vec::new(),
            zone,
            why: Why::new(place, format!("{id} is on the LAN of {site_id}")),
        },
    );
    let gateway =
        site.router.as_ref().map(|r| r.value.clone()).filter(|_| !is_router && host.uplink.is_none());
    if let Some(ground) = work.ground.get_mut(id) {
        ground.lans.push((segment, name));
        ground.gateway = gateway;
    }
}

/// A declared address with the length of its segment's prefix.
fn declared(
    address: &Sp<model::Address>,
    segments: &std::collections::BTreeMap<String, Segment>,
    segment: &str,
    host: &HostId,
) -> (IpNet, Why) {
    let prefix = segments
        .get(segment)
        .and_then(|s| s.prefixes.iter().find(|p| p.contains(&address.ip)))
        .map(IpNet::prefix_len);
    let net = match (address.prefix, prefix) {
        (None, Some(len)) => IpNet::new(address.ip, len).unwrap_or_else(|_| address.net()),
        _ => address.net(),
    };
    (net, Why::new(&address.place, format!("address of {host}")))
}

fn uplink_interfaces(work: &mut Work<'_>, id: &HostId) {
    let model = work.model;
    let Some(host) = model.hosts.get(id) else { return };
    for (site_id, site) in &model.sites {
        if site.router.as_ref().is_none_or(|r| r.value != *id) {
            continue;
        }
        let uplinks = site.uplink.iter().flat_map(|u| &u.0);
        let several = site.uplink.as_ref().is_some_and(|u| u.0.len() > 1);
        for (n, (label, uplink)) in uplinks.enumerate() {
            let router_wan = host.router.as_ref().and_then(|r| r.wan.as_deref()).filter(|_| !several);
            let device = uplink.device.as_ref().map(|d| d.value.as_str()).or(router_wan);
            let device = device.unwrap_or(label.as_str()).to_owned();
            if n > 0 {
                work.not_yet(&uplink.place, format_args!("failover to uplink {label} of {site_id}; its addresses are configured, its default route is not"));
            }
            uplink_interface(work, id, uplink, &format!("uplink-{site_id}-{label}"), device, n == 0);
        }
    }
    if let Some(uplink) = &host.uplink {
        let segment = format!("uplink-{id}");
        work.segments.insert(segment.clone(), {
            let mut made = uplink_segment(segment.clone(), uplink);
            made.site = host.site.as_ref().map(|s| s.value.clone());
            made
        });
        let device = uplink.device.as_ref().map_or("wan", |d| d.value.as_str()).to_owned();
        uplink_interface(work, id, uplink, &segment, device, true);
    }
}

fn uplink_interface(
    work: &mut Work<'_>,
    id: &HostId,
    uplink: &model::Uplink,
    segment: &str,
    device: String,
    default: bool,
) {
    let kind = uplink_kind(uplink);
    let why = Why::new(&uplink.place, format!("uplink of {id}"));
    let static4 = uplink.ipv4.is_some() && uplink.gateway.is_some();
    let static6 = uplink.ipv6.is_some() && uplink.gateway6.is_some();
    let addresses: Vec<(IpNet, Why)> = uplink
        .ipv4
        .iter()
        .chain(&uplink.ipv6)
        .map(|a| (a.net(), Why::new(&a.place, format!("address of {id} on its uplink"))))
        .collect();
    let gateway = |ip: IpAddr, place: &Place| (ip, Why::new(place, format!("next hop of {id}'s uplink")));
    let mut gateways: Vec<(IpAddr, Why)> = Vec::new();
    if default {
        gateways.extend(uplink.gateway.iter().map(|g| gateway(IpAddr::V4(g.value), &g.place)));
        gateways.extend(uplink.gateway6.iter().map(|g| gateway(IpAddr::V6(g.value), &g.place)));
    }
    // A public uplink that names an address of one family only has just that one.
    let other_only = |this: bool, other: bool| !this && other;
    let has4 = uplink.ipv4.is_some() || !other_only(uplink.ipv4.is_some(), uplink.ipv6.is_some());
    let out = kind != UplinkKind::None;
    let public = match kind {
        UplinkKind::Public => uplink.ipv4.iter().chain(&uplink.ipv6).map(|a| a.ip).collect(),
        UplinkKind::Cgnat | UplinkKind::DoubleNat => uplink.ipv6.iter().map(|a| a.ip).collect(),
        UplinkKind::None => Vec::new(),
    };
    let behind_nat = matches!(kind, UplinkKind::Cgnat | UplinkKind::DoubleNat);
    let families = (out && (has4 || behind_nat), out && uplink.ipv6.is_some());
    if let Some(ground) = work.ground.get_mut(id) {
        ground.uplinks.push(OwnUplink {
            iface: device.clone(),
            segment: segment.to_owned(),
            kind,
            public,
            families,
            place: uplink.place.clone(),
        });
    }
    add(
        work,
        id,
        Interface {
            name: device,
            segment: Some(segment.to_owned()),
            addresses,
            dhcp4: families.0 && !static4,
            accept_ra: out && !static6,
            gateways,
            zone: ZoneId::new(INTERNET),
            why,
        },
    );
}

/// Interfaces a host lists by name. One without a network is on the LAN its address belongs to; otherwise
/// it leads outside: an uplink when it has a gateway, else a peering LAN.
fn named_interfaces(work: &mut Work<'_>, id: &HostId) {
    let model = work.model;
    let Some(host) = model.hosts.get(id) else { return };
    for (label, interface) in &host.interfaces {
        let nets: Vec<IpNet> = interface.ipv4.iter().chain(&interface.ipv6).map(|a| a.net()).collect();
        let segment = match &interface.network {
            Some(network) => network_segment(work, network.as_str()),
            None => work
                .segments
                .values()
                .find(|s| nets.iter().any(|n| s.prefixes.iter().any(|p| p.contains(&n.addr()))))
                .map(|s| s.name.clone())
                .unwrap_or_else(|| outside_segment(work, id, label.as_str(), interface, &nets)),
        };
        let Some(found) = work.segments.get(&segment) else {
            if let Some(network) = &interface.network
                && !model.networks.contains_key(&network.value)
            {
                work.dangling(&network.place, network.as_str());
            }
            continue;
        };
        let (kind, zone) = (found.kind, found.zone.clone());
        let addresses = interface.ipv4.iter().chain(&interface.ipv6);
        let addresses = addresses.map(|a| declared(a, &work.segments, &segment, id)).collect();
        let mut gateways: Vec<(IpAddr, Why)> = Vec::new();
        for (ip, place) in interface
            .gateway
            .iter()
            .map(|g| (IpAddr::V4(g.value), &g.place))
            .chain(interface.gateway6.iter().map(|g| (IpAddr::V6(g.value), &g.place)))
        {
            gateways.push((ip, Why::new(place, format!("next hop of {id} by {label}"))));
        }
        if let Some(ground) = work.ground.get_mut(id) {
            match kind {
                SegmentKind::Lan => ground.lans.push((segment.clone(), label.to_string())),
                SegmentKind::Uplink(uplink_kind) => ground.uplinks.push(OwnUplink {
                    iface: label.to_string(),
                    segment: segment.clone(),
                    kind: uplink_kind,
                    public: nets.iter().map(IpNet::addr).collect(),
                    families: (
                        nets.iter().any(|n| n.addr().is_ipv4()) || interface.dhcp == Some(true),
                        nets.iter().any(|n| n.addr().is_ipv6()),
                    ),
                    place: interface.place.clone(),
                }),
                SegmentKind::Peering | SegmentKind::Bridge => {}
            }
        }
        add(
            work,
            id,
            Interface {
                name: label.to_string(),
                segment: Some(segment),
                addresses,
                dhcp4: interface.dhcp == Some(true),
                accept_ra: false,
                gateways,
                zone,
                why: Why::new(&interface.place, format!("interface {label} of {id}")),
            },
        );
    }
}

fn outside_segment(
    work: &mut Work<'_>,
    host: &HostId,
    label: &str,
    interface: &model::Interface,
    nets: &[IpNet],
) -> String {
    let uplink = interface.gateway.is_some() || interface.gateway6.is_some() || interface.dhcp == Some(true);
    let (kind, name) = if uplink {
        (SegmentKind::Uplink(UplinkKind::Public), format!("uplink-{host}-{label}"))
    } else {
        (SegmentKind::Peering, format!("peering-{host}-{label}"))
    };
    let mut gateways: Vec<IpAddr> = interface.gateway.iter().map(|g| IpAddr::V4(g.value)).collect();
    gateways.extend(interface.gateway6.iter().map(|g| IpAddr::V6(g.value)));
    work.segments.insert(
        name.clone(),
        Segment {
            name: name.clone(),
            kind,
            prefixes: nets.iter().map(IpNet::trunc).collect(),
            zone: ZoneId::new(INTERNET),
            site: work.site_of(host).cloned(),
            gateways,
            place: interface.place.clone(),
        },
    );
    name
}

fn add(work: &mut Work<'_>, id: &HostId, interface: Interface) {
    if let Some(host) = work.host(id) {
        host.interfaces.push(interface);
    }
}
