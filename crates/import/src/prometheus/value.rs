//! Values as texts of one line, without secrets.

use py::{Entry, Kind, Node, Value};

/// Names of keys whose values are secrets or hold them.
pub(super) const SECRET: [&str; 10] = [
    "password",
    "bearer_token",
    "credentials",
    "client_secret",
    "basic_auth",
    "authorization",
    "oauth2",
    "tls_config",
    "api_url",
    "headers",
];

/// A value as a text of one line: keys sorted, no secrets.
pub(super) fn canonical(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(value) => scalar(value),
        Kind::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let one = |e: &Entry| {
                let key = scalar(&e.key);
                let value =
                    if SECRET.contains(&key.as_str()) { "…".to_owned() } else { canonical(&e.node) };
                format!("{key}: {value}")
            };
            let mut all: Vec<String> = entries.iter().map(one).collect();
            all.sort();
            format!("{{{}}}", all.join(", "))
        }
    }
}

/// A scalar as a text: Prometheus takes numbers and truths where it wants texts.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(truth) => truth.to_string(),
        other => without_password(py::str(other)),
    }
}

/// A URL without what stands before its `@`.
fn without_password(text: String) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => text,
    }
}
