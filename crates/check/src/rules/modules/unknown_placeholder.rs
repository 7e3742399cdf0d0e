//! `{…}` in a module's command that refers to nothing.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::Module;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, module) in facts.fleet.modules.iter().filter(|(_, m)| m.place.is_source()) {
        let mut judge = |text: &str, place: &Place| {
            for name in placeholders(text) {
                if !known(module, name) {
                    let diagnostic = Diagnostic::error(
                        codes::UNKNOWN_PLACEHOLDER,
                        place,
                        format!("`{{{name}}}` in module `{id}` refers to nothing"),
                    );
                    let all = all(module);
                    out.push(match diag::nearest(name, all.iter().map(String::as_str)) {
                        Some(near) => diagnostic.help(format!("did you mean `{{{near}}}`?")),
                        None => diagnostic.help(format!("known here: {}", all.join(", "))),
                    });
                }
            }
        };
        for native in module.variants.native.iter() {
            native.exec.iter().chain(&native.user).for_each(|text| judge(text, &native.place));
            for file in native.files.values() {
                judge(&file.content, &file.place);
            }
        }
        for container in module.variants.container.iter() {
            container.args.iter().for_each(|text| judge(text, &container.place));
        }
    }
}

/// Texts between `{` and `}` that look like a name of ours: files have braces of their own.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).filter(|name| {
        let (kind, rest) = name.split_once('.').unwrap_or(("", name));
        ["", "port", "volume"].contains(&kind)
            && !rest.is_empty()
            && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && rest.starts_with(|c: char| c.is_ascii_lowercase())
    })
}

fn known(module: &Module, name: &str) -> bool {
    match name.split_once('.') {
        Some(("port", port)) => module.ports.contains_key(port),
        Some(("volume", volume)) => module.volumes.contains_key(volume),
        Some(_) => false,
        None => module.params.contains_key(name),
    }
}

fn all(module: &Module) -> Vec<String> {
    let params = module.params.keys().map(ToString::to_string);
    let ports = module.ports.keys().map(|p| format!("port.{p}"));
    let volumes = module.volumes.keys().map(|v| format!("volume.{v}"));
    params.chain(ports).chain(volumes).collect()
}
