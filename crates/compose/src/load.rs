//! Files to one merged tree: read, interpolated, extended, reset, included, merged, in the order compose-go's
//! loader does it.

use crate::budget::{self, Budget};
use crate::canonical::canonical;
use crate::environment::Environment;
use crate::extends::Prepared;
use crate::files::Files;
use crate::merge::merge;
use crate::node::{Node, Value};
use crate::path::Path;
use crate::schema::{self, check};
use crate::unique::unique;
use crate::{codes, defaults, interpolate, paths, read, reset};
use diag::{Diagnostic, Place, Report};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What files are read with.
pub(crate) struct Loader<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) report: &'a mut Report,
    pub(crate) budget: Budget,
    /// The documents of each file that was read; nothing for one that is not there.
    parsed: HashMap<String, Option<Vec<Node>>>,
}

/// What the files of one model share.
pub(crate) struct Context {
    /// The project's folder: what paths in its files are relative to, for reading.
    pub(crate) directory: String,
    /// The same folder as its includer sees it, for the paths that are said.
    pub(crate) prefix: String,
    /// Variables.
    pub(crate) environment: Environment,
    /// Files whose services are extended, with these variables replaced.
    pub(crate) prepared: RefCell<HashMap<String, Rc<[Prepared]>>>,
}

impl Context {
    pub(crate) fn new(directory: String, prefix: String, environment: Environment) -> Context {
        Context { directory, prefix, environment, prepared: RefCell::default() }
    }
    pub(crate) fn home(&self) -> Option<&str> {
        self.environment.get("HOME").map(String::as_str)
    }
}

impl<'a> Loader<'a> {
    pub(crate) fn new(files: &'a dyn Files, report: &'a mut Report) -> Self {
        Loader { files, report, budget: Budget::new(), parsed: HashMap::new() }
    }

    /// The bytes of a file that must be there; its absence is said at `from`, where it is named.
    pub(crate) fn bytes(&mut self, file: &str, from: Option<&Place>) -> Option<Vec<u8>> {
        let why = match self.files.read(file) {
            Ok(Some(bytes)) => return Some(bytes.into_owned()),
            Ok(None) => format!("`{file}` is not there"),
            Err(why) => format!("`{file}` cannot be read: {why}"),
        };
        let named = "paths are relative to the project's folder; bring the file, or correct its name";
        self.report.push(match from {
            Some(place) => Diagnostic::error(codes::NO_FILE, place, why).help(named),
            None => Diagnostic::bare(codes::NO_FILE, why).help(named),
        });
        None
    }

    /// The documents of a file, parsed once. `from` is where it is named, if it is in a file.
    pub(crate) fn documents(&mut self, file: &str, from: Option<&Place>) -> Vec<Node> {
        match (self.parsed.get(file), from) {
            (Some(Some(known)), None) => return known.clone(),
            (Some(Some(known)), Some(at)) => {
                let values = known.iter().map(budget::of).sum();
                let room = self.budget.take(values, at, self.report);
                return if room { known.clone() } else { Vec::new() };
            }
            (Some(None), None) => return Vec::new(),
            // Each place that names a missing file is told.
            (Some(None), Some(_)) | (None, _) => {}
        }
        let read = self.bytes(file, from).map(|b| read::documents(file, &b, &mut self.budget, self.report));
        self.parsed.insert(file.to_owned(), read.clone());
        read.unwrap_or_default()
    }

    /// Files merged in their order, with defaults and with paths from `cx.prefix`. `from` is where they are named,
    /// `included` the files that led here.
    pub(crate) fn model(
        &mut self,
        files: &[String],
        from: Option<&Place>,
        cx: &Context,
        included: &[String],
    ) -> Node {
        let place = Place::file(files.first().map_or("compose.yaml", String::as_str));
        let mut project = Node::map(&place);
        for file in files {
            let mut here = included.to_vec();
            here.push(file.clone());
            for document in self.documents(file, from) {
                project = self.document(project, document, file, cx, &here);
            }
        }
        defaults::set(&mut project);
        paths::resolve(&mut project, &cx.prefix, cx.home());
        defaults::environment(&mut project, &cx.environment, &mut self.budget, self.report);
        project
    }

    fn document(
        &mut self,
        mut project: Node,
        mut document: Node,
        file: &str,
        cx: &Context,
        included: &[String],
    ) -> Node {
        let Some(resets) = self.prepare(&mut document, cx) else { return project };
        check(&mut document, &schema::PROJECT, "", self.report);
        self.extend_all(&mut document, file, cx, &resets);
        reset::apply(&mut project, &resets);
        self.include(&mut document, cx, included);
        if let Some(version) = document.as_map_mut().and_then(|map| map.remove("version")) {
            self.report.push(
                Diagnostic::warning(codes::OBSOLETE, &version.at, "`version` means nothing any more")
                    .help("leave it out"),
            );
        }
        self.lay(project, document)
    }

    /// Resets taken out and variables replaced; nothing when the document is no map.
    pub(crate) fn prepare(&mut self, document: &mut Node, cx: &Context) -> Option<Vec<Path>> {
        if document.as_map().is_none() {
            self.report.push(
                Diagnostic::error(
                    codes::EMPTY,
                    &document.place,
                    format!("a Compose file is a map, and this is {}", document.word()),
                )
                .help("it starts with `services:`"),
            );
            return None;
        }
        let resets = reset::take(document);
        let environment = &cx.environment;
        let lookup = |name: &str| environment.get(name).cloned();
        interpolate::tree(document, &lookup, &mut self.budget, self.report);
        Some(resets)
    }

    /// A document over what came before it, with short forms as long ones and lists held to their keys.
    pub(crate) fn lay(&mut self, project: Node, document: Node) -> Node {
        let mut project = merge(project, document, &mut Path::new(), self.report);
        unique(&mut project, &mut Path::new());
        canonical(&mut project, &mut self.budget, self.report);
        // A range of ports shows only now which of them stand twice.
        unique(&mut project, &mut Path::new());
        project
    }
}

/// The map under a key of a map.
pub(crate) fn section<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut crate::node::Map> {
    match node.as_map_mut()?.get_mut(key).map(|n| &mut n.value) {
        Some(Value::Map(map)) => Some(map),
        _ => None,
    }
}
