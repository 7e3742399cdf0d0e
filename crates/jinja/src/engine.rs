//! The engine: templates by name, read once and rendered often.

use crate::error::{Fault, Res};
use crate::parse::{self, Syntax, ast::Template};
use crate::regex::Pattern;
use crate::run::Interp;
use crate::value::V;
use crate::world::World;
use diag::Report;
use foldhash::fast::FixedState;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

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
pub type Loader = dyn Fn(&str) -> Option<Rc<str>>;

/// A template that was read, or why it could not be.
type Known = Result<Rc<Template>, Fault>;

/// Regular expressions of one kind by their text.
type Patterns = RefCell<HashMap<Rc<str>, Rc<Pattern>, FixedState>>;

/// Which of its forms a template was read in.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Read {
    /// As a template that is rendered.
    Whole(Rc<str>),
    /// As one that is included by one that is read so.
    Part(Rc<str>, Syntax),
    /// As a value of the inventory: its text.
    Value(Rc<str>),
}

/// Templates by name.
pub struct Engine {
    options: Options,
    loader: Box<Loader>,
    cache: RefCell<HashMap<Read, Known, FixedState>>,
    patterns: [Patterns; 4],
}

/// Values that are made when a template first reads them.
pub trait Values {
    /// The value of a name, nothing where there is no such name; the same each time.
    fn value(&self, name: &str) -> Option<V>;
    /// All names.
    fn names(&self) -> Vec<Rc<str>>;
}

/// Variables that belong together.
#[derive(Clone)]
enum Layer {
    Made(Rc<HashMap<Rc<str>, V, FixedState>>),
    Later(Rc<dyn Values>),
}

/// A value that is made when it is first read.
struct Later<F> {
    name: Rc<str>,
    make: F,
    made: OnceCell<V>,
}

impl<F: Fn() -> V> Values for Later<F> {
    fn value(&self, name: &str) -> Option<V> {
        (name == &*self.name).then(|| self.made.get_or_init(&self.make).clone())
    }
    fn names(&self) -> Vec<Rc<str>> {
        vec![self.name.clone()]
    }
}

/// The variables of a render: layers that may be shared by many, later ones win.
#[derive(Clone, Default)]
pub struct Variables {
    layers: Vec<Layer>,
    /// The host they are of.
    pub(crate) host: Option<Rc<str>>,
}

