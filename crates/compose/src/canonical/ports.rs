//! `[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]` (docker/go-connections, `nat`).

use crate::budget::Budget;
use crate::codes;
use crate::node::{Map, Node, Value};
use diag::{Diagnostic, Report};
use std::net::IpAddr;

/// Values a port counts as: its map, four keys and what they say.
const VALUES: usize = 9;

/// Ports as maps; a range of ports is several.
pub(super) fn long(node: Node, service: &str, budget: &mut Budget, report: &mut Report) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let text = match &item.value {
            Value::Text(_) | Value::Int(_) => item.scalar_text().unwrap_or_default(),
            _ => {
                out.push(item);
                continue;
            }
        };
        match parse(&text) {
            Ok(ports) => {
                // One port is there already; more are of the range's making.
                if ports.count() == 1 || budget.take(ports.count() * VALUES, &item.place, report) {
                    out.extend(ports.each().into_iter().map(|port| port.node(&item)));
                }
            }
            Err(why) => report.push(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    &item.place,
                    format!("port `{text}` of `{service}`: {why}"),
                )
                .help("write `PUBLISHED:TARGET`, `ADDRESS:PUBLISHED:TARGET/PROTOCOL`, or the long form"),
            ),
        }
    }
    Node::new(&node.place, Value::List(out))
}

/// What a short form says: one target or a range, published as one port, a range, or by chance.
#[derive(Debug)]
struct Ports<'t> {
    address: &'t str,
    published: Option<(u16, u16)>,
    target: (u16, u16),
    protocol: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Port {
    address: String,
    published: String,
    target: u16,
    protocol: String,
}

impl Port {
    fn node(self, from: &Node) -> Node {
        let at = &from.place;
        let mut map = Map::default();
        map.insert("mode", at, Node::text(at, "ingress"));
        if !self.address.is_empty() {
            map.insert("host_ip", at, Node::text(at, self.address));
        }
        map.insert("target", at, Node::new(at, Value::Int(self.target.into())));
        if !self.published.is_empty() {
            map.insert("published", at, Node::text(at, self.published));
        }
        map.insert("protocol", at, Node::text(at, self.protocol));
        Node::new(at, Value::Map(map))
    }
}

impl Ports<'_> {
    fn count(&self) -> usize {
        usize::from(self.target.1 - self.target.0) + 1
    }

    /// Each port, in the order docker compose prints them: as texts.
    fn each(self) -> Vec<Port> {
        let (first, last) = self.target;
        let mut ports: Vec<Port> = (first..=last)
            .map(|target| Port {
                address: self.address.to_owned(),
                published: match self.published {
                    None => String::new(),
                    // One target for the first free port of several.
                    Some((from, to)) if first == last && from != to => format!("{from}-{to}"),
                    Some((from, _)) => (from + (target - first)).to_string(),
                },
                target,
                protocol: self.protocol.clone(),
            })
            .collect();
        ports.sort_by_cached_key(|port| port.target.to_string());
        ports
    }
}

fn parse(text: &str) -> Result<Ports<'_>, String> {
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((rest, protocol)) => (rest, protocol.to_lowercase()),
        None => (text, "tcp".to_owned()),
    };
    if !is_protocol(&protocol) {
        return Err(format!("`{protocol}` is not tcp, udp or sctp"));
    }
    let (rest, target) = rest.rsplit_once(':').unwrap_or(("", rest));
    // An address may have colons of its own: what stands before the last of the rest.
    let (address, published) = rest.rsplit_once(':').unwrap_or(("", rest));
    let address = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    if !address.is_empty() && !is_address(address) {
        return Err(format!("`{address}` is not an address"));
    }
    if target.is_empty() {
        return Err("there is no target".to_owned());
    }
    let (first, last) = range(target)?;
    let published = if published.is_empty() { None } else { Some(range(published)?) };
    if let Some((from, to)) = published
        && to - from != last - first
        && first != last
    {
        return Err(format!(
            "{} published ports for {}",
            u32::from(to - from) + 1,
            u32::from(last - first) + 1
        ));
    }
    Ok(Ports { address, published, target: (first, last), protocol })
}

/// A port, or two with `-` between them; both the same for one.
pub(crate) fn range(text: &str) -> Result<(u16, u16), String> {
    let port = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits).ok_or_else(|| format!("`{text}` is not a port"))
    };
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (port(from)?, port(to)?),
        None => (port(text)?, port(text)?),
    };
    if to < from { Err(format!("`{text}` runs backwards")) } else { Ok((from, to)) }
}

/// True for an address of the host.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// True for what docker publishes.
pub(crate) fn is_protocol(text: &str) -> bool {
    matches!(text, "tcp" | "udp" | "sctp")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Err(why) => why,
            Ok(ports) => ports
                .each()
                .iter()
                .map(|p| format!("{}|{}|{}/{}", p.address, p.published, p.target, p.protocol))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn each_form() {
        for (text, expected) in [
            ("80", "||80/tcp"),
            ("8080:80", "|8080|80/tcp"),
            ("127.0.0.1:8080:80/udp", "127.0.0.1|8080|80/udp"),
            ("127.0.0.1::80", "127.0.0.1||80/tcp"),
            ("[::1]:8080:80", "::1|8080|80/tcp"),
            ("9-11", "||10/tcp ||11/tcp ||9/tcp"),
            ("8000-8001:80-81", "|8000|80/tcp |8001|81/tcp"),
            ("8000-8010:80", "|8000-8010|80/tcp"),
            ("80/TCP", "||80/tcp"),
            ("8000-8010:80-81", "11 published ports for 2"),
            ("80/icmp", "`icmp` is not tcp, udp or sctp"),
            ("x:80", "`x` is not a port"),
            ("+80", "`+80` is not a port"),
            ("65536", "`65536` is not a port"),
            ("host:80:80", "`host` is not an address"),
            ("80:", "there is no target"),
            ("2-1", "`2-1` runs backwards"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
