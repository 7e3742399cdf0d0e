//! `[SOURCE:]TARGET[:OPTIONS]` (compose-go, `format/volume.go`).

use crate::codes;
use crate::node::{Map, Node, Value};
use crate::path::clean;
use diag::{Diagnostic, Report};

/// Mounts as maps.
pub(super) fn long(node: Node, service: &str, report: &mut Report) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut out = Vec::with_capacity(items.len());
    for mut item in items {
        if let Value::Text(text) = &item.value {
            match parse(text) {
                Ok(mount) => out.push(mount.node(&item)),
                Err(why) => report.push(
                    Diagnostic::error(
                        codes::WRONG_VALUE,
                        &item.place,
                        format!("mount `{text}` of `{service}`: {why}"),
                    )
                    .help("write `SOURCE:TARGET`, `SOURCE:TARGET:ro`, or the long form"),
                ),
            }
            continue;
        }
        if let Some(map) = item.as_map_mut()
            && let Some(target) = map.get_mut("target")
            && let Value::Text(text) = &mut target.value
            && !text.is_empty()
        {
            *text = clean(text);
        }
        out.push(item);
    }
    Node::new(&node.place, Value::List(out))
}

/// The target of a short form; nothing when it cannot be read.
pub(crate) fn target(text: &str) -> Option<String> {
    parse(text).ok().map(|mount| mount.target)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Mount {
    source: String,
    target: String,
    read_only: bool,
    nocopy: bool,
    propagation: Option<String>,
    selinux: Option<String>,
}

impl Mount {
    fn node(self, from: &Node) -> Node {
        let at = &from.place;
        let text = |value: &str| Node::text(at, value);
        let mut map = Map::default();
        let bind = self.source.starts_with(['.', '/', '~', '\\']) || is_drive(&self.source);
        map.insert("type", at, text(if bind { "bind" } else { "volume" }));
        if !self.source.is_empty() {
            map.insert("source", at, text(&self.source));
        }
        map.insert("target", at, text(&self.target));
        if self.read_only {
            map.insert("read_only", at, Node::new(at, Value::Bool(true)));
        }
        let mut options = Map::default();
        if let Some(propagation) = &self.propagation {
            options.insert("propagation", at, text(propagation));
        }
        if let Some(selinux) = &self.selinux {
            options.insert("selinux", at, text(selinux));
        }
        if bind {
            // The short form makes a folder that is not there.
            options.insert("create_host_path", at, Node::new(at, Value::Bool(true)));
        }
        if bind || !options.is_empty() {
            map.insert("bind", at, Node::new(at, Value::Map(options)));
        }
        if !bind {
            let mut options = Map::default();
            if self.nocopy {
                options.insert("nocopy", at, Node::new(at, Value::Bool(true)));
            }
            map.insert("volume", at, Node::new(at, Value::Map(options)));
        }
        Node::new(at, Value::Map(map))
    }
}

/// `c:\…`: a drive of Windows.
fn is_drive(source: &str) -> bool {
    let mut chars = source.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':')
}

fn parse(text: &str) -> Result<Mount, &'static str> {
    let mut mount = Mount::default();
    match text.len() {
        0 => return Err("it is empty"),
        1 | 2 => {
            mount.target = text.to_owned();
            return Ok(mount);
        }
        _ => {}
    }
    let mut parts = Vec::new();
    let mut part = String::new();
    for c in text.chars() {
        let drive = part.chars().count() == 1 && part.starts_with(char::is_alphabetic);
        if c == ':' && !drive {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    if parts.iter().any(String::is_empty) {
        return Err("nothing stands between two colons");
    }
    let mut parts = parts.into_iter();
    let (first, second, options, more) = (parts.next(), parts.next(), parts.next(), parts.next());
    if more.is_some() {
        return Err("there are too many colons");
    }
    let first = first.unwrap_or_default();
    (mount.source, mount.target) = match second {
        None => (String::new(), first),
        Some(target) => (first, target),
    };
    for option in options.unwrap_or_default().split(',') {
        match option {
            "ro" => mount.read_only = true,
            "rw" => mount.read_only = false,
            "nocopy" => mount.nocopy = true,
            "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => {
                mount.propagation = Some(option.to_owned());
            }
            "z" | "Z" => mount.selinux = Some(option.to_owned()),
            // docker compose passes over what it does not know.
            _ => {}
        }
    }
    mount.target = clean(&mount.target);
    Ok(mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        let mount = |source: &str, target: &str| Mount {
            source: source.to_owned(),
            target: target.to_owned(),
            ..Mount::default()
        };
        assert_eq!(parse("/data"), Ok(mount("", "/data")));
        assert_eq!(parse("data:/data/"), Ok(mount("data", "/data")));
        assert_eq!(parse("./a:/b:ro"), Ok(Mount { read_only: true, ..mount("./a", "/b") }));
        let options =
            Mount { selinux: Some("Z".into()), propagation: Some("rshared".into()), ..mount("/a", "/b") };
        assert_eq!(parse("/a:/b:rw,Z,rshared"), Ok(options));
        assert_eq!(parse("C:\\a:/b"), Ok(mount("C:\\a", "/b")));
        for text in ["", "aa::b", ":/a", "aa:/b:ro:x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
