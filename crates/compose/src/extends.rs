//! `extends`: a service that begins as another one, of the same file or another (Compose Specification, "extends").

use crate::load::{Context, Loader, section};
use crate::merge::merge;
use crate::node::{Map, Node, Value};
use crate::path::{Path, folder, join};
use crate::schema::{self, check};
use crate::{budget, codes, paths, reset};
use diag::{Diagnostic, Place};
use std::rc::Rc;

/// Longest chain of services that extend one another.
const MAX_CHAIN: usize = 64;

/// A document of another file: resets taken out, variables replaced.
pub(crate) struct Prepared {
    node: Node,
    resets: Vec<Path>,
}

/// The file whose services are extended.
struct Pool {
    services: Map,
    /// Where the file's resets and overrides stand.
    resets: Vec<Path>,
    /// Every service of the file.
    names: Vec<String>,
    /// As it is read.
    file: String,
    /// Its folder as paths in it are relative to, seen from the project's.
    folder: String,
}

/// A service that is being extended.
struct Link {
    file: String,
    service: String,
    place: Place,
}

impl Loader<'_> {
    /// Each service of a document with what it extends.
    pub(crate) fn extend_all(&mut self, document: &mut Node, file: &str, cx: &Context, resets: &[Path]) {
        let Some(services) = section(document, "services") else { return };
        if !services.iter().any(|(_, entry)| entry.node.get("extends").is_some()) {
            return;
        }
        let names: Vec<String> = services.keys().map(str::to_owned).collect();
        let mut pool = Pool {
            services: std::mem::take(services),
            resets: resets.to_vec(),
            names,
            file: file.to_owned(),
            folder: ".".to_owned(),
        };
        for name in pool.names.clone() {
            self.extended(&name, &mut pool, cx, &mut Vec::new());
        }
        if let Some(services) = section(document, "services") {
            *services = pool.services;
        }
    }

    /// The service with what it extends, which the pool then holds too.
    fn extended(&mut self, name: &str, pool: &mut Pool, cx: &Context, chain: &mut Vec<Link>) -> Option<Node> {
        let mut service = pool.services.get(name)?.clone();
        let Some(extends) = service.as_map_mut().and_then(|map| map.remove("extends")) else {
            return Some(service);
        };
        let extends = extends.node;
        let place = extends.place.clone();
        let base = extends.as_text().or_else(|| extends.get("service").and_then(Node::as_text));
        let Some(base) = base else {
            self.report.push(
                Diagnostic::error(
                    codes::MISSING,
                    &place,
                    format!("`services.{name}.extends` names no service"),
                )
                .help("say its `service`"),
            );
            pool.services.insert(name, &place, service.clone());
            return Some(service);
        };
        if self.is_cycle(name, pool, &place, chain) {
            return Some(service);
        }
        chain.push(Link { file: pool.file.clone(), service: name.to_owned(), place: place.clone() });
        let found = match extends.get("file").and_then(Node::as_text) {
            None if pool.services.contains(base) => self.extended(base, pool, cx, chain),
            None => {
                self.no_service(name, base, &place, pool);
                None
            }
            Some(file) => {
                let path = join(&pool.folder, file, cx.home());
                match self.pool(&path, base, cx, &place) {
                    Some(mut other) if other.services.contains(base) => {
                        self.extended(base, &mut other, cx, chain)
                    }
                    Some(other) => {
                        self.no_service(name, base, &place, &other);
                        None
                    }
                    None => None,
                }
            }
        };
        chain.pop();
        let found = found.filter(|found| self.budget.take(budget::of(found), &place, self.report));
        if let Some(mut found) = found {
            for path in &pool.resets {
                if let [services, of, inside @ ..] = path.as_slice()
                    && services == "services"
                    && of == name
                    && !inside.is_empty()
                {
                    reset::apply(&mut found, &[inside.to_vec()]);
                }
            }
            let mut path = vec!["services".to_owned(), name.to_owned()];
            service = merge(found, service, &mut path, self.report);
        }
        let at = pool.services.entry(name).map_or(place, |entry| entry.at.clone());
        pool.services.insert(name, &at, service.clone());
        Some(service)
    }

    fn is_cycle(&mut self, name: &str, pool: &Pool, place: &Place, chain: &[Link]) -> bool {
        let again = chain.iter().position(|link| link.file == pool.file && link.service == name);
        if again.is_none() && chain.len() < MAX_CHAIN {
            return false;
        }
        let chain = &chain[again.unwrap_or(0)..];
        let message = match again {
            Some(_) => format!("`{name}` extends itself"),
            None => {
                format!("`{name}` is at the end of more than {MAX_CHAIN} services that extend one another")
            }
        };
        let mut diagnostic = Diagnostic::error(codes::EXTENDS_CYCLE, place, message);
        for link in chain.iter().take(8) {
            diagnostic = diagnostic.label(&link.place, format!("`{}` extends here", link.service));
        }
        self.report.push(diagnostic.help("move what they share into a service that extends none"));
        true
    }

    fn no_service(&mut self, name: &str, base: &str, place: &Place, pool: &Pool) {
        let message = format!("`{name}` extends `{base}`, and {} has no such service", pool.file);
        self.report.push(
            Diagnostic::error(codes::EXTENDS, place, message)
                .help("name a service of that file")
                .suggest(base, pool.names.iter().take(200).map(String::as_str)),
        );
    }

    /// A service of another file and those it is built on there, with paths seen from the project's folder. The
    /// file's other services are not this project's business.
    fn pool(&mut self, path: &str, wanted: &str, cx: &Context, from: &Place) -> Option<Pool> {
        let file = join(&cx.directory, path, None);
        let documents = self.prepared(&file, cx, from);
        if documents.is_empty() {
            return None;
        }
        let (mut names, mut resets) = (Vec::new(), Vec::new());
        let family = family(&documents, wanted);
        let mut project = Node::map(&Place::file(file.as_str()));
        for document in documents.iter() {
            let Some(all) = document.node.get("services").and_then(Node::as_map) else { continue };
            names.extend(all.keys().map(str::to_owned));
            resets.extend(document.resets.iter().cloned());
            let mut services = Map::default();
            for name in &family {
                let Some(entry) = all.entry(name) else { continue };
                if !self.budget.take(budget::of(&entry.node), from, self.report) {
                    return None;
                }
                let mut service = entry.node.clone();
                check(&mut service, &schema::SERVICE, &format!("services.{name}"), self.report);
                services.insert(name.as_str(), &entry.at, service);
            }
            let at = &document.node.place;
            let mut part = Map::default();
            part.insert("services", at, Node::new(at, Value::Map(services)));
            reset::apply(&mut project, &document.resets);
            project = self.lay(project, Node::new(at, Value::Map(part)));
        }
        let folder = folder(path);
        paths::resolve(&mut project, &folder, cx.home());
        let services = section(&mut project, "services").map(std::mem::take).unwrap_or_default();
        Some(Pool { services, resets, names, file, folder })
    }

    /// The documents of a file whose services are extended, prepared once for each model.
    fn prepared(&mut self, file: &str, cx: &Context, from: &Place) -> Rc<[Prepared]> {
        if let Some(known) = cx.prepared.borrow().get(file) {
            return Rc::clone(known);
        }
        let mut all = Vec::new();
        for mut node in self.documents(file, Some(from)) {
            if let Some(resets) = self.prepare(&mut node, cx) {
                all.push(Prepared { node, resets });
            }
        }
        let all: Rc<[Prepared]> = all.into();
        // A file that is not there is said wherever it is named.
        if !all.is_empty() {
            cx.prepared.borrow_mut().insert(file.to_owned(), Rc::clone(&all));
        }
        all
    }
}

/// `wanted` and the services of the same file it is built on, by name.
fn family(documents: &[Prepared], wanted: &str) -> Vec<String> {
    let mut names = vec![wanted.to_owned()];
    let mut next = 0;
    while let Some(name) = names.get(next).cloned()
        && next <= MAX_CHAIN
    {
        let extends = documents.iter().filter_map(|d| d.node.at(&["services", &name, "extends"]));
        for extends in extends.filter(|extends| extends.get("file").and_then(Node::as_text).is_none()) {
            let base = extends.as_text().or_else(|| extends.get("service").and_then(Node::as_text));
            names.extend(base.filter(|base| !names.iter().any(|n| n == base)).map(str::to_owned));
        }
        next += 1;
    }
    names
}
