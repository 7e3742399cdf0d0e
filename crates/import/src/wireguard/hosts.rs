//! The hosts and sites that tunnels tell of.

use super::ends::End;
use super::parse::Endpoint;
use super::tunnel::Tunnel;
use crate::ledger::Ledger;
use crate::yaml::{Map, Yaml};
use crate::{Imported, Input, codes};
use diag::Diagnostic;
use ipnet::IpNet;
use model::HostId;
use std::collections::BTreeSet;
use std::net::IpAddr;

impl Tunnel<'_> {
    /// Hosts and their sites, but for those that the fleet has.
    pub(super) fn hosts(
        &self,
        input: &Input<'_>,
        ledger: &mut Ledger,
        out: &mut Imported,
        done: &mut BTreeSet<String>,
    ) {
        for (key, end) in &self.group.ends {
            let lan = self.lan(key);
            let known = input.fleet.and_then(|f| f.hosts.get(&HostId::new(&end.host)));
            let public = self.endpoints(input, end, known.is_some(), ledger);
            if known.is_some() {
                self.known(input, end, &lan, ledger);
                continue;
            }
            if !done.insert(end.host.clone()) {
                continue;
            }
            let mut uplink = Map::new();
            for ip in &public {
                uplink.set(if ip.is_ipv4() { "ipv4" } else { "ipv6" }, ip.to_string());
            }
            let named = end.endpoints.iter().any(|e| matches!(e.value, Endpoint::Name(..)));
            let uplink: Option<Yaml> = match (uplink.is_empty(), end.dialled || named) {
                (false, _) => Some(uplink.into()),
                (true, true) => None,
                // Nobody dials it: it comes in from somewhere, which is what the word means.
                (true, false) => Some("cgnat".into()),
            };
            if uplink.is_none() {
                let place = end.config.and_then(|n| self.configs.get(n)).map(|c| c.place.clone());
                let place = place.unwrap_or_else(|| self.group.place(self.configs));
                let message = format!("others dial {}, and where is in none of the files", end.host);
                out.fault(
                    Diagnostic::warning(codes::WG_MISSING, &place, message)
                        .help("write its public address as its `uplink`, or its site's"),
                );
            }
            let (mut host, mut site) = (Map::new(), Map::new());
            let head = if end.config.is_some() {
                "Described by its WireGuard file only: groups, interfaces and services are still to be written."
            } else {
                "Known from a peer's WireGuard file only: nobody has looked at it."
            };
            let holder = if lan.is_empty() { &mut host } else { &mut site };
            match uplink {
                Some(uplink) => {
                    holder.set("uplink", uplink);
                }
                None => {
                    holder.comment(
                        None,
                        "Where it can be reached is in none of the files: write its `uplink`.",
                    );
                }
            }
            if !lan.is_empty() {
                let name = site_name(&end.host);
                let nets: Vec<(&str, String)> = lan
                    .iter()
                    .map(|n| (if n.addr().is_ipv4() { "ipv4" } else { "ipv6" }, n.to_string()))
                    .collect();
                let mut prefixes = Map::new();
                for (family, net) in nets {
                    prefixes.set(family, net);
                }
                site.set("lan", prefixes).set("router", end.host.as_str());
                host.set("site", name.as_str());
                out.file(
                    format!("sites/{name}.yaml"),
                    crate::yaml::text("The place behind a WireGuard end.", &site),
                );
            }
            out.file(format!("hosts/{}.yaml", end.host), crate::yaml::text(head, &host));
        }
    }

    /// Public addresses of an end, from where others dial it.
    fn endpoints(&self, input: &Input<'_>, end: &End, known: bool, ledger: &mut Ledger) -> BTreeSet<IpAddr> {
        let mut out: BTreeSet<IpAddr> = BTreeSet::new();
        for said in &end.endpoints {
            match &said.value {
                Endpoint::Name(name, _) => {
                    let why = format!(
                        "an uplink has addresses: write what {name} resolves to as the uplink of {}",
                        end.host
                    );
                    ledger.note(said.id, why);
                }
                Endpoint::Address(a) if !public(a.ip()) => {
                    ledger.note(
                        said.id,
                        "ends on one LAN are dialled at their addresses there: write its `address`",
                    );
                }
                Endpoint::Address(a) if known => {
                    let ip = a.ip();
                    if !uplinks(input, &end.host).contains(&ip) {
                        ledger.note(
                            said.id,
                            format!("the fleet has {}, and {ip} is none of its uplinks", end.host),
                        );
                    } else {
                        ledger.note(said.id, format!("the fleet says so: {ip} is an uplink of {}", end.host));
                    }
                }
                Endpoint::Address(a) => {
                    if out.iter().all(|o| o.is_ipv4() != a.ip().is_ipv4() || *o == a.ip()) {
                        ledger.carried(said.id, a.ip().to_string());
                        out.insert(a.ip());
                    } else {
                        ledger.note(
                            said.id,
                            "a further address of the same family: a site can have several uplinks by name",
                        );
                    }
                }
            }
        }
        out
    }

    /// What the files say of a host that the fleet has already.
    fn known(&self, input: &Input<'_>, end: &End, lan: &[IpNet], ledger: &mut Ledger) {
        let Some(fleet) = input.fleet else { return };
        let site = fleet.hosts.get(&HostId::new(&end.host)).and_then(|h| h.site.as_ref());
        let has = site.and_then(|s| fleet.sites.get(&s.value)).and_then(|s| s.lan.as_ref());
        let has: Vec<IpNet> = has
            .map(|l| {
                let v4 = l.ipv4.as_ref().map(|n| IpNet::V4(n.value));
                v4.into_iter().chain(l.ipv6.as_ref().map(|n| IpNet::V6(n.value))).collect()
            })
            .unwrap_or_default();
        for link in self.group.links.iter().filter(|l| self.end(&l.to).is_some_and(|e| e.host == end.host)) {
            let peer = self.configs.get(link.config).and_then(|c| c.peers.get(link.peer));
            for said in peer.into_iter().flat_map(|p| &p.allowed) {
                if lan.contains(&said.value.trunc()) && !has.contains(&said.value.trunc()) {
                    let why = format!(
                        "the fleet's files do not have {} as the LAN of {}",
                        said.value.trunc(),
                        end.host
                    );
                    ledger.note(said.id, why);
                }
            }
        }
    }
}

/// Public addresses the fleet has for a host: its own uplink's, and those of the site it routes for.
fn uplinks(input: &Input<'_>, host: &str) -> BTreeSet<IpAddr> {
    let Some((fleet, host)) = input.fleet.and_then(|f| Some((f, f.hosts.get(&HostId::new(host))?))) else {
        return BTreeSet::new();
    };
    let site = host.site.as_ref().and_then(|s| fleet.sites.get(&s.value)).and_then(|s| s.uplink.as_ref());
    let all = host.uplink.iter().chain(site.iter().flat_map(|u| u.0.values()));
    all.flat_map(|u| u.ipv4.iter().chain(&u.ipv6)).map(|a| a.value.ip).collect()
}

/// Whether an address can be dialled from the internet; those of documentation count, examples are written in them.
fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            !(ip.is_loopback() || ip.is_unspecified() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80)
        }
    }
}

/// The site a router stands at: `kyiv` of `kyiv-gw`.
fn site_name(host: &str) -> String {
    const ROUTER: [&str; 6] = ["-gw", "-router", "-gateway", "-rt", "-fw", "-wg"];
    ROUTER.iter().find_map(|end| host.strip_suffix(end)).map_or_else(|| format!("{host}-site"), str::to_owned)
}
