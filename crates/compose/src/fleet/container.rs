//! How a service's container runs: what of a draft is `container:` in the model.

use super::Cx;
use super::build::{Fields, text, word};
use super::service::{duration, size, texts, words};
use crate::draft::{Restart, Said, Service};
use diag::Place;
use model::Node;
use std::net::IpAddr;

/// The settings; `mounts` are those of its paths.
pub(super) fn settings(cx: &Cx<'_>, service: &Service, mounts: Fields) -> Fields {
    let mut all = Fields::default();
    let some = |said: &Option<Said<String>>| said.as_ref().map(|one| text(&one.value, &one.place));
    let yes =
        |said: &Option<Said<bool>>| said.as_ref().filter(|one| one.value).map(|one| word("yes", &one.place));
    all.maybe("entrypoint", service.entrypoint.as_ref().and_then(words));
    all.maybe("args", service.command.as_ref().and_then(words));
    if let Some(place) = has_braces(service) {
        all.set("verbatim", word("yes", place));
    }
    all.maybe("user", some(&service.user));
    all.maybe("working-dir", some(&service.working_dir));
    all.maybe("read-only", yes(&service.read_only));
    all.maybe("init", yes(&service.init));
    all.items("cap-add", texts(&service.cap_add));
    all.items("cap-drop", texts(&service.cap_drop));
    let same_rights =
        |one: &&Said<String>| matches!(one.value.as_str(), "no-new-privileges" | "no-new-privileges:true");
    if let Some(one) = service.security_opt.iter().find(same_rights) {
        all.set("no-new-privileges", word("yes", &one.place));
    }
    all.items("devices", devices(service));
    all.extend(mounts);
    all.inner("hosts", hosts(cx, service));
    all.maybe("shm-size", service.shm_size.as_ref().map(|one| word(size(one.value), &one.place)));
    let restart = service.restart.as_ref().and_then(|one| {
        let said = match one.value {
            Restart::No => "never",
            Restart::Always | Restart::UnlessStopped => "always",
            Restart::OnFailure(_) => return None,
        };
        Some(word(said, &one.place))
    });
    all.maybe("restart", restart);
    all.maybe("stop-signal", some(&service.stop_signal));
    all.maybe("stop-grace", service.stop_grace.as_ref().map(|one| word(duration(one.value), &one.place)));
    all
}

/// `/dev/dri`, `/dev/sda:/dev/xvda:r`.
fn devices(service: &Service) -> Vec<Node> {
    let paths = service.devices.iter().filter(|device| device.value.source.starts_with('/'));
    let one = |said: &Said<crate::draft::Device>| {
        let device = &said.value;
        let all = device.permissions == "rwm";
        let mut path = device.source.clone();
        if device.target != device.source || !all {
            path = format!("{path}:{}", device.target);
        }
        if !all {
            path = format!("{path}:{}", device.permissions);
        }
        text(path, &said.place)
    };
    paths.map(one).collect()
}

/// Names it knows: what is said, and those of the services on its networks, all on this host.
fn hosts(cx: &Cx<'_>, service: &Service) -> Fields {
    const HERE: &str = "127.0.0.1";
    let mut hosts = Fields::default();
    for extra in &service.extra_hosts {
        let Some((name, address)) = extra.value.split_once('=') else { continue };
        let address = if address == "host-gateway" { HERE } else { address };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        if address.parse::<IpAddr>().is_ok() {
            hosts.set(name, word(address, &extra.place));
        }
    }
    let mut set = |name: &str, place: &Place| hosts.set(name, word(HERE, place));
    for link in &service.links {
        if let Some((_, alias)) = link.value.split_once(':') {
            set(alias, &link.place);
        }
    }
    let near = |other: &&Service| {
        let shared = other.networks.keys().any(|network| service.networks.contains_key(network));
        other.name == service.name || shared
    };
    let peers: Vec<&Service> = cx.services.iter().filter(near).collect();
    if peers.len() < 2 {
        return hosts;
    }
    for peer in peers {
        set(&peer.name, &peer.place);
        if let Some(name) = &peer.container_name {
            set(&name.value, &name.place);
        }
        for (_, on) in peer.networks.iter().filter(|(network, _)| service.networks.contains_key(*network)) {
            on.value.aliases.iter().for_each(|alias| set(alias, &on.place));
        }
    }
    hosts
}

/// A text in which the fleet would look for placeholders: `{host}`, `{port.web}`.
fn has_braces(service: &Service) -> Option<&Place> {
    let commands = [&service.command, &service.entrypoint].into_iter().flatten();
    let words = commands.flat_map(|said| said.value.iter().map(|word| (word, &said.place)));
    let values = service.env.values().filter_map(|said| Some((said.value.as_ref()?, &said.place)));
    let starts = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains('}');
    let mut all = words.chain(values);
    all.find(|(text, _)| text.split('{').skip(1).any(starts)).map(|(_, place)| place)
}
