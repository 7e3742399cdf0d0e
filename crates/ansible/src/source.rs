//! One source of an inventory: a folder of them, or a file and the plugin that reads it.

use crate::data::Draft;
use crate::files::{Content, extension, join, name};
use crate::read::Loader;
use crate::{codes, ini, yaml};
use diag::{Diagnostic, Place, Report};
use py::{Kind, Node};

/// Names in a folder that are no inventories.
const IGNORED_NAMES: [&str; 3] = ["host_vars", "group_vars", "vars_plugins"];
/// Endings of names in a folder that are no inventories: `INVENTORY_IGNORE_EXTS` of ansible-core 2.19.
const IGNORED_ENDINGS: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// Deepest folder in a folder.
const MAX_DEPTH: usize = 32;

/// Reads a source into the draft.
pub(crate) fn read(loader: &Loader<'_>, path: &str, draft: &mut Draft, report: &mut Report) {
    if loader.files.get(path).is_some() {
        file(loader, path, draft, report);
    } else if loader.files.is_folder(path) && !loader.files.list(path).is_empty() {
        folder(loader, path, 0, draft, report);
    } else {
        report.push(
            Diagnostic::error(codes::SOURCE, &Place::file(path), "there is no such inventory")
                .help("an inventory is a file or a folder of them; the path counts from the fleet's folder"),
        );
    }
}

fn folder(loader: &Loader<'_>, path: &str, depth: usize, draft: &mut Draft, report: &mut Report) {
    if depth > MAX_DEPTH {
        return;
    }
    for name in loader.files.list(path) {
        let ignored = name.starts_with('.')
            || IGNORED_NAMES.contains(&name.as_str())
            || IGNORED_ENDINGS.iter().any(|ending| name.ends_with(ending));
        if ignored {
            continue;
        }
        let path = join(path, &name);
        if loader.files.get(&path).is_some() {
            file(loader, &path, draft, report);
        } else {
            folder(loader, &path, depth + 1, draft, report);
        }
    }
}

fn file(loader: &Loader<'_>, path: &str, draft: &mut Draft, report: &mut Report) {
    let place = Place::file(path);
    let extension = extension(name(path));
    if let Some(Content::Bytes(bytes)) = loader.files.get(path)
        && bytes.starts_with(b"#!")
    {
        report.push(
            Diagnostic::error(codes::PLUGIN, &place, "this inventory is a program, and none is run here")
                .help("keep what it prints: `ansible-inventory -i FILE --list --export --yaml > inventory.yaml`"),
        );
        return;
    }
    match extension {
        "" | ".yml" | ".yaml" | ".json" | ".ini" => {}
        ".toml" => {
            report.push(
                Diagnostic::error(codes::PLUGIN, &place, "a TOML inventory, which is not read here")
                    .help("`ansible-inventory -i FILE --list --export --yaml` writes it as YAML"),
            );
            return;
        }
        _ => {
            report.push(
                Diagnostic::warning(
                    codes::SOURCE,
                    &place,
                    format!("Ansible reads no inventory from a file that ends with `{extension}`"),
                )
                .help("name it .yml, .yaml, .json or .ini, or without an ending"),
            );
            return;
        }
    }
    let Some((text, marks)) = loader.text(path, report) else { return };
    if extension != ".ini" {
        let mut found = Report::new();
        let node = loader.values(path, &text, marks, &mut found);
        let is_map = node.as_ref().is_some_and(|node| matches!(node.kind, Kind::Map(_)));
        // Without an ending a file that is no YAML map may still be an INI file.
        if is_map || !extension.is_empty() {
            report.extend(found);
            if let Some(node) = node {
                tree(&node, draft, report);
            }
            return;
        }
    }
    let mut found = Report::new();
    ini::read(path, &text, marks, draft, &mut found);
    for mut diagnostic in found.items {
        if marks.secret {
            diagnostic.message = "a line of this encrypted file cannot be read".to_owned();
        }
        report.push(diagnostic);
    }
}

fn tree(node: &Node, draft: &mut Draft, report: &mut Report) {
    match &node.kind {
        Kind::Map(entries) if entries.is_empty() => empty(node, report),
        Kind::Map(_) => match node.get("plugin") {
            Some(plugin) if plugin.as_scalar().is_none_or(py::Value::truth) => {
                report.push(
                    Diagnostic::error(
                        codes::PLUGIN,
                        &plugin.place,
                        "this inventory is made by a plugin, and none is run here",
                    )
                    .help(
                        "keep what it makes: `ansible-inventory -i FILE --list --export --yaml > inventory.yaml`",
                    ),
                );
            }
            _ => yaml::read(node, draft, report),
        },
        Kind::Scalar(value) if !value.truth() => empty(node, report),
        _ => report.push(
            Diagnostic::error(codes::STRUCTURE, &node.place, "a YAML inventory is a map of groups")
                .help("start with `all:`, and `hosts:` under it"),
        ),
    }
}

fn empty(node: &Node, report: &mut Report) {
    report.push(
        Diagnostic::warning(
            codes::SOURCE,
            &node.place,
            "an empty file, from which Ansible reads no inventory",
        )
        .help("start with `all:`, and `hosts:` under it, or take the file away"),
    );
}
