//! The fleet's own model as templates see it: `fleet.hosts[NAME]…`, with every choice made, and each value with the
//! place it was decided at. Its shape is in docs/templates.md. No secret is in it, and no value that could hold one.

use crate::failure::Failure;
use crate::keys::Keys;
use crate::{lock_file, pipeline::Checked};
use derive::Options;
use derive::fleet::{Fleet, Host, Instance, Interface, Site, WgInterface};
use diag::{Place, Report};
use model::{Label, NodeKind, Raw};
use py::{Entry, Kind, Marks, Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The model with every choice made; nothing where a choice cannot be made, which is reported.
///
/// # Errors
/// When the lock cannot be read.
pub fn node(checked: &Checked, report: &mut Report) -> Result<Option<Node>, Failure> {
    let lock = lock_file::read(&checked.folder)?.unwrap_or_default();
    let lock = Keys::of(checked).onto(lock);
    let derived = derive::derive(&checked.model, &lock, &Options::default());
    report.extend(derived.report);
    Ok(derived.fleet.map(|fleet| whole(&checked.model, &fleet)))
}

fn whole(written: &model::Fleet, fleet: &Fleet) -> Node {
    let nowhere = Place::builtin("model");
    let mut all = Dict::at(&nowhere);
    all.text("name", &nowhere, &fleet.name);
    all.text("domain", &nowhere, &fleet.domain);
    let mut hosts = Dict::at(&nowhere);
    for (id, host) in &fleet.hosts {
        hosts.put(id.as_str(), &host.place, self::host(written, host));
    }
    all.put("hosts", &nowhere, hosts.node());
    let mut sites = Dict::at(&nowhere);
    for (id, site) in &fleet.sites {
        sites.put(id.as_str(), &site.place, self::site(fleet, site));
    }
    all.put("sites", &nowhere, sites.node());
    all.put("services", &nowhere, services(fleet));
    all.put("groups", &nowhere, groups(written, fleet));
    let mut segments = Dict::at(&nowhere);
    for (name, segment) in &fleet.segments {
        let mut dict = Dict::at(&segment.place);
        dict.text("name", &segment.place, name);
        dict.put("prefixes", &segment.place, list(&segment.place, &segment.prefixes));
        dict.text("zone", &segment.place, &segment.zone);
        dict.perhaps("site", &segment.place, segment.site.as_ref());
        segments.put(name, &segment.place, dict.node());
    }
    all.put("segments", &nowhere, segments.node());
    let mut names = Dict::at(&nowhere);
    for name in &fleet.names {
        let place = &name.why.place;
        names.put(&name.name, place, list(place, &name.addresses));
    }
    all.put("names", &nowhere, names.node());
    all.node()
}

fn host(written: &model::Fleet, host: &Host) -> Node {
    let place = &host.place;
    let mut dict = Dict::at(place);
    dict.text("name", place, &host.id);
    dict.text("fqdn", place, &host.fqdn);
    dict.perhaps("site", place, host.site.as_ref());
    // An address is where the interface has it.
    let decided = |address: &std::net::IpAddr| {
        let of_interfaces = host.interfaces.iter().flat_map(|i| &i.addresses);
        let of_tunnels = host.wireguard.iter().flat_map(|w| &w.addresses);
        let mut all = of_interfaces.chain(of_tunnels);
        all.find(|(net, _)| net.addr() == *address).map_or(place, |(_, why)| &why.place)
    };
    let main = host.reach.as_ref().or(host.addresses.first());
    dict.perhaps("address", main.map_or(place, decided), main);
    let addresses = host.addresses.iter().map(|address| scalar(decided(address), address));
    dict.put("addresses", place, sequence(place, addresses));
    let mut interfaces = Dict::at(place);
    for interface in &host.interfaces {
        interfaces.put(&interface.name, &interface.why.place, self::interface(interface));
    }
    dict.put("interfaces", place, interfaces.node());
    let mut tunnels = Dict::at(place);
    for wg in &host.wireguard {
        tunnels.put(&wg.name, &wg.why.place, wireguard(wg));
    }
    dict.put("wireguard", place, tunnels.node());
    let services: BTreeMap<&str, &Place> =
        host.instances.iter().map(|i| (i.service.as_str(), &i.why.place)).collect();
    dict.put("services", place, sequence(place, services.iter().map(|(name, place)| scalar(place, name))));
    let source = written.hosts.get(&host.id);
    let groups = source.into_iter().flat_map(|h| &h.groups);
    dict.put("groups", place, sequence(place, groups.map(|g| scalar(&g.place, &g.value))));
    dict.put("vars", place, variables(place, source.map(|h| &h.vars)));
    dict.node()
}

fn interface(interface: &Interface) -> Node {
    let place = &interface.why.place;
    let mut dict = Dict::at(place);
    dict.text("name", place, &interface.name);
    dict.perhaps("segment", place, interface.segment.as_ref());
    dict.text("zone", place, &interface.zone);
    let addresses = interface.addresses.iter().map(|(net, why)| scalar(&why.place, net));
    dict.put("addresses", place, sequence(place, addresses));
    let gateways = interface.gateways.iter().map(|(address, why)| scalar(&why.place, address));
    dict.put("gateways", place, sequence(place, gateways));
    dict.node()
}

fn wireguard(wg: &WgInterface) -> Node {
    let place = &wg.why.place;
    let mut dict = Dict::at(place);
    dict.text("name", place, &wg.name);
    dict.text("tunnel", place, &wg.tunnel);
    dict.put("port", place, number(place, wg.listen_port));
    dict.put("mtu", place, number(place, Some(wg.mtu)));
    dict.text("public_key", place, &wg.public_key);
    let addresses = wg.addresses.iter().map(|(net, why)| scalar(&why.place, net));
    dict.put("addresses", place, sequence(place, addresses));
    let mut peers = Dict::at(place);
    for peer in &wg.peers {
        let place = &peer.why.place;
        let mut dict = Dict::at(place);
        dict.text("public_key", place, &peer.public_key);
        dict.perhaps("endpoint", place, peer.endpoint.as_ref());
        let allowed = peer.allowed_ips.iter().map(|(net, why)| scalar(&why.place, net));
        dict.put("allowed_ips", place, sequence(place, allowed));
        dict.put("keepalive", place, number(place, peer.keepalive_s));
        peers.put(peer.host.as_str(), place, dict.node());
    }
    dict.put("peers", place, peers.node());
    dict.node()
}

fn site(fleet: &Fleet, site: &Site) -> Node {
    let place = &site.place;
    let mut dict = Dict::at(place);
    dict.text("name", place, &site.id);
    dict.perhaps("router", place, site.router.as_ref());
    let lan = site.lan.as_ref().and_then(|lan| fleet.segments.get(lan));
    let prefixes = lan.map(|segment| segment.prefixes.as_slice()).unwrap_or_default();
    dict.put("prefixes", place, list(lan.map_or(place, |segment| &segment.place), prefixes));
    dict.put("hosts", place, list(place, &site.hosts));
    dict.node()
}

fn services(fleet: &Fleet) -> Node {
    let nowhere = Place::builtin("model");
    let mut copies: BTreeMap<&str, Vec<(&Host, &Instance)>> = BTreeMap::new();
    for host in fleet.hosts.values() {
        for instance in &host.instances {
            copies.entry(instance.service.as_str()).or_default().push((host, instance));
        }
    }
    let mut all = Dict::at(&nowhere);
    for (name, copies) in copies {
        let Some((first_host, first)) = copies.first() else { continue };
        let place = &first.place;
        let mut dict = Dict::at(place);
        dict.text("name", place, name);
        dict.text("module", place, &first.module);
        // One copy is what most services have.
        dict.perhaps("address", &first_host.place, address(first_host, first).as_ref());
        let main = first.main.as_ref().and_then(|main| first.ports.get(main)).map(|port| port.number);
        dict.put("port", &first.why.place, number(&first.why.place, main));
        let names: BTreeSet<(&str, &Place)> = (fleet.exposures.iter())
            .filter(|e| e.service.as_str() == name)
            .filter_map(|e| Some((e.name.as_deref()?, &e.place)))
            .collect();
        dict.put("names", place, sequence(place, names.iter().map(|(name, place)| scalar(place, name))));
        let mut on = Dict::at(place);
        for (host, instance) in &copies {
            on.put(host.id.as_str(), &instance.why.place, self::instance(host, instance));
        }
        dict.put("hosts", place, on.node());
        all.put(name, place, dict.node());
    }
    all.node()
}

/// Where a copy is reached.
fn address(host: &Host, instance: &Instance) -> Option<std::net::IpAddr> {
    instance.listen.or(host.reach).or(host.addresses.first().copied())
}

fn instance(host: &Host, instance: &Instance) -> Node {
    let place = &instance.why.place;
    let mut dict = Dict::at(place);
    dict.text("unit", place, &instance.unit);
    dict.text("variant", place, instance.variant.word());
    dict.perhaps("address", place, address(host, instance).as_ref());
    let mut ports = Dict::at(place);
    for (name, port) in &instance.ports {
        ports.put(name.as_str(), place, number(place, Some(port.number)));
    }
    dict.put("ports", place, ports.node());
    let mut volumes = Dict::at(place);
    for (name, path) in &instance.volumes {
        volumes.text(name.as_str(), place, path);
    }
    dict.put("volumes", place, volumes.node());
    dict.node()
}

fn groups(written: &model::Fleet, fleet: &Fleet) -> Node {
    let nowhere = Place::builtin("model");
    let mut members: BTreeMap<&str, (Place, BTreeSet<&str>)> = BTreeMap::new();
    let every = fleet.hosts.keys().map(model::HostId::as_str).collect();
    members.insert("all", (nowhere.clone(), every));
    for (name, group) in &written.groups {
        let of_group = members.entry(name.as_str()).or_insert_with(|| (nowhere.clone(), BTreeSet::new()));
        of_group.1.extend(group.hosts.iter().map(|h| h.value.as_str()));
        if let Some(first) = group.hosts.first() {
            of_group.0 = first.place.clone();
        }
    }
    for (id, host) in &written.hosts {
        for group in &host.groups {
            let of_group =
                members.entry(group.value.as_str()).or_insert_with(|| (group.place.clone(), BTreeSet::new()));
            of_group.1.insert(id.as_str());
        }
    }
    let mut dict = Dict::at(&nowhere);
    for (name, (place, members)) in &members {
        dict.put(name, place, list(place, members));
    }
    dict.node()
}

/// Variables as they are written; they are for others, and nothing is read into them.
fn variables(place: &Place, vars: Option<&BTreeMap<Label, Raw>>) -> Node {
    let mut dict = Dict::at(place);
    for (name, raw) in vars.into_iter().flatten() {
        dict.put(name.as_str(), &raw.0.place, raw_node(&raw.0));
    }
    dict.node()
}

/// A raw value as Ansible reads the same text: quoted is a text, else a number or a truth where it is one.
pub fn raw_node(node: &model::Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Null => Kind::Scalar(Value::None),
        NodeKind::Scalar { text, quoted } => {
            let mut report = Report::new();
            let read = match quoted {
                true => None,
                false => py::load(&node.place.file, text, &py::NoTags, &mut report).map(|n| n.value()),
            };
            match read {
                Some(Value::List(_) | Value::Map(_)) | None => Kind::Scalar(Value::from(text.as_str())),
                Some(scalar) => Kind::Scalar(scalar),
            }
        }
        NodeKind::List(items) => Kind::List(items.iter().map(raw_node).collect()),
        NodeKind::Map(entries) => {
            let entry = |(key, value): &(model::Key, model::Node)| Entry {
                key: Value::from(key.text.as_str()),
                place: key.place.clone(),
                node: raw_node(value),
            };
            Kind::Map(entries.iter().map(entry).collect())
        }
    };
    Node { place: node.place.clone(), marks: Marks::default(), kind }
}

