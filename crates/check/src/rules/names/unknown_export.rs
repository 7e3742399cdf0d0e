//! A mount of a folder that no service exports.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for mount in svc.service.mounts.values() {
            let error = |message| Diagnostic::error(codes::UNKNOWN_EXPORT, &mount.place, message);
            let Some((from, export)) = mount.split_once('/') else {
                out.push(
                    error(format!("`{}` is not SERVICE/EXPORT", mount.value))
                        .help("for example `media-share/media`"),
                );
                continue;
            };
            let Some(other) = facts.service(from) else {
                let names = facts.by_service.keys().copied();
                out.push(error(format!("no service is named `{from}`")).suggest(from, names));
                continue;
            };
            let exports = &other.service.exports;
            if exports.contains_key(export) {
                continue;
            }
            let names: Vec<&str> = exports.keys().map(|e| e.as_str()).collect();
            let diagnostic = error(format!("service `{from}` exports nothing named `{export}`"));
            out.push(match diag::nearest(export, names.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None if names.is_empty() => diagnostic.help("add it to its `exports`"),
                None => diagnostic.help(format!("its exports: {}", names.join(", "))),
            });
        }
    }
}
