//! Placeholders in modules' texts: `{param}`, `{port.NAME}`, `{volume.NAME}`, `{need.SERVICE}` (address and
//! port of its first copy), `{need.SERVICE.address}`, `{need.SERVICE.port}`, `{service}`, `{host}`, `{fqdn}`,
//! `{domain}`, `{address}`. Text in double braces is copied as it is.

use crate::cx::Cx;
use derive::fleet::Instance;
use std::net::{IpAddr, SocketAddr};

/// The text with every placeholder filled in.
///
/// # Errors
/// The names that have no value.
pub(crate) fn fill(text: &str, cx: &Cx<'_>, instance: &Instance) -> Result<String, Vec<String>> {
    let mut out = String::with_capacity(text.len());
    let mut unknown = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(inner) = tail.strip_prefix("{{") {
            let end = inner.find("}}").map_or(tail.len(), |e| e + 4);
            out.push_str(&tail[..end]);
            rest = &tail[end..];
            continue;
        }
        match name(tail) {
            Some(name) => {
                match value(name, cx, instance) {
                    Some(value) => out.push_str(&value),
                    None => unknown.push(name.to_owned()),
                }
                rest = &tail[name.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    if unknown.is_empty() { Ok(out) } else { Err(unknown) }
}

/// The name of a placeholder at the start of a text: `{` letters, digits, `-` and `.` `}`.
fn name(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let name = &inner[..inner.find('}')?];
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)).then_some(name)
}

fn value(name: &str, cx: &Cx<'_>, instance: &Instance) -> Option<String> {
    if let Some(port) = name.strip_prefix("port.") {
        return Some(instance.ports.get(port)?.number.to_string());
    }
    if let Some(volume) = name.strip_prefix("volume.") {
        return instance.volumes.get(volume).cloned();
    }
    if let Some(need) = name.strip_prefix("need.") {
        let (service, part) = need.split_once('.').unwrap_or((need, ""));
        let resolved = instance.needs.iter().find(|n| n.service.as_str() == service)?;
        let (_, address, port) = resolved.targets.first()?;
        return match part {
            "" => Some(SocketAddr::new(*address, *port).to_string()),
            "address" => Some(address.to_string()),
            "port" => Some(port.to_string()),
            _ => None,
        };
    }
    if let Some(value) = instance.params.get(name) {
        return Some(value.clone());
    }
    match name {
        "service" => Some(instance.service.to_string()),
        "host" => Some(cx.host.id.to_string()),
        "fqdn" => Some(cx.host.fqdn.clone()),
        "domain" => Some(cx.fleet.domain.clone()),
        "address" => instance.listen.or(cx.host.addresses.first().copied()).map(|a: IpAddr| a.to_string()),
        _ => None,
    }
}