/// A dict that is being filled.
struct Dict {
    place: Place,
    entries: Vec<Entry>,
}

impl Dict {
    fn at(place: &Place) -> Dict {
        Dict { place: place.clone(), entries: Vec::new() }
    }
    fn put(&mut self, key: &str, place: &Place, node: Node) {
        self.entries.push(Entry { key: Value::from(key), place: place.clone(), node });
    }
    fn text(&mut self, key: &str, place: &Place, text: impl ToString) {
        self.put(key, place, scalar(place, text));
    }
    fn perhaps(&mut self, key: &str, place: &Place, text: Option<impl ToString>) {
        let node = text.map_or_else(|| Node::scalar(place, Value::None), |text| scalar(place, text));
        self.put(key, place, node);
    }
    fn node(self) -> Node {
        Node { place: self.place, marks: Marks::default(), kind: Kind::Map(self.entries) }
    }
}

fn scalar(place: &Place, text: impl ToString) -> Node {
    Node::scalar(place, Value::from(text.to_string()))
}

fn number(place: &Place, number: Option<u16>) -> Node {
    Node::scalar(place, number.map_or(Value::None, |n| Value::Int(i128::from(n))))
}

fn sequence(place: &Place, items: impl IntoIterator<Item = Node>) -> Node {
    let kind = Kind::List(items.into_iter().collect());
    Node { place: place.clone(), marks: Marks::default(), kind }
}

fn list<T: ToString>(place: &Place, texts: impl IntoIterator<Item = T>) -> Node {
    sequence(place, texts.into_iter().map(|text| scalar(place, text)))
}