impl Variables {
    /// None at all.
    pub fn new() -> Variables {
        Variables::default()
    }
    /// Those of a host: values that are templates of its own ([`V::templated`]) are rendered with them.
    pub fn of_host(self, host: impl Into<Rc<str>>) -> Variables {
        Variables { host: Some(host.into()), ..self }
    }
    /// With a layer over those that are there. Keys that are no texts cannot be named and are left out.
    pub fn with(self, map: &py::Map) -> Variables {
        let layer = map.iter().filter_map(|(k, v)| match k {
            py::Value::Str(name) => Some((Rc::from(&**name), V::from(v))),
            _ => None,
        });
        self.with_values(layer)
    }
    /// With a layer of an inventory's values, of which texts may be templates: see [`V::templated`].
    pub fn with_templated<'n>(
        self,
        nodes: impl IntoIterator<Item = (&'n str, &'n py::Node)>,
        scope: Option<&Rc<str>>,
    ) -> Variables {
        self.with_values(nodes.into_iter().map(|(name, node)| (Rc::from(name), V::templated(node, scope))))
    }
    /// With a layer of values made before. A [`V`] is cheap to copy: one `hostvars` serves all hosts.
    pub fn with_values(mut self, values: impl IntoIterator<Item = (Rc<str>, V)>) -> Variables {
        self.layers.push(Layer::Made(Rc::new(values.into_iter().collect())));
        self
    }
    /// With a layer of values that are made when they are read.
    pub fn with_later(mut self, values: Rc<dyn Values>) -> Variables {
        self.layers.push(Layer::Later(values));
        self
    }
    /// With a value that is made when a template first reads it, once for all that share these variables.
    pub fn with_one_later(self, name: impl Into<Rc<str>>, make: impl Fn() -> V + 'static) -> Variables {
        self.with_later(Rc::new(Later { name: name.into(), make, made: OnceCell::new() }))
    }
    pub(crate) fn get(&self, name: &str) -> Option<V> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Made(values) => values.get(name).cloned(),
            Layer::Later(values) => values.value(name),
        })
    }
    /// All names.
    pub fn names(&self) -> BTreeSet<Rc<str>> {
        let of = |layer: &Layer| match layer {
            Layer::Made(values) => values.keys().cloned().collect(),
            Layer::Later(values) => values.names(),
        };
        self.layers.iter().flat_map(of).collect()
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
    pub fn with_loader(options: Options, loader: impl Fn(&str) -> Option<Rc<str>> + 'static) -> Engine {
        Engine { options, loader: Box::new(loader), cache: RefCell::default(), patterns: Default::default() }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// A regular expression; the last few hundred of each kind are kept, as Python keeps them.
    pub(crate) fn pattern(&self, text: &str, ignorecase: bool, multiline: bool) -> Res<Rc<Pattern>> {
        const KEPT: usize = 512;
        let kept = &self.patterns[usize::from(ignorecase) * 2 + usize::from(multiline)];
        if let Some(known) = kept.borrow().get(text) {
            return Ok(known.clone());
        }
        let pattern = Rc::new(Pattern::new(text, ignorecase, multiline)?);
        let mut kept = kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(Rc::from(text), pattern.clone());
        Ok(pattern)
    }

    /// Reads it unless that was done before.
    fn once(&self, key: Read, read: impl FnOnce() -> Res<Template>) -> Res<Rc<Template>> {
        if let Some(known) = self.cache.borrow().get(&key) {
            return known.clone().map_err(Box::new);
        }
        let known = read().map(Rc::new).map_err(|fault| *fault);
        self.cache.borrow_mut().insert(key, known.clone());
        known.map_err(Box::new)
    }
    fn load(&self, name: &Rc<str>) -> Res<Rc<str>> {
        (self.loader)(name).ok_or_else(|| Fault::no_template(format!("the template `{name}` is not there")))
    }

    /// A template that another one uses.
    pub(crate) fn template(&self, name: &str, syntax: Syntax) -> Res<Rc<Template>> {
        let name: Rc<str> = Rc::from(name);
        self.once(Read::Part(name.clone(), syntax), || {
            let text = self.load(&name)?;
            parse::template(&name, &text, &self.options, syntax, 1).map_err(|f| in_file(f, &name))
        })
    }
    /// A text of the inventory that is a template.
    pub(crate) fn value(&self, text: &Rc<str>) -> Res<Rc<Template>> {
        let syntax = Syntax { plain_backslashes: true, ..Syntax::ansible() };
        self.once(Read::Value(text.clone()), || {
            parse::with_header(&Rc::from(""), text, &self.options, syntax)
        })
    }
    /// A template for `lookup('template', …)`.
    pub(crate) fn looked_up(&self, name: &Rc<str>, text: &str) -> Res<Rc<Template>> {
        let read = parse::with_header(name, text, &self.options, Syntax::ansible());
        read.map(Rc::new).map_err(|f| in_file(f, name))
    }
    fn whole(&self, name: &str) -> Res<Rc<Template>> {
        let name: Rc<str> = Rc::from(name);
        self.once(Read::Whole(name.clone()), || self.read(&name, &self.load(&name)?))
    }
    fn read(&self, name: &Rc<str>, text: &str) -> Res<Template> {
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
        let template = self.read(&Rc::from(name), text).map(Rc::new);
        self.run(name, template, variables, world, report)
    }

    fn run(
        &self,
        name: &str,
        template: Res<Rc<Template>>,
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

fn in_file(mut fault: Box<Fault>, name: &Rc<str>) -> Box<Fault> {
    fault.file = Some(name.clone());
    fault
}
