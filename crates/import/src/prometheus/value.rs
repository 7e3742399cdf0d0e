//! Values as texts of one line, without secrets.

use py::{Entry, Kind, Node, Value};

/// Whether a key's value is a secret or holds one. Paths of files (`password_file`) do not.
pub(super) fn is_secret(key: &str) -> bool {
    const HOLD: [&str; 6] = ["credentials", "basic_auth", "authorization", "oauth2", "tls_config", "headers"];
    const NAMED: [&str; 5] = ["password", "secret", "token", "api_key", "api_url"];
    HOLD.contains(&key)
        || key.ends_with("_key")
        || (NAMED.iter().any(|part| key.contains(part)) && !key.ends_with("_file"))
}

/// A value as a text of one line: keys sorted, no secrets.
pub(super) fn canonical(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(value) => scalar(value),
        Kind::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let one = |e: &Entry| {
                let key = scalar(&e.key);
                let value = if is_secret(&key) { "…".to_owned() } else { canonical(&e.node) };
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

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_of_prometheus_and_alertmanager_are_known_by_their_keys() {
        for key in [
            "password",
            "smtp_auth_password",
            "smtp_auth_secret",
            "bearer_token",
            "bot_token",
            "slack_api_url",
            "opsgenie_api_key",
            "service_key",
            "routing_key",
            "user_key",
            "wechat_api_secret",
            "client_secret",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["password_file", "smtp_smarthost", "targets", "url", "job_name", "key_file"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
