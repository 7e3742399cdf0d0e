//! What the fleet knows already: hosts by address and name, services by module, modules by port.

use model::{Fleet, Host, HostId, Module, ModuleId, Placement, Service, ServiceId};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The fleet that files are brought into, asked by what those files say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub fleet: Option<&'a Fleet>,
    /// The host the file is from: what `localhost` means in it.
    pub own: &'a str,
}

impl<'a> Known<'a> {
    /// The host that a name or address of a file means.
    pub(crate) fn host(&self, text: &str) -> Option<String> {
        let text = text.trim_matches(['[', ']']);
        let ip: Option<IpAddr> = text.parse().ok();
        if matches!(text, "localhost" | "") || ip.is_some_and(|ip| ip.is_loopback() || ip.is_unspecified()) {
            return Some(self.own.to_owned());
        }
        let fleet = self.fleet?;
        if let Some(ip) = ip {
            let found = fleet.hosts.iter().find(|(_, host)| addresses(host).contains(&ip));
            return found.map(|(id, _)| id.as_str().to_owned());
        }
        // `nas`, `nas.home.example`: hosts are HOST.SITE.DOMAIN, and people leave out what they like.
        let first = text.split('.').next().unwrap_or(text).to_ascii_lowercase();
        fleet.hosts.contains_key(&HostId::new(&first)).then_some(first)
    }

    /// Whether the fleet has a host of this name.
    pub(crate) fn has_host(&self, name: &str) -> bool {
        self.fleet.is_some_and(|f| f.hosts.contains_key(&HostId::new(name)))
    }

    /// Modules by name: the fleet's, or the tool's own where there is no fleet.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&'a ModuleId, &'a Module)> {
        let all: &'a BTreeMap<ModuleId, Module> = match self.fleet {
            Some(fleet) => &fleet.modules,
            None => source::builtin::modules(),
        };
        all.iter()
    }

    /// The fleet's service of a module on a host.
    pub(crate) fn service(&self, module: &str, host: &str) -> Option<&'a ServiceId> {
        let fleet = self.fleet?;
        let runs = |s: &Service| s.module.value.as_str() == module && self.on(s, host);
        fleet.services.iter().find(|(_, s)| runs(s)).map(|(id, _)| id)
    }

    /// Whether a service may be on a host; where the tool chooses, it may.
    pub(crate) fn on(&self, service: &Service, host: &str) -> bool {
        let Some(fleet) = self.fleet else { return false };
        let names = match &service.on {
            Some(Placement::Names(names) | Placement::Each(names)) => {
                names.iter().map(|n| n.value.as_str()).collect()
            }
            Some(Placement::Any(any)) => vec![any.any.value.as_str()],
            Some(Placement::Needs(_)) | None => return true,
        };
        let member = |group: &str| {
            let listed = fleet
                .groups
                .iter()
                .any(|(id, g)| id.as_str() == group && g.hosts.iter().any(|h| h.value.as_str() == host));
            let own = fleet
                .hosts
                .get(&HostId::new(host))
                .is_some_and(|h| h.groups.iter().any(|g| g.value.as_str() == group));
            listed || own
        };
        names.iter().any(|name| *name == host || *name == "all" || member(name))
    }
}

fn addresses(host: &Host) -> Vec<IpAddr> {
    let own = host.address.iter().map(|a| a.value.ip);
    let interfaces = host.interfaces.values().flat_map(|i| i.ipv4.iter().chain(&i.ipv6)).map(|a| a.value.ip);
    let uplink = host.uplink.iter().flat_map(|u| u.ipv4.iter().chain(&u.ipv6)).map(|a| a.value.ip);
    own.chain(interfaces).chain(uplink).collect()
}
