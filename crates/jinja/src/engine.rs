//! The engine: templates by name, read once and rendered often.

use crate::error::{Fault, Res};
use crate::parse::{self, Syntax, ast::Template};
use crate::regex::Pattern;
use crate::run::Interp;
use crate::value::{V, lock};
use crate::world::World;
use diag::Report;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// How templates are read and rendered; [`Options::default`] is Jinja2's `Environment()` with strict
/// undefined values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The line end after a block tag goes.
    pub trim_blocks: bool,
    /// Whitespace from the start of a line to a block tag goes.
    pub lstrip_blocks: bool,
    /// The line end at the template's end stays.
    pub keep_trailing_newline: bool,
    /// Any use of an undefined value is an error, as with Jinja2's `StrictUndefined`.
    pub strict_undefined: bool,
    /// `{% do … %}` (the extension `jinja2.ext.do`).
    pub do_statement: bool,
    /// `{% break %}` and `{% continue %}` (the extension `jinja2.ext.loopcontrols`).
    pub loop_controls: bool,
    /// Where Ansible's filter of a name replaces Jinja2's, Ansible's: `unique` gives a list.
    pub ansible: bool,
    /// As Ansible's template engine renders, and not Jinja2's own: `None` prints nothing, tuples and what is
    /// generated are lists, undefined values are handed on until something needs them, line ends at a
    /// template's end stay, and a first line of `#jinja2:` sets options.
    pub templar: bool,
    /// Steps a render may take.
    pub fuel: u64,
    /// Bytes a render may write, and any text in it may have.
    pub largest_output: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            trim_blocks: false,
            lstrip_blocks: false,
            keep_trailing_newline: false,
            strict_undefined: true,
            do_statement: false,
            loop_controls: false,
            ansible: true,
            templar: false,
            fuel: 20_000_000,
            largest_output: 32 << 20,
        }
    }
}

impl Options {
    /// As Ansible's template module has them, with the two extensions that its configuration may add.
    pub fn ansible() -> Options {
        Options {
            trim_blocks: true,
            do_statement: true,
            loop_controls: true,
            templar: true,
            ..Options::default()
        }
    }
}

/// Where templates come from: their text by name, nothing when there is none.
pub type Loader = dyn Fn(&str) -> Option<Arc<str>> + Send + Sync;

/// A template that was read, or why it could not be.
type Known = Result<Arc<Template>, Fault>;

/// A regular expression, and whether it ignores case and looks at each line.
type PatternKey = (Arc<str>, bool, bool);

/// Which of its forms a template was read in.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Read {
    /// As a template that is rendered.
    Whole(Arc<str>),
    /// As one that is included by one that is read so.
    Part(Arc<str>, Syntax),
    /// As a value of the inventory: its text.
    Value(Arc<str>),
}

/// Templates by name.
pub struct Engine {
    options: Options,
    loader: Box<Loader>,
    cache: Mutex<HashMap<Read, Known>>,
    patterns: Mutex<HashMap<PatternKey, Arc<Pattern>>>,
}

/// The variables of a render: layers that may be shared by many, later ones win.
#[derive(Clone, Default)]
pub struct Variables {
    layers: Vec<Arc<HashMap<Arc<str>, V>>>,
    /// The host they are of.
    pub(crate) host: Option<Arc<str>>,
}

impl Variables {
    /// None at all.
    pub fn new() -> Variables {
        Variables::default()
    }
    /// Those of a host: values that are templates of its own ([`V::templated`]) are rendered with them.
    pub fn of_host(self, host: impl Into<Arc<str>>) -> Variables {
        Variables { host: Some(host.into()), ..self }
    }
    /// With a layer over those that are there. Keys that are no texts cannot be named and are left out.
    pub fn with(self, map: &py::Map) -> Variables {
        let layer = map.iter().filter_map(|(k, v)| match k {
            py::Value::Str(name) => Some((name.clone(), V::from(v))),
            _ => None,
        });
        self.with_values(layer)
    }
    /// With a layer of an inventory's values, of which texts may be templates: see [`V::templated`].
    pub fn with_templated<'n>(
        self,
        nodes: impl IntoIterator<Item = (&'n str, &'n py::Node)>,
        scope: Option<&Arc<str>>,
    ) -> Variables {
        self.with_values(nodes.into_iter().map(|(name, node)| (Arc::from(name), V::templated(node, scope))))
    }
    /// With a layer of values made before. A [`V`] is cheap to copy: one `hostvars` serves all hosts.
    pub fn with_values(mut self, values: impl IntoIterator<Item = (Arc<str>, V)>) -> Variables {
        self.layers.push(Arc::new(values.into_iter().collect()));
        self
    }
    pub(crate) fn get(&self, name: &str) -> Option<V> {
        self.layers.iter().rev().find_map(|layer| layer.get(name)).cloned()
    }
    /// All names.
    pub fn names(&self) -> BTreeSet<Arc<str>> {
        self.layers.iter().flat_map(|layer| layer.keys().cloned()).collect()
    }
}

/// What a render gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The variables that were read, each with the way into it as it was walked: `hosts.core.address`,
    /// `ports[0]`. What was read as a whole (a loop over `hosts`) is named as a whole.
    pub reads: BTreeSet<String>,
}

