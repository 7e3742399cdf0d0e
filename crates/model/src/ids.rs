//! Names with a type. A name is 1–63 characters of `a-z 0-9 -`, starting and ending with a letter or digit
//! (RFC 1123 host name label, lower case), so every one of them can be a DNS label and a file name.

use crate::codes;
use crate::decode::{Cx, Decode, wrong};
use crate::node::Node;
use crate::shape::Shape;
use diag::Diagnostic;
use std::fmt;
use std::sync::Arc;

/// Why a text is no name; `None` when it is one.
pub fn name_fault(text: &str) -> Option<&'static str> {
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() {
        Some("a name has at least one character")
    } else if text.len() > 63 {
        Some("a name has at most 63 characters")
    } else if !text.chars().all(ok) {
        Some("a name has only the characters a-z, 0-9 and -")
    } else if text.starts_with('-') || text.ends_with('-') {
        Some("a name starts and ends with a letter or digit")
    } else {
        None
    }
}

macro_rules! ids {
    ($( $(#[doc = $doc:literal])* $name:ident $kind:literal ),* $(,)?) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What it names, for messages and folder names.
            pub const KIND: &'static str = $kind;
            /// A name known to be well formed (from another typed name or a literal).
            pub fn new(text: &str) -> Self { $name(Arc::from(text)) }
            /// The name.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl std::borrow::Borrow<str> for $name { fn borrow(&self) -> &str { &self.0 } }
        impl Decode for $name {
            fn decode(node: &Node, cx: &mut Cx) -> Option<Self> { name(node, $kind, cx).map($name) }
            fn shape() -> Shape {
                Shape::Text { what: concat!("name of a ", $kind), pattern: Some("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"), bare: true }
            }
        }
    )* };
}

fn name(node: &Node, kind: &str, cx: &mut Cx) -> Option<Arc<str>> {
    let Some(text) = node.text() else { return wrong(node, &format!("the name of a {kind}"), cx) };
    match name_fault(text) {
        None => Some(Arc::from(text)),
        Some(fault) => {
            let near = text.to_lowercase().replace(['_', ' ', '.'], "-");
            let help = match name_fault(&near) {
                None => format!("{fault}; `{near}` would do"),
                Some(_) => fault.to_owned(),
            };
            cx.report.push(
                Diagnostic::error(
                    codes::BAD_NAME,
                    &node.place,
                    format!("`{text}` cannot be the name of a {kind}"),
                )
                .help(help),
            );
            None
        }
    }
}

ids! {
    /// A site.
    SiteId "site",
    /// A host.
    HostId "host",
    /// A group of hosts.
    GroupId "group",
    /// A network (one L3 segment).
    NetworkId "network",
    /// A tunnel.
    TunnelId "tunnel",
    /// A service.
    ServiceId "service",
    /// A module.
    ModuleId "module",
    /// A zone (trust level).
    ZoneId "zone",
    /// An environment.
    EnvironmentId "environment",
    /// A profile.
    ProfileId "profile",
    /// A policy.
    PolicyId "policy",
    /// A BGP neighbour of a host.
    NeighbourId "neighbour",
    /// A named thing inside another: a port, volume, uplink, export or parameter.
    Label "label",
}
