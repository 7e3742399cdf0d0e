//! Parts of a fleet that can be broken, and their names.

use derive::fleet::{Component, Fleet, SegmentKind};
use model::{HostId, UplinkKind};
use render::component_label as word;

/// A part of a running fleet that can be broken and healed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What alerts know: a host, service, tunnel or uplink.
    Component(Component),
    /// A cable at a host's interface.
    Link(HostId, String),
}

/// Every component that a drill breaks: hosts, copies of services, tunnels, uplinks.
pub fn parts(fleet: &Fleet) -> Vec<Component> {
    let mut all: Vec<Component> = fleet.hosts.keys().cloned().map(Component::Host).collect();
    for (id, host) in &fleet.hosts {
        all.extend(host.instances.iter().map(|i| Component::Service(i.service.clone(), id.clone())));
    }
    for link in &fleet.links {
        let [(a, _), (b, _)] = &link.ends;
        all.push(Component::Tunnel(link.tunnel.clone(), a.clone(), b.clone()));
    }
    let wired = |kind: &SegmentKind| matches!(kind, SegmentKind::Uplink(k) if *k != UplinkKind::None);
    let uplinks = fleet.segments.values().filter(|s| wired(&s.kind));
    all.extend(uplinks.map(|s| Component::Uplink(s.name.clone())));
    all
}

impl Part {
    /// The part a person names: `host/NAME`, `service/NAME[/HOST]`, `tunnel/NAME[/A/B]`, `uplink/SITE` or
    /// `uplink/SEGMENT`, `link/HOST/INTERFACE`. The kind may be left out where the name alone is clear.
    ///
    /// # Errors
    /// When nothing or more than one thing is called so, with what there is.
    pub fn named(fleet: &Fleet, text: &str) -> Result<Part, String> {
        if let Some((host, iface)) = text.strip_prefix("link/").and_then(|rest| rest.split_once('/')) {
            let known = fleet.hosts.get(host).filter(|h| h.interfaces.iter().any(|i| i.name == iface));
            let known = known.ok_or_else(|| format!("there is no interface {iface} on a host {host}"))?;
            return Ok(Part::Link(known.id.clone(), iface.to_owned()));
        }
        let all = parts(fleet);
        let mut fitting: Vec<Component> = all.iter().filter(|c| fits(fleet, c, text)).cloned().collect();
        // A host and a service may share a name; the host is meant.
        if fitting.iter().any(|c| matches!(c, Component::Host(_))) {
            fitting.retain(|c| matches!(c, Component::Host(_)));
        }
        match fitting.as_slice() {
            [one] => Ok(Part::Component(one.clone())),
            [] => Err(format!(
                "nothing in the fleet is called {text}; there are hosts, services, tunnels and uplinks, e.g. {}",
                some(&all)
            )),
            many => Err(format!("{text} could be {}", many.iter().map(word).collect::<Vec<_>>().join(", "))),
        }
    }
}

fn some(all: &[Component]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for component in all {
        let name = word(component);
        let kind = name.split('/').next().unwrap_or_default().to_owned();
        if !shown.iter().any(|s| s.starts_with(&kind)) {
            shown.push(name);
        }
    }
    shown.join(", ")
}

fn fits(fleet: &Fleet, component: &Component, text: &str) -> bool {
    let full = word(component);
    let name = full.split_once('/').map(|(_, name)| name.to_owned()).unwrap_or_default();
    let begins =
        |whole: &str| whole == text || whole.strip_prefix(text).is_some_and(|rest| rest.starts_with('/'));
    let by_site = || match component {
        Component::Uplink(segment) => {
            let site = fleet.segments.get(segment).and_then(|s| s.site.as_ref());
            site.is_some_and(|s| text == format!("uplink/{s}"))
        }
        _ => false,
    };
    begins(&full) || begins(&name) || by_site()
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Component(component) => f.write_str(&word(component)),
            Part::Link(host, iface) => write!(f, "link/{host}/{iface}"),
        }
    }
}
