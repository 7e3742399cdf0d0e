//! One job to one file.

use crate::codes;
use crate::files::{Entry, Files};
use crate::job::{Host, Job, Layout, Style};
use crate::shown::{Shown, walk};
use ansible::{Layer, Origin, Var, Vars};
use diag::{Diagnostic, Place, Report};
use jinja::{Engine, FileKind, Res, Value, Variables, World, simple};
use py::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

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
    /// What the template read, by name; nothing where [`Scope::explained`] is not asked for.
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

/// A value all templates see. Each [`Worker`] makes it for itself when a template first reads it.
#[derive(Clone)]
pub enum Given {
    /// Data whose places are known, and what it is of.
    Node(Arc<Node>, Layer),
    /// Of each host its variables: `hostvars`. They may be templates themselves.
    OfHosts,
    /// Plain data of nobody's writing.
    Plain(Arc<py::Value>),
}

/// What templates see beside a host's own variables, weakest.
#[derive(Clone, Default)]
pub struct Scope {
    /// By name: `hostvars`, `groups`, `inventory`, `fleet`.
    pub given: BTreeMap<Arc<str>, Given>,
    /// Variables of files that belong to no host.
    pub whole: Arc<Vars>,
    /// Each file says what its template read.
    pub explained: bool,
}

/// A tree that is ready to be rendered.
pub struct Renderer<'r> {
    files: &'r Files,
    layout: &'r Layout,
    hosts: &'r [Host<'r>],
    scope: &'r Scope,
    /// Something of what all see was encrypted.
    holds: OnceLock<bool>,
    /// Texts of templates, by their names in the tree.
    texts: Arc<BTreeMap<String, Arc<str>>>,
    /// Templates that were read, by their names in the tree.
    loaded: Arc<Mutex<BTreeSet<String>>>,
}

/// One of those who render a tree together. Each reads templates and makes values for itself: counting who holds
/// what two threads share costs more than making it twice.
pub struct Worker<'r> {
    renderer: &'r Renderer<'r>,
    engine: Option<Engine>,
    /// Variables of each host; then those of no host.
    shown: Vec<Rc<Shown>>,
    /// The same with what all see.
    variables: Vec<Variables>,
}

impl<'r> Renderer<'r> {
    /// Reads nothing yet: templates are read when they are needed, each once.
    pub fn new(
        files: &'r Files,
        layout: &'r Layout,
        hosts: &'r [Host<'r>],
        scope: &'r Scope,
    ) -> Renderer<'r> {
        let text_of = |(name, entry): (&str, &Entry)| match entry {
            Entry::File { bytes, .. } => Some((name.to_owned(), Arc::from(std::str::from_utf8(bytes).ok()?))),
            Entry::Other(_) => None,
        };
        let texts = match &layout.style {
            Style::Jinja(_) => files.under(&layout.templates).filter_map(text_of).collect(),
            Style::Simple(_) => BTreeMap::new(),
        };
        let (texts, loaded) = (Arc::new(texts), Arc::default());
        Renderer { files, layout, hosts, scope, holds: OnceLock::new(), texts, loaded }
    }

    /// Templates that were read so far, by their names in the tree.
    pub fn loaded(&self) -> BTreeSet<String> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One who renders; each thread has its own.
    pub fn worker(&'r self) -> Worker<'r> {
        let engine = match &self.layout.style {
            Style::Jinja(options) => {
                let (texts, loaded) = (Arc::clone(&self.texts), Arc::clone(&self.loaded));
                Some(Engine::with_loader(options.clone(), move |name| {
                    let text = texts.get(name)?;
                    loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
                    Some(Rc::from(&**text))
                }))
            }
            Style::Simple(_) => None,
        };
        let templated = self.layout.templated_values;
        let of_hosts = self.hosts.iter().map(|host| Rc::new(Shown::new(host.vars, templated)));
        let of_none = Rc::new(Shown::new(&self.scope.whole, false));
        let shown: Vec<Rc<Shown>> = of_hosts.chain([of_none]).collect();
        let of_all = self.scope.given.iter().fold(Variables::new(), |all, (name, given)| match given {
            Given::Node(node, _) => {
                let node = Arc::clone(node);
                all.with_one_later(&**name, move || Value::from(&*node))
            }
            Given::Plain(value) => {
                let value = Arc::clone(value);
                all.with_one_later(&**name, move || Value::from(&*value))
            }
            Given::OfHosts => {
                let hosts: BTreeMap<Rc<str>, Arc<Vars>> =
                    self.hosts.iter().map(|h| (Rc::from(h.name), Arc::clone(h.vars))).collect();
                all.with_one_later(&**name, move || of_hosts_value(&hosts))
            }
        });
        let variables = shown.iter().enumerate().map(|(number, shown)| {
            let variables = match self.hosts.get(number) {
                Some(host) if templated => of_all.clone().of_host(host.name),
                _ => of_all.clone(),
            };
            variables.with_later(shown.clone())
        });
        let variables = variables.collect();
        Worker { renderer: self, engine, shown, variables }
    }
}

