//! `manage:` of a host's source.

use crate::codes;
use crate::together::together;
use crate::yaml::{Map, text};
use diag::{Diagnostic, Place, Report};
use model::NodeKind;
use std::collections::BTreeSet;

/// The source of a host with these engines in shadow; those that have a stage keep it.
///
/// # Errors
/// When the text cannot be added to without changing what is there.
pub fn in_shadow(path: &str, there: &str, engines: &BTreeSet<String>) -> Result<String, Diagnostic> {
    let mut report = Report::new();
    let node = source::yaml::parse(path, there, &mut report);
    let manage = node.as_ref().and_then(|n| n.get("manage"));
    let staged = |engine: &str| {
        let Some(NodeKind::Map(all)) = manage.map(|m| &m.kind) else { return false };
        // By `all` an engine that is not named is staged already, unless that is `manage`.
        let of = |name: &str| all.iter().find(|(k, _)| k.text == name).and_then(|(_, v)| v.text());
        of(engine).is_some() || of("all").is_some_and(|stage| stage != "manage")
    };
    let wanted: Vec<&String> = engines.iter().filter(|engine| !staged(engine)).collect();
    if wanted.is_empty() {
        return Ok(there.to_owned());
    }
    let mut stages = Map::new();
    for engine in &wanted {
        stages.set(engine.as_str(), "shadow");
    }
    let fault = |place: &Place| {
        let mut whole = Map::new();
        whole.set("manage", stages.clone());
        let line = text("", &whole);
        Diagnostic::error(codes::NO_STAGE, place, format!("`manage` of {path} cannot be added to"))
            .help(format!("write it there yourself, and import again: {}", line.trim_end()))
    };
    match manage {
        None => {
            let mut more = Map::new();
            more.set("manage", stages.clone());
            together(path, there, &text("", &more)).map_err(|_| fault(&Place::file(path)))
        }
        Some(manage) => {
            let added = add(there, manage.place.line, &wanted).ok_or_else(|| fault(&manage.place))?;
            let again = source::yaml::parse(path, &added, &mut report).filter(|_| !report.has_errors());
            let entries = again.as_ref().and_then(|n| n.get("manage")).map(|m| &m.kind);
            match entries {
                Some(NodeKind::Map(all)) if wanted.iter().all(|e| all.iter().any(|(k, _)| k.text == **e)) => {
                    Ok(added)
                }
                _ => Err(fault(&manage.place)),
            }
        }
    }
}

/// Puts the engines into `manage: {…}` on one line, or into the lines below `manage:`.
fn add(there: &str, line: u32, wanted: &[&String]) -> Option<String> {
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let mut lines: Vec<String> = there.lines().map(str::to_owned).collect();
    let head = lines.get(at)?.clone();
    let rest = head.strip_prefix("manage:")?;
    let body = rest.split(" #").next()?.trim();
    if let (true, Some(end)) = (body.starts_with('{') && body.ends_with('}'), head.find('}')) {
        let more: String = wanted.iter().map(|e| format!(", {e}: shadow")).collect();
        let more = if body == "{}" { more.trim_start_matches(", ").to_owned() } else { more };
        lines[at] = format!("{}{more}{}", &head[..end], &head[end..]);
    } else if body.is_empty() {
        let next = lines.get(at + 1)?;
        let indent = next.len() - next.trim_start().len();
        if indent == 0 {
            return None;
        }
        for (n, engine) in wanted.iter().enumerate() {
            lines.insert(at + 1 + n, format!("{}{engine}: shadow", " ".repeat(indent)));
        }
    } else {
        return None;
    }
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn staged(there: &str, engines: &[&str]) -> Result<String, Diagnostic> {
        in_shadow("hosts/a.yaml", there, &engines.iter().map(|e| (*e).to_owned()).collect())
    }

    #[test]
    fn engines_are_put_in_shadow_and_stages_that_are_there_stay() {
        let site = "site: kyiv\n";
        assert_eq!(staged(site, &["bird"]).unwrap(), "site: kyiv\nmanage: {bird: shadow}\n");
        assert_eq!(
            staged("manage: {bird: manage}  # mine\nsite: kyiv\n", &["bird", "caddy"]).unwrap(),
            "manage: {bird: manage, caddy: shadow}  # mine\nsite: kyiv\n"
        );
        assert_eq!(
            staged("manage:\n    bird: observe\nsite: kyiv\n", &["caddy"]).unwrap(),
            "manage:\n    caddy: shadow\n    bird: observe\nsite: kyiv\n"
        );
        let all = "manage: {all: observe}\n";
        assert_eq!(staged(all, &["caddy"]).unwrap(), all);
        let fault = staged("manage: {\n  bird: shadow}\nsite: x\n", &["caddy"]).unwrap_err();
        assert!(fault.help.unwrap().contains("manage: {caddy: shadow}"));
    }
}