impl Engine {
    /// An engine without templates: see [`Engine::with_loader`].
    pub fn new(options: Options) -> Engine {
        Engine::with_loader(options, |_| None)
    }
    /// An engine that gets templates from a closure.
    pub fn with_loader(
        options: Options,
        loader: impl Fn(&str) -> Option<Arc<str>> + Send + Sync + 'static,
    ) -> Engine {
        Engine { options, loader: Box::new(loader), cache: Mutex::default(), patterns: Mutex::default() }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// A regular expression; the last few hundred are kept, as Python keeps them.
    pub(crate) fn pattern(&self, text: &str, ignorecase: bool, multiline: bool) -> Res<Arc<Pattern>> {
        const KEPT: usize = 512;
        let key = (Arc::from(text), ignorecase, multiline);
        if let Some(known) = lock(&self.patterns).get(&key) {
            return Ok(known.clone());
        }
        let pattern = Arc::new(Pattern::new(text, ignorecase, multiline)?);
        let mut patterns = lock(&self.patterns);
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(key, pattern.clone());
        Ok(pattern)
    }

    /// Reads it unless that was done before.
    fn once(&self, key: Read, read: impl FnOnce() -> Res<Template>) -> Res<Arc<Template>> {
        if let Some(known) = lock(&self.cache).get(&key) {
            return known.clone().map_err(Box::new);
        }
        let known = read().map(Arc::new).map_err(|fault| *fault);
        lock(&self.cache).insert(key, known.clone());
        known.map_err(Box::new)
    }
    fn load(&self, name: &Arc<str>) -> Res<Arc<str>> {
        (self.loader)(name).ok_or_else(|| Fault::no_template(format!("the template `{name}` is not there")))
    }

    /// A template that another one uses.
    pub(crate) fn template(&self, name: &str, syntax: Syntax) -> Res<Arc<Template>> {
        let name: Arc<str> = Arc::from(name);
        self.once(Read::Part(name.clone(), syntax), || {
            let text = self.load(&name)?;
            parse::template(&name, &text, &self.options, syntax, 1).map_err(|f| in_file(f, &name))
        })
    }
    /// A text of the inventory that is a template.
    pub(crate) fn value(&self, text: &Arc<str>) -> Res<Arc<Template>> {
        let syntax = Syntax { plain_backslashes: true, ..Syntax::ansible() };
        self.once(Read::Value(text.clone()), || {
            parse::with_header(&Arc::from(""), text, &self.options, syntax)
        })
    }
    /// A template for `lookup('template', …)`.
    pub(crate) fn looked_up(&self, name: &Arc<str>, text: &str) -> Res<Arc<Template>> {
        let read = parse::with_header(name, text, &self.options, Syntax::ansible());
        read.map(Arc::new).map_err(|f| in_file(f, name))
    }
    fn whole(&self, name: &str) -> Res<Arc<Template>> {
        let name: Arc<str> = Arc::from(name);
        self.once(Read::Whole(name.clone()), || self.read(&name, &self.load(&name)?))
    }
    fn read(&self, name: &Arc<str>, text: &str) -> Res<Template> {
        let syntax = Syntax::of(&self.options);
        let read = match self.options.templar {
            true => parse::with_header(name, text, &self.options, syntax),
            false => parse::template(name, text, &self.options, syntax, 1),
        };
        read.map_err(|f| in_file(f, name))
    }

    /// Whether a template can be read at all.
    pub fn check(&self, name: &str, report: &mut Report) -> bool {
        match self.whole(name) {
            Ok(_) => true,
            Err(fault) => {
                report.push(fault.diagnostic(name));
                false
            }
        }
    }

    /// Renders a template. All undefined variables that are printed are reported at once; any other fault
    /// ends the render. With a fault there is no text.
    pub fn render(
        &self,
        name: &str,
        variables: &Variables,
        world: &dyn World,
        report: &mut Report,
    ) -> Option<Rendered> {
        let template = self.whole(name);
        self.run(name, template, variables, world, report)
    }

    /// Renders a text that is no template of the loader; `name` is its file in diagnostics.
    pub fn render_text(
        &self,
        name: &str,
        text: &str,
        variables: &Variables,
        world: &dyn World,
        report: &mut Report,
    ) -> Option<Rendered> {
        let template = self.read(&Arc::from(name), text).map(Arc::new);
        self.run(name, template, variables, world, report)
    }

    fn run(
        &self,
        name: &str,
        template: Res<Arc<Template>>,
        variables: &Variables,
        world: &dyn World,
        report: &mut Report,
    ) -> Option<Rendered> {
        let mut interp = Interp::new(self, variables, world);
        let done = template.and_then(|template| interp.whole(&template));
        let undefined = std::mem::take(&mut interp.undefined);
        let failed = done.is_err() || !undefined.is_empty();
        for fault in undefined {
            report.push(Box::new(fault).diagnostic(name));
        }
        let text = match done {
            Ok(text) => text,
            Err(fault) => {
                report.push(fault.diagnostic(name));
                return None;
            }
        };
        (!failed).then_some(Rendered { text, reads: interp.reads })
    }
}

fn in_file(mut fault: Box<Fault>, name: &Arc<str>) -> Box<Fault> {
    fault.file = Some(name.clone());
    fault
}
