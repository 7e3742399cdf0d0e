//! One job to one file.

use crate::codes;
use crate::files::{Entry, Files};
use crate::job::{Host, Job, Layout, Style};
use ansible::{Origin, Var, Vars};
use diag::{Diagnostic, Place, Report};
use jinja::{Engine, FileKind, Res, Value, Variables, World, simple};
use py::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Permission bits of a rendered file.
const RENDERED: u32 = 0o644;
/// What makes a script executable.
const EXECUTABLE: u32 = 0o111;

/// A file that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Where it goes.
    pub target: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Its permission bits.
    pub mode: u32,
    /// Something in it was encrypted.
    pub secret: bool,
    /// What it was made from.
    pub template: String,
    /// What the template read, by name.
    pub reads: Vec<Read>,
}

/// A variable that a template read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The way into it, as it was walked: `hosts.core.address`, `ports[0]`.
    pub path: String,
    /// Who says so; nothing for what the tool itself gives.
    pub origin: Option<Origin>,
    /// Who else said something, and lost.
    pub shadowed: Vec<Origin>,
}

/// What templates see beside a host's own variables, weakest.
#[derive(Clone, Default)]
pub struct Scope {
    /// By name: `hostvars`, `groups`.
    pub values: Vec<(Arc<str>, Value)>,
    /// Names of those that hold something encrypted.
    pub secrets: BTreeSet<Arc<str>>,
    /// Variables of files that belong to no host.
    pub whole: Vars,
}

/// A tree that is ready to be rendered.
pub struct Renderer<'r> {
    files: &'r Files,
    layout: &'r Layout,
    hosts: &'r [Host<'r>],
    scope: &'r Scope,
    /// Of each host, as templates see them; then those of no host.
    variables: Vec<Variables>,
    engine: Option<Engine>,
    /// Templates that were read, by their names in the tree.
    loaded: Arc<Mutex<BTreeSet<String>>>,
}

impl<'r> Renderer<'r> {
    /// Reads nothing yet: templates are read when they are needed, each once.
    pub fn new(
        files: &'r Files,
        layout: &'r Layout,
        hosts: &'r [Host<'r>],
        scope: &'r Scope,
    ) -> Renderer<'r> {
        let loaded = Arc::new(Mutex::new(BTreeSet::new()));
        let engine = match &layout.style {
            Style::Jinja(options) => {
                let texts: BTreeMap<String, Arc<str>> = files
                    .under(&layout.templates)
                    .filter_map(|(name, entry)| match entry {
                        Entry::File { bytes, .. } => {
                            Some((name.to_owned(), Arc::from(std::str::from_utf8(bytes).ok()?)))
                        }
                        Entry::Other(_) => None,
                    })
                    .collect();
                let loaded = Arc::clone(&loaded);
                Some(Engine::with_loader(options.clone(), move |name| {
                    let text = texts.get(name)?;
                    loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
                    Some(Arc::clone(text))
                }))
            }
            Style::Simple(_) => None,
        };
        let base = Variables::new().with_values(scope.values.iter().cloned());
        let of = |vars: &Vars, host: Option<&str>| {
            let base = base.clone();
            match host {
                Some(host) if layout.templated_values => base
                    .of_host(host)
                    .with_templated(vars.iter().map(|(name, var)| (name, var.node.as_ref())), None),
                _ => base.with(&vars.to_map()),
            }
        };
        let mut variables: Vec<Variables> = hosts.iter().map(|host| of(host.vars, Some(host.name))).collect();
        variables.push(of(&scope.whole, None));
        Renderer { files, layout, hosts, scope, variables, engine, loaded }
    }

    /// Templates that were read so far, by their names in the tree.
    pub fn loaded(&self) -> BTreeSet<String> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a file. With a fault there is none, and the report says why.
    pub fn make(&self, job: &Job, world: &dyn World, report: &mut Report) -> Option<Made> {
        let Some(Entry::File { bytes, mode }) = self.files.get(&job.template) else { return None };
        let (bytes, mode, reads, secret) = if job.rendered {
            let vars = job.host.and_then(|n| self.hosts.get(n)).map_or(&self.scope.whole, |host| host.vars);
            let (text, names) = self.text(job, bytes, vars, world, report)?;
            let secret = names.iter().any(|path| match vars.get(name_of(path)) {
                Some(var) => reads_secret(var, path),
                None => self.scope.secrets.contains(name_of(path)),
            });
            let reads = names.into_iter().map(|path| read(vars, path)).collect();
            (Arc::from(text.into_bytes()), RENDERED, reads, secret)
        } else {
            (bytes.clone(), *mode, Vec::new(), false)
        };
        let mode = if job.target.ends_with(".sh") { mode | EXECUTABLE } else { mode };
        Some(Made { target: job.target.clone(), bytes, mode, secret, template: job.template.clone(), reads })
    }

    fn text(
        &self,
        job: &Job,
        bytes: &[u8],
        vars: &Vars,
        world: &dyn World,
        report: &mut Report,
    ) -> Option<(String, BTreeSet<String>)> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            report.push(
                Diagnostic::error(codes::NOT_UTF8, &Place::file(job.template.as_str()), "this template is not UTF-8")
                    .help("save it as UTF-8, or take the template's ending from its name: then it is copied as it is"),
            );
            return None;
        };
        match &self.engine {
            Some(engine) => {
                let prefix = format!("{}/", self.layout.templates);
                let name = job.template.strip_prefix(&prefix).unwrap_or(&job.template);
                let variables = self.variables.get(job.host.unwrap_or(self.hosts.len()))?;
                let mut found = Report::new();
                let world = Inside { renderer: self, outside: world };
                let rendered = engine.render(name, variables, &world, &mut found);
                for mut diagnostic in found.items {
                    if let Some(place) = diagnostic.place.as_mut().filter(|p| p.is_source()) {
                        place.file = Arc::from(format!("{prefix}{}", place.file));
                    }
                    if let Some(host) = job.host.and_then(|n| self.hosts.get(n)) {
                        diagnostic.message = format!("{} (for {})", diagnostic.message, host.name);
                    }
                    report.push(diagnostic);
                }
                rendered.map(|r| (r.text, r.reads))
            }
            None => {
                let value = |name: &str| vars.get(name).map(|var| py::str(&var.node.value()));
                simple::fill(&job.template, text, &value, report).map(|filled| (filled.text, filled.names))
            }
        }
    }
}

