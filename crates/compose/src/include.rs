//! `include`: other projects, each with its own folder and variables, whose parts become this one's (Compose
//! Specification, "Include").

use crate::load::{Context, Loader};
use crate::node::{Map, Node, Value};
use crate::path::{folder, join};
use crate::{codes, environment};
use diag::{Diagnostic, Place};

/// What an included project gives.
const SECTIONS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

/// Longest chain of files that include one another.
const MAX_CHAIN: usize = 64;
/// Values an included project counts as, however small: its variables and its files are read for it.
const VALUES: usize = 100;

impl Loader<'_> {
    /// Takes `include` out of a document and puts what it names in. `included` are the files that led here.
    pub(crate) fn include(&mut self, document: &mut Node, cx: &Context, included: &[String]) {
        let Some(list) = document.as_map_mut().and_then(|map| map.remove("include")) else { return };
        let Value::List(items) = list.node.value else { return };
        for item in items {
            let place = item.place.clone();
            if let Some(project) = self.included(&item, cx, included) {
                self.import(document, project, &place);
            }
        }
    }

    fn included(&mut self, item: &Node, cx: &Context, included: &[String]) -> Option<Node> {
        let place = &item.place;
        let paths = match &item.value {
            Value::Text(path) => vec![path.clone()],
            _ => texts(item.get("path")),
        };
        let Some(first) = paths.first() else {
            self.report.push(
                Diagnostic::error(codes::MISSING, place, "`include` names no file").help("say its `path`"),
            );
            return None;
        };
        let home = cx.home();
        let seen = match item.get("project_directory").and_then(Node::as_text) {
            Some(directory) => join(".", directory, home),
            None => folder(&join(".", first, home)),
        };
        let files: Vec<String> = paths.iter().map(|path| join(&cx.directory, path, home)).collect();
        if let Some(again) = files.iter().find(|file| included.contains(file)) {
            let chain = included.join(" → ");
            self.report.push(
                Diagnostic::error(
                    codes::INCLUDE_CYCLE,
                    place,
                    format!("`{again}` includes itself: {chain} → {again}"),
                )
                .help("move what they share into a file that includes none"),
            );
            return None;
        }
        if included.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} files include one another");
            self.report.push(
                Diagnostic::error(codes::INCLUDE_CYCLE, place, message).help(
                    "include what is needed where it is needed; does a link lead back to its own folder?",
                ),
            );
            return None;
        }
        if !self.budget.take(VALUES, place, self.report) {
            return None;
        }
        let directory = join(&cx.directory, &seen, None);
        let mut env_files: Vec<String> =
            texts(item.get("env_file")).iter().map(|f| join(&cx.directory, f, home)).collect();
        let default = join(&directory, ".env", None);
        if env_files.is_empty() && matches!(self.files.read(&default), Ok(Some(_))) {
            env_files.push(default);
        }
        let environment = environment::with_files(&cx.environment, &env_files, self);
        let inside = Context::new(directory, seen, environment);
        Some(self.model(&files, Some(place), &inside, included))
    }

    fn import(&mut self, document: &mut Node, project: Node, from: &Place) {
        let (Value::Map(project), Some(document)) = (project.value, document.as_map_mut()) else { return };
        for (section, things) in project {
            let Value::Map(things) = things.node.value else { continue };
            if !SECTIONS.contains(&section.as_str()) {
                continue;
            }
            if document.get(&section).is_none_or(Node::is_null) {
                document.insert(section.clone(), from, Node::new(from, Value::Map(Map::default())));
            }
            let Some(target) = document.get_mut(&section).and_then(Node::as_map_mut) else { continue };
            for (name, entry) in things {
                match target.entry(&name) {
                    None => target.insert(name, &entry.at, entry.node),
                    Some(there) if there.node.same(&entry.node) => {}
                    Some(there) => {
                        let message = format!("`{section}.{name}` is described here and in an included file");
                        self.report.push(
                            Diagnostic::error(codes::INCLUDE_CONFLICT, &there.at, message)
                                .label(&entry.at, "and here")
                                .label(from, "included here")
                                .help("change it in an override file of the `include` (`path: [file, override]`)"),
                        );
                    }
                }
            }
        }
    }
}

fn texts(node: Option<&Node>) -> Vec<String> {
    match node.map(|n| &n.value) {
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::List(items)) => items.iter().filter_map(|i| i.as_text().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
