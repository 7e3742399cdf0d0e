//! How a host is reached: Ansible's connection variables as `ssh:`, and the address where it is one of a site.

use crate::Imported;
use crate::yaml::{Map, Yaml};
use ::ansible::Host;
use ::ansible::connection::{self, Kind};
use ipnet::IpNet;
use model::Fleet;
use std::net::IpAddr;

/// Variables that may hold a way over other hosts.
pub(super) const ARGS: [&str; 2] = ["ansible_ssh_common_args", "ansible_ssh_extra_args"];

/// Variables that become `ssh:`.
pub(super) fn is_way(name: &str) -> bool {
    matches!(
        name,
        "ansible_host"
            | "ansible_ssh_host"
            | "ansible_port"
            | "ansible_ssh_port"
            | "ansible_user"
            | "ansible_ssh_user"
    ) || ARGS.contains(&name)
}

/// Where a host is and how one gets there.
pub(super) struct Reach {
    pub(super) site: Option<String>,
    pub(super) address: Option<String>,
    /// The LAN of a site that is not in the fleet yet, guessed from the address.
    pub(super) lan: Option<IpNet>,
    /// Of a host without a site.
    pub(super) uplink: Option<Yaml>,
    pub(super) ssh: Map,
    /// ssh's arguments say more than the hosts on the way: they stay variables.
    pub(super) keeps_args: bool,
}

pub(super) fn of(name: &str, own: &str, host: &Host, fleet: Option<&Fleet>, out: &mut Imported) -> Reach {
    let mut report = diag::Report::new();
    let way = connection::read(host, &mut report);
    out.report.items.extend(report.items);
    let mut reach =
        Reach { site: None, address: None, lan: None, uplink: None, ssh: Map::new(), keeps_args: false };
    // Without a word Ansible takes the host's own name.
    let dialled = way.address.as_ref().map_or(name, |fact| fact.value.as_str());
    let known = fleet.and_then(|f| f.hosts.get(own)).is_some();
    match dialled.parse::<IpAddr>() {
        Ok(ip) => match (fleet.and_then(|f| site_of(f, ip)), lan_of(ip)) {
            (Some(site), _) => (reach.site, reach.address) = (Some(site), Some(dialled.to_owned())),
            _ if known => drop(reach.ssh.set("address", dialled)),
            (None, Some(lan)) => {
                reach.site = Some(site_name(lan));
                reach.address = Some(dialled.to_owned());
                reach.lan = Some(lan);
            }
            (None, None) => {
                let mut uplink = Map::new();
                uplink.set(if ip.is_ipv4() { "ipv4" } else { "ipv6" }, dialled);
                reach.uplink = Some(uplink.into());
            }
        },
        Err(_) => {
            if is_dns_name(dialled) {
                reach.ssh.set("address", dialled);
            } else {
                let why = "it is neither a name nor an address: write where it is into `ssh: {address: …}`";
                out.note(&host.place, format!("ansible_host of {own}"), why);
            }
            if !known {
                // It has to have some way out; which one is not in an inventory.
                reach.uplink = Some("cgnat".into());
                out.note(&host.place, format!("where {own} is"), "an inventory does not say it: give it a `site`, or the uplink it has in place of `cgnat`");
            }
        }
    }
    reach.ssh.maybe("port", way.port.as_ref().map(|p| p.value));
    reach.ssh.maybe("user", way.user.as_ref().map(|u| u.value.as_str()));
    if only_jumps(host) {
        let jumps: Vec<String> = way.jumps.iter().map(|j| j.value.to_string()).collect();
        if !jumps.is_empty() {
            reach.ssh.set("jump", jumps.join(","));
        }
    } else if ARGS.iter().any(|a| host.vars.get(a).is_some()) {
        reach.keeps_args = true;
        if let Some(var) = ARGS.iter().find_map(|a| host.vars.get(a)) {
            let why = "Ansible keeps it as a variable; for Fleetwright's own connections write it into ~/.ssh/config, and a host on the way into `ssh: {jump: …}`";
            out.note(&var.origin.place, format!("arguments of ssh for {own}"), why);
        }
    }
    if let Some(kind) = way.kind.as_ref().filter(|k| !matches!(k.value, Kind::Ssh)) {
        let why =
            "Fleetwright reaches hosts by SSH, or is run on them (`--local`): the variable stays for Ansible";
        out.note(&kind.place, format!("the connection of {own}"), why);
    }
    reach
}

/// Whether the arguments of ssh say which hosts are on the way and nothing else.
fn only_jumps(host: &Host) -> bool {
    let mut texts = ARGS.iter().filter_map(|name| host.vars.get(name)).map(|var| var.node.value());
    texts.all(|value| {
        let Some(text) = value.as_str() else { return false };
        let Ok(words) = ::ansible::split_words(text) else { return false };
        let jump = |option: &str| {
            option.to_lowercase().starts_with("proxyjump=") || option.to_lowercase().starts_with("proxyjump ")
        };
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => true,
            ["-o", option] => jump(option),
            ["-J", _] => true,
            [one] => one.strip_prefix("-o").is_some_and(jump) || one.starts_with("-J"),
            _ => false,
        }
    })
}

/// Letters, digits and dashes with dots between them.
fn is_dns_name(text: &str) -> bool {
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    text.split('.').all(label)
}

/// The LAN in which an address that is no public one probably lies.
fn lan_of(ip: IpAddr) -> Option<IpNet> {
    let length = match ip {
        // RFC 1918, and RFC 6598 as some use it at home.
        IpAddr::V4(v4) if v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64) => 24,
        // RFC 4193.
        IpAddr::V6(v6) if v6.segments()[0] & 0xfe00 == 0xfc00 => 64,
        IpAddr::V4(_) | IpAddr::V6(_) => return None,
    };
    IpNet::new(ip, length).ok().map(|net| net.trunc())
}

/// `lan-10-0-0` for 10.0.0.0/24.
fn site_name(lan: IpNet) -> String {
    let text = match lan {
        IpNet::V4(net) => net.network().octets()[..3].iter().map(u8::to_string).collect::<Vec<_>>().join("-"),
        IpNet::V6(net) => {
            net.network().segments()[..4].iter().map(|s| format!("{s:x}")).collect::<Vec<_>>().join("-")
        }
    };
    format!("lan-{text}")
}

/// The one site in whose LAN an address lies.
fn site_of(fleet: &Fleet, ip: IpAddr) -> Option<String> {
    let mut sites = fleet.sites.iter().filter(|(_, site)| {
        site.lan.as_ref().is_some_and(|lan| match ip {
            IpAddr::V4(ip) => lan.ipv4.as_ref().is_some_and(|net| net.value.contains(&ip)),
            IpAddr::V6(ip) => lan.ipv6.as_ref().is_some_and(|net| net.value.contains(&ip)),
        })
    });
    let (id, _) = sites.next()?;
    sites.next().is_none().then(|| id.to_string())
}