impl Worker<'_> {
    /// Makes a file. With a fault there is none, and the report says why.
    pub fn make(&self, job: &Job, world: &dyn World, report: &mut Report) -> Option<Made> {
        let Renderer { files, hosts, scope, .. } = self.renderer;
        let Some(Entry::File { bytes, mode }) = files.get(&job.template) else { return None };
        let (bytes, mode, reads, secret) = if job.rendered {
            let shown = self.shown.get(job.host.unwrap_or(hosts.len()))?;
            let vars = &shown.vars;
            let (text, names) = self.text(job, bytes, vars, world, report)?;
            let secret = names.iter().any(|path| match vars.position(name_of(path)) {
                Some(at) => shown.holds_secret(at) && shown.reads_secret(at, path),
                None => self.given_secret(path),
            });
            let told = names.into_iter().filter(|_| scope.explained);
            let reads = told.map(|path| self.read(vars, path)).collect();
            (Arc::from(text.into_bytes()), RENDERED, reads, secret)
        } else {
            (bytes.clone(), *mode, Vec::new(), false)
        };
        let mode = if job.target.ends_with(".sh") { mode | EXECUTABLE } else { mode };
        Some(Made { target: job.target.clone(), bytes, mode, secret, template: job.template.clone(), reads })
    }

    /// Where what is at the end of a way came from.
    fn read(&self, vars: &Vars, path: String) -> Read {
        let of = |var: &Var| (Some(var.origin.clone()), var.shadowed.clone());
        let (origin, shadowed) =
            match (vars.get(name_of(&path)), self.renderer.scope.given.get(name_of(&path))) {
                (Some(var), _) => of(var),
                (None, Some(Given::Node(node, layer))) => {
                    let place = walk(node, &path).0.place.clone();
                    let origin = Origin { place, layer: layer.clone() };
                    (Some(origin).filter(|o| o.place.is_source()), Vec::new())
                }
                (None, Some(Given::OfHosts)) => {
                    self.of_host(&path).map_or((None, Vec::new()), |(var, _)| of(var))
                }
                (None, _) => (None, Vec::new()),
            };
        Read { path, origin, shadowed }
    }

    /// True when a way into what all see leads to something that was encrypted.
    fn given_secret(&self, path: &str) -> bool {
        let Renderer { hosts, scope, holds, .. } = self.renderer;
        match scope.given.get(name_of(path)) {
            Some(Given::Node(node, _)) if *holds.get_or_init(|| nodes(scope).any(Node::holds_secret)) => {
                let (node, secret) = walk(node, path);
                secret || node.holds_secret()
            }
            Some(Given::OfHosts) => match self.of_host(path) {
                Some((var, rest)) => {
                    let (node, secret) = walk(&var.node, rest);
                    secret || node.holds_secret()
                }
                None => hosts.iter().any(|h| h.vars.iter().any(|(_, var)| var.node.holds_secret())),
            },
            _ => false,
        }
    }

    /// The variable that `hostvars.HOST.NAME…` leads to, and the way from its name on.
    fn of_host<'p>(&self, path: &'p str) -> Option<(&Var, &'p str)> {
        let rest = path.strip_prefix("hostvars.")?;
        self.renderer.hosts.iter().find_map(|host| {
            let way = rest.strip_prefix(host.name)?.strip_prefix('.')?;
            Some((host.vars.get(name_of(way))?, way))
        })
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
        let renderer = self.renderer;
        match &self.engine {
            Some(engine) => {
                let folder = renderer.layout.templates.as_str();
                let below = job.template.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
                let name = below.unwrap_or(&job.template);
                let variables = self.variables.get(job.host.unwrap_or(renderer.hosts.len()))?;
                let mut found = Report::new();
                let world = Inside { worker: self, outside: world };
                let rendered = engine.render(name, variables, &world, &mut found);
                for mut diagnostic in found.items {
                    if let Some(place) = diagnostic.place.as_mut().filter(|p| p.is_source()) {
                        place.file = Arc::from(format!("{folder}/{}", place.file));
                    }
                    if let Some(host) = job.host.and_then(|n| renderer.hosts.get(n)) {
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
    worker: &'i Worker<'i>,
    outside: &'i dyn World,
}

impl World for Inside<'_> {
    fn env(&self, name: &str) -> Res<Option<String>> {
        self.outside.env(name)
    }
    fn file(&self, path: &str) -> Res<Option<String>> {
        self.outside.file(path)
    }
    fn template(&self, path: &str) -> Res<Option<Rc<str>>> {
        self.outside.template(path)
    }
    fn password(&self, term: &str) -> Res<String> {
        self.outside.password(term)
    }
    fn scope(&self, host: &str) -> Res<Variables> {
        let number = self.worker.renderer.hosts.iter().position(|h| h.name == host);
        match number.and_then(|n| self.worker.variables.get(n)) {
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

fn nodes(scope: &Scope) -> impl Iterator<Item = &Node> {
    scope.given.values().filter_map(|given| match given {
        Given::Node(node, _) => Some(&**node),
        Given::OfHosts | Given::Plain(_) => None,
    })
}

/// The variable's own name in a way into it.
fn name_of(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// `hostvars`.
fn of_hosts_value(hosts: &BTreeMap<Rc<str>, Arc<Vars>>) -> Value {
    let of_host = |(name, vars): (&Rc<str>, &Arc<Vars>)| {
        let values = vars.iter().map(|(key, var)| (Rc::from(key), Value::templated(&var.node, Some(name))));
        (Rc::clone(name), Value::frozen_dict(values))
    };
    Value::frozen_dict(hosts.iter().map(of_host))
}
