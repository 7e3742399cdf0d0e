//! One service: image, ports, needs, variables, health, limits, labels.

use super::build::{Fields, list, text, word};
use super::mounts::Mounts;
use super::{Cx, container, names};
use crate::draft::{Health, NotCarried, Said, Service, Weight};
use diag::Place;
use model::Node;

/// What `services/NAME.yaml` would say.
pub(super) fn node(
    cx: &Cx<'_>,
    service: &Service,
    name: &str,
    mounts: &Mounts,
    out: &mut Vec<NotCarried>,
) -> Node {
    let mut all = Fields::default();
    all.set("module", word("container", &service.place));
    all.maybe("image", service.image.as_ref().map(|image| text(&image.value, &image.place)));
    all.items("needs", needs(cx, service, out));
    all.inner("ports", ports(service));
    let mounted = mounts.of_service(cx, service, out);
    all.inner("volumes", mounted.volumes);
    let mut env = Fields::default();
    for (variable, value) in &service.env {
        if let Some(value_text) = &value.value {
            env.set(variable, text(value_text, &value.place));
        }
    }
    all.inner("env", env);
    all.maybe("health", service.health.as_ref().and_then(|h| health(service, h, name, out)));
    all.inner("limits", limits(service));
    let mut labels = Fields::default();
    for (label, value) in &service.labels {
        if model::ids::name_fault(label).is_none() {
            labels.set(label, text(&value.value, &value.place));
        }
    }
    all.inner("labels", labels);
    all.inner("container", container::settings(cx, service, mounted.container));
    all.node(&service.place)
}

/// Every port of the services it depends on. One that says no port cannot be needed, which is told: on the same host
/// it is reached all the same.
fn needs(cx: &Cx<'_>, service: &Service, out: &mut Vec<NotCarried>) -> Vec<Node> {
    let mut all = Vec::new();
    for (other, need) in &service.needs {
        let Some((name, there)) = cx.names.get(other).zip(cx.services.iter().find(|s| s.name == *other))
        else {
            continue;
        };
        let place = &need.place;
        match ports(there).names().as_slice() {
            [] => {
                let key = format!("depends_on.{other}");
                let of_this = NotCarried::of(&service.name, &key, place, Weight::Light, NO_PORT);
                let same = |n: &NotCarried| n.what == of_this.what && n.place == of_this.place;
                // What else is lightly said of it is about a need.
                out.retain(|n| !same(n) || n.weight == Weight::Heavy);
                if !out.iter().any(same) {
                    out.push(of_this);
                }
            }
            [_] => all.push(word(name, place)),
            several => all.extend(several.iter().map(|port| {
                let mut fields = Fields::default();
                fields.set("service", word(name, place));
                fields.set("port", word(port, place));
                fields.node(place)
            })),
        }
    }
    all
}

/// Why a service without ports is no need.
const NO_PORT: &str =
    "it says no port, so that nothing waits for its start; `expose: [PORT]` there makes it a need";

/// Published ports, and those that other containers reach: both are the container's own.
fn ports(service: &Service) -> Fields {
    let mut ports = Fields::default();
    let mut taken = Vec::new();
    let mut add = |name: String, number: u16, protocol: &str, place: &Place, reason: String| {
        if protocol == "sctp" || number == 0 || taken.contains(&(number, protocol.to_owned())) {
            return;
        }
        taken.push((number, protocol.to_owned()));
        let port = if protocol == "udp" { format!("udp/{number}") } else { number.to_string() };
        let mut fields = Fields::default();
        fields.set("port", word(port, place));
        fields.set("reason", text(reason, place));
        let name = if ports.has(&name) { names::of_number(number, protocol) } else { name };
        ports.set(name, fields.node(place));
    };
    for port in &service.ports {
        let at = format!("published by {}:{}", port.place.file, port.place.line);
        add(names::port(&port.value), port.value.target, &port.value.protocol, &port.place, at);
    }
    for exposed in &service.expose {
        let at = format!("open to other containers by {}:{}", exposed.place.file, exposed.place.line);
        for (number, protocol) in names::exposed(exposed) {
            add(names::of_number(number, protocol), number, protocol, &exposed.place, at.clone());
        }
    }
    ports
}

/// A check in the container: podman runs it there.
fn health(service: &Service, said: &Said<Health>, name: &str, out: &mut Vec<NotCarried>) -> Option<Node> {
    let Said { value: health, place } = said;
    let (kind, rest) = health.test.split_first()?;
    let words: Vec<String> = match kind.as_str() {
        "NONE" => return None,
        "CMD-SHELL" => {
            ["/bin/sh", "-c"].into_iter().map(str::to_owned).chain(rest.first().cloned()).collect()
        }
        _ => rest.to_vec(),
    };
    if words.is_empty() || health.disabled {
        return None;
    }
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    let mut fields = Fields::default();
    fields.set("script", text(format!("podman exec {name} {}", words.join(" ")), place));
    // docker compose waits 30 s between two checks when it is not said; only where that is wanted is it said.
    let (mut every, timeout) = (health.interval, health.timeout);
    if let Some(timeout) = timeout
        && every.unwrap_or(30_000_000_000) < timeout
    {
        let why = "a check may not take longer than its turn: its turns are as long as it may take";
        out.push(NotCarried::of(&service.name, "healthcheck.interval", place, Weight::Light, why));
        every = Some(timeout);
    }
    let every = every.or_else(|| timeout.map(|_| 30_000_000_000));
    fields.maybe("every", every.map(|time| word(duration(time), place)));
    fields.maybe("timeout", timeout.map(|time| word(duration(time), place)));
    Some(fields.node(place))
}

fn limits(service: &Service) -> Fields {
    let mut limits = Fields::default();
    if let Some(cpus) = service.limits.cpus.as_ref().filter(|cpus| cpus.value > 0.0 && cpus.value < 65536.0) {
        limits.set("cpu", word(format!("{:.0}", cpus.value.ceil()), &cpus.place));
    }
    if let Some(memory) = service.limits.memory.as_ref().filter(|memory| memory.value > 0) {
        limits.set("memory", word(size(memory.value), &memory.place));
    }
    limits
}

/// Bytes as the language writes them, with the largest unit that divides them.
pub(super) fn size(bytes: u64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

/// Nanoseconds as the language writes them; at least a millisecond.
pub(super) fn duration(nanoseconds: i128) -> String {
    let ms = u64::try_from(nanoseconds / 1_000_000).unwrap_or(0).max(1);
    model::Seconds { ms }.to_string()
}

/// A word as a shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Texts with their places as a list.
pub(super) fn texts(said: &[Said<String>]) -> Vec<Node> {
    said.iter().map(|one| text(&one.value, &one.place)).collect()
}

/// Words said at one place as a list.
pub(super) fn words(said: &Said<Vec<String>>) -> Option<Node> {
    let items: Vec<Node> = said.value.iter().map(|one| text(one, &said.place)).collect();
    (!items.is_empty()).then(|| list(items, &said.place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_language() {
        assert_eq!(
            (size(64 << 20), size(1 << 30), size(1000)),
            ("64MiB".into(), "1GiB".into(), "1000B".into())
        );
        assert_eq!((duration(90_000_000_000), duration(1)), ("90s".to_owned(), "1ms".to_owned()));
    }

    #[test]
    fn a_word_reaches_the_container_as_it_is() {
        assert_eq!(shell_word("http://localhost:80/a"), "http://localhost:80/a");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }
}
