//! The fleet as a picture: what is drawn, apart from how. `svg` and `terminal` draw it.

mod canvas;
pub mod svg;
pub mod terminal;

use derive::fleet::{Fleet, Host, SegmentKind, SessionKind};
use ipnet::IpNet;
use model::{Auth, HostId, UplinkKind};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The fleet's name.
    pub name: String,
    /// Boxes: sites, and hosts that are at none.
    pub boxes: Vec<Box>,
    /// Tunnels.
    pub tunnels: Vec<Tunnel>,
    /// What others reach.
    pub exposures: Vec<Exposure>,
    /// Routers of others with a BGP session.
    pub neighbours: Vec<Neighbour>,
}

/// A site, or a host that is at none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Box {
    /// Its name.
    pub name: String,
    /// Prefixes of its LAN.
    pub prefixes: Vec<String>,
    /// Its hosts, those at its edge first.
    pub hosts: Vec<HostBox>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostBox {
    /// Its name.
    pub name: String,
    /// Addresses others of the fleet use.
    pub addresses: Vec<String>,
    /// It routes for its site, holds an uplink, or ends a tunnel or an outside session.
    pub edge: bool,
    /// It routes for its site.
    pub router: bool,
    /// Ways to the internet.
    pub uplinks: Vec<Uplink>,
    /// What runs there.
    pub services: Vec<String>,
}

/// A way to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uplink {
    /// `public`, `cgnat`, `double-nat`.
    pub kind: &'static str,
    /// Public addresses.
    pub addresses: Vec<String>,
}

/// A tunnel and its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tunnel {
    /// Its name.
    pub name: String,
    /// Hosts at its ends.
    pub ends: Vec<String>,
    /// Addresses inside, as prefixes of its interfaces.
    pub prefixes: Vec<String>,
}

/// A name or port others reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// `photos.example.net` or `tcp/1883`.
    pub name: String,
    /// The service.
    pub service: String,
    /// `internet`, `lan` or `fleet`.
    pub audience: &'static str,
    /// Sign-in, in one word.
    pub auth: &'static str,
    /// Hosts it comes in by.
    pub entries: Vec<String>,
    /// The host of the proxy.
    pub ingress: Option<String>,
    /// Hosts of the service's copies.
    pub backends: Vec<String>,
}

/// Somebody else's router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// Its AS.
    pub asn: u32,
    /// Our role.
    pub role: &'static str,
    /// Our host.
    pub host: String,
}

impl Picture {
    /// The picture of a fleet.
    pub fn of(fleet: &Fleet) -> Picture {
        let mut ends: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for link in &fleet.links {
            let both = ends.entry(link.tunnel.as_str()).or_default();
            both.extend(link.ends.iter().map(|(host, _)| host.as_str()));
        }
        let tunnelled: BTreeSet<&str> = ends.values().flatten().copied().collect();
        let host_box = |id: &HostId| fleet.hosts.get(id).map(|h| host(fleet, h, &tunnelled));
        let mut boxes = Vec::new();
        for site in fleet.sites.values() {
            let mut hosts: Vec<HostBox> = site.hosts.iter().filter_map(host_box).collect();
            hosts.sort_by_key(|h| (!h.router, !h.edge));
            let lan = site.lan.as_ref().and_then(|l| fleet.segments.get(l));
            let prefixes = lan.map(|l| l.prefixes.iter().map(IpNet::to_string).collect()).unwrap_or_default();
            boxes.push(Box { name: site.id.to_string(), prefixes, hosts });
        }
        for lone in fleet.hosts.values().filter(|h| h.site.is_none()) {
            let hosts = host_box(&lone.id).into_iter().collect();
            boxes.push(Box { name: lone.id.to_string(), prefixes: Vec::new(), hosts });
        }
        Picture {
            name: fleet.name.clone(),
            boxes,
            tunnels: ends
                .iter()
                .map(|(name, ends)| Tunnel {
                    name: (*name).to_owned(),
                    ends: ends.iter().map(|e| (*e).to_owned()).collect(),
                    prefixes: tunnel_prefixes(fleet, name),
                })
                .collect(),
            exposures: fleet.exposures.iter().map(exposure).collect(),
            neighbours: neighbours(fleet),
        }
    }
}

fn host(fleet: &Fleet, host: &Host, tunnelled: &BTreeSet<&str>) -> HostBox {
    let mut uplinks = Vec::new();
    for interface in &host.interfaces {
        let segment = interface.segment.as_ref().and_then(|s| fleet.segments.get(s));
        if let Some(SegmentKind::Uplink(kind)) = segment.map(|s| s.kind)
            && kind != UplinkKind::None
        {
            let public = kind == UplinkKind::Public;
            let addresses = interface.addresses.iter().filter(|_| public).map(|(a, _)| a.addr().to_string());
            uplinks.push(Uplink { kind: kind.word(), addresses: addresses.collect() });
        }
    }
    let router = host
        .site
        .as_ref()
        .and_then(|s| fleet.sites.get(s))
        .is_some_and(|s| s.router.as_ref() == Some(&host.id));
    let outside = host
        .bgp
        .as_ref()
        .is_some_and(|b| b.sessions.iter().any(|s| matches!(s.kind, SessionKind::External { .. })));
    HostBox {
        name: host.id.to_string(),
        addresses: host.addresses.iter().map(IpAddr::to_string).collect(),
        edge: router || !uplinks.is_empty() || outside || tunnelled.contains(host.id.as_str()),
        router,
        uplinks,
        services: host.instances.iter().map(|i| i.service.to_string()).collect(),
    }
}

fn tunnel_prefixes(fleet: &Fleet, tunnel: &str) -> Vec<String> {
    let mut all = BTreeSet::new();
    for host in fleet.hosts.values() {
        for wg in host.wireguard.iter().filter(|w| w.tunnel.as_str() == tunnel) {
            all.extend(wg.addresses.iter().map(|(a, _)| a.trunc()));
        }
    }
    // A tunnel with a link a spoke has many; its ends tell more than their list.
    if all.len() > 2 { Vec::new() } else { all.into_iter().map(|p| p.to_string()).collect() }
}

fn exposure(e: &derive::fleet::Exposure) -> Exposure {
    let unique = |hosts: Vec<String>| hosts.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    Exposure {
        name: e.name.clone().unwrap_or_else(|| format!("{}/{}", e.proto.word(), e.port)),
        service: e.service.to_string(),
        audience: e.audience.word(),
        auth: auth(&e.auth),
        entries: unique(e.entries.iter().map(|e| e.edge.to_string()).collect()),
        ingress: e.ingress.as_ref().map(|(_, host)| host.to_string()),
        backends: unique(e.backends.iter().map(|(host, ..)| host.to_string()).collect()),
    }
}

fn auth(auth: &Auth) -> &'static str {
    match auth {
        Auth::Sso => "sso",
        Auth::OneFactor => "one-factor",
        Auth::TwoFactor => "two-factor",
        Auth::Own => "own",
        Auth::None => "none",
        Auth::Basic(_) => "basic",
    }
}

fn neighbours(fleet: &Fleet) -> Vec<Neighbour> {
    let mut all = Vec::new();
    for host in fleet.hosts.values() {
        for session in host.bgp.iter().flat_map(|b| &b.sessions) {
            if let SessionKind::External { neighbour, role } = &session.kind {
                all.push(Neighbour {
                    name: neighbour.to_string(),
                    asn: session.remote_asn,
                    role: role.word(),
                    host: host.id.to_string(),
                });
            }
        }
    }
    all
}
