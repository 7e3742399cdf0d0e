//! A service's environment: one file that systemd reads, mode 0600. Containers get it from systemd too, so
//! values are never arguments and one way of quoting serves both.

use super::filled;
use crate::cx::Cx;
use crate::out::{HEADER, Out, SECRET};
use artifact::{Text, Why};
use derive::fleet::Instance;
use engine::secret::environment_of;
use engine::service::env_file;
use model::EnvValue;
use std::collections::BTreeMap;

/// The names of its variables and the file's path; `None` when it has none.
pub(super) fn render(
    cx: &Cx<'_>,
    instance: &Instance,
    defaults: &BTreeMap<String, EnvValue>,
    why: &Why,
    out: &mut Out<'_>,
) -> Option<(Vec<String>, String)> {
    let mut variables = defaults.clone();
    variables.extend(instance.env.iter().map(|(k, v)| (k.clone(), v.clone())));
    if variables.is_empty() {
        return None;
    }
    let mut text = Text::new();
    text.line(HEADER, why);
    for (name, value) in &variables {
        match value {
            EnvValue::Text(value) => {
                let why = Why::new(&value.place, format!("environment of {}", instance.service));
                let value = if verbatim(instance) {
                    value.value.clone()
                } else {
                    filled(&value.value, &value.place, cx, instance, out)
                };
                text.line(format!("{name}=\"{}\"", escaped(&value)), &why);
            }
            EnvValue::Secret(secret) => {
                let why = Why::new(&secret.place, format!("environment of {}", instance.service));
                text.secret_line(&format!("{name}='"), &environment_of(&secret.value.0), "'", &why);
            }
        }
    }
    let path = env_file(instance.service.as_str());
    out.dir("/etc/fleetwright", (0o755, "root", "root"), false, why);
    out.dir("/etc/fleetwright/services", (0o700, "root", "root"), false, why);
    out.file("service", &path, SECRET, text, why);
    Some((variables.into_keys().collect(), path))
}

/// True when words in braces are no placeholders in the service's own texts.
pub(super) fn verbatim(instance: &Instance) -> bool {
    instance.container.as_ref().and_then(|c| c.verbatim).unwrap_or(false)
}

/// Inside double quotes of systemd's `EnvironmentFile`.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '`' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
