//! Files that are a part of a service: its variables (`env_file`) and labels (`label_file`).

use crate::dotenv::{self, Format, Variables};
use crate::environment::Environment;
use crate::load::{Loader, section};
use crate::node::{Map, Node, Value};
use crate::{budget, codes, schema};
use diag::Diagnostic;

/// What `env_file` brings goes under what `environment` says.
pub(crate) fn variables(tree: &mut Node, environment: &Environment, loader: &mut Loader<'_>) {
    let Some(services) = section(tree, "services") else { return };
    for (_, entry) in services.iter_mut() {
        let Some(service) = entry.node.as_map_mut() else { continue };
        let mut all = Map::default();
        let own = service.remove("environment");
        let own = own.map(|own| (own.node.place.clone(), schema::pairs(own.node, None)));
        let files = service.remove("env_file");
        let items = files.as_ref().and_then(|f| f.node.as_list()).unwrap_or_default();
        for item in items {
            let Some(path) = item.get("path").and_then(Node::as_text) else {
                loader.report.push(
                    Diagnostic::error(codes::MISSING, &item.place, "an environment file has no `path`")
                        .help("say its `path`"),
                );
                continue;
            };
            let optional = item.get("required").is_some_and(|r| r.value == Value::Bool(false));
            if optional && matches!(loader.files.read(path), Ok(None)) {
                continue;
            }
            let format = match item.get("format").and_then(Node::as_text) {
                None => Format::Compose,
                Some("raw") => Format::Raw,
                Some(other) => {
                    let message = format!("`{other}` is not a format of environment files");
                    let help = "leave it out, or write `raw`: every value as it stands";
                    loader
                        .report
                        .push(Diagnostic::error(codes::WRONG_VALUE, &item.place, message).help(help));
                    continue;
                }
            };
            let Some(bytes) = loader.bytes(path, Some(&item.place)) else { continue };
            let text = |map: &Map, name: &str| map.get(name).and_then(Node::as_text).map(str::to_owned);
            // The project's variables, the service's own, the file's, those of files before it.
            let outer = |name: &str| environment.get(name).cloned().or_else(|| text(&own.as_ref()?.1, name));
            let before = |name: &str| text(&all, name);
            let read = dotenv::parse(
                path,
                &bytes,
                format,
                dotenv::Lookups { outer: &outer, before: &before },
                loader.report,
            );
            keep(read, &mut all, loader);
        }
        let (place, own) = own.unwrap_or_else(|| (entry.at.clone(), Map::default()));
        for (name, variable) in own {
            all.insert(name, &variable.at, variable.node);
        }
        for (name, variable) in all.iter_mut().filter(|(_, variable)| variable.node.is_null()) {
            let found = environment.get(name);
            if let Some(value) = found.and_then(|v| loader.budget.copy(v, &variable.at, loader.report)) {
                variable.node.value = Value::Text(value);
            }
        }
        if !all.is_empty() {
            service.insert("environment", &place, Node::new(&place, Value::Map(all)));
        }
    }
}

/// What `label_file` brings goes under what `labels` says.
pub(crate) fn labels(tree: &mut Node, loader: &mut Loader<'_>) {
    let Some(services) = section(tree, "services") else { return };
    for (_, entry) in services.iter_mut() {
        let Some(service) = entry.node.as_map_mut() else { continue };
        let Some(files) = service.remove("label_file") else { continue };
        let mut all = Map::default();
        for item in files.node.as_list().unwrap_or_default() {
            let Some(path) = item.as_text() else { continue };
            let Some(bytes) = loader.bytes(path, Some(&item.place)) else { continue };
            let before = |name: &str| all.get(name).and_then(Node::as_text).map(str::to_owned);
            let lookups = dotenv::Lookups { outer: &|_| None, before: &before };
            let read = dotenv::parse(path, &bytes, Format::Compose, lookups, loader.report);
            keep(read, &mut all, loader);
        }
        if let Some(own) = service.remove("labels") {
            for (name, label) in schema::pairs(own.node, Some("")) {
                all.insert(name, &label.at, label.node);
            }
        }
        service.insert("labels", &entry.at, Node::new(&entry.at, Value::Map(all)));
    }
}

/// What a file says over what was said before it. Many services may have the same file.
fn keep(read: Variables, all: &mut Map, loader: &mut Loader<'_>) {
    for (name, variable) in read {
        let place = variable.place;
        if !loader.budget.take(budget::of_text(variable.value.len()), &place, loader.report) {
            return;
        }
        all.insert(name, &place, Node::text(&place, variable.value));
    }
}