/// What is outside, and the other hosts.
struct Inside<'i> {
    renderer: &'i Renderer<'i>,
    outside: &'i dyn World,
}

impl World for Inside<'_> {
    fn env(&self, name: &str) -> Res<Option<String>> {
        self.outside.env(name)
    }
    fn file(&self, path: &str) -> Res<Option<String>> {
        self.outside.file(path)
    }
    fn template(&self, path: &str) -> Res<Option<Arc<str>>> {
        self.outside.template(path)
    }
    fn password(&self, term: &str) -> Res<String> {
        self.outside.password(term)
    }
    fn scope(&self, host: &str) -> Res<Variables> {
        let number = self.renderer.hosts.iter().position(|h| h.name == host);
        match number.and_then(|n| self.renderer.variables.get(n)) {
            Some(variables) => Ok(variables.clone()),
            None => self.outside.scope(host),
        }
    }
    fn kind(&self, path: &str) -> Res<Option<FileKind>> {
        self.outside.kind(path)
    }
    fn now(&self) -> Res<f64> {
        self.outside.now()
    }
    fn random(&self, what: &str, bytes: &mut [u8]) -> Res<()> {
        self.outside.random(what, bytes)
    }
    fn lookup(&self, name: &str, terms: &[py::Value]) -> Res<Option<Vec<py::Value>>> {
        self.outside.lookup(name, terms)
    }
}

/// The variable's own name in a way into it.
fn name_of(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn read(vars: &Vars, path: String) -> Read {
    match vars.get(name_of(&path)) {
        Some(Var { origin, shadowed, .. }) => {
            Read { path, origin: Some(origin.clone()), shadowed: shadowed.clone() }
        }
        None => Read { path, origin: None, shadowed: Vec::new() },
    }
}

/// True when something on the way, or under its end, was encrypted.
fn reads_secret(var: &Var, path: &str) -> bool {
    let (node, secret) = walk(&var.node, path);
    secret || node.holds_secret()
}

/// The part of a value at the end of a way into it, as far as the way can be told, and whether a part on the way
/// was encrypted.
fn walk<'n>(from: &'n Node, path: &str) -> (&'n Node, bool) {
    let mut node = from;
    let mut secret = false;
    for part in path.split(['.', '[']).skip(1) {
        secret |= node.marks.secret;
        let part = part.trim_end_matches(']').trim_matches(['\'', '"']);
        let next = match &node.kind {
            Kind::Map(_) => node.get(part),
            Kind::List(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)),
            Kind::Scalar(_) => None,
        };
        match next {
            Some(next) => node = next,
            // A method, or a key that is no text: all of it counts.
            None => break,
        }
    }
    (node, secret)
}
