//! What went wrong while a template was read or rendered.

use crate::codes;
use diag::{Diagnostic, Place};
use std::fmt;
use std::rc::Rc;

/// A result of the engine. The error is boxed: it is rare, and results are everywhere.
pub type Res<T> = Result<T, Box<Fault>>;

/// Where in a template: line and column, both from 1; line 0 is "not known yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub line: u32,
    pub column: u32,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Syntax,
    Undefined,
    Unsupported,
    NoTemplate,
    Limit,
    Failed,
}

/// A fault: what, where, and through which includes and macros it was reached.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) file: Option<Rc<str>>,
    pub(crate) at: At,
    pub(crate) trace: Vec<(Rc<str>, At, String)>,
}

impl Fault {
    fn of(kind: Kind, message: impl Into<String>) -> Box<Fault> {
        let at = At::default();
        Box::new(Fault { kind, message: message.into(), help: None, file: None, at, trace: Vec::new() })
    }
    pub(crate) fn syntax(message: impl Into<String>, at: At) -> Box<Fault> {
        let mut fault = Fault::of(Kind::Syntax, message);
        fault.at = at;
        fault
    }
    /// Says where in the template.
    pub(crate) fn set_at(mut self: Box<Self>, at: At) -> Box<Fault> {
        self.at = at;
        self
    }
    pub(crate) fn undefined(message: impl Into<String>) -> Box<Fault> {
        Fault::of(Kind::Undefined, message)
    }
    pub(crate) fn unsupported(message: impl Into<String>) -> Box<Fault> {
        Fault::of(Kind::Unsupported, message)
    }
    pub(crate) fn no_template(message: impl Into<String>) -> Box<Fault> {
        Fault::of(Kind::NoTemplate, message)
    }
    pub(crate) fn limit(message: impl Into<String>) -> Box<Fault> {
        Fault::of(Kind::Limit, message)
    }
    /// What Python raises a `TypeError`, `ValueError` … for. For a [`crate::World`] too.
    pub fn failed(message: impl Into<String>) -> Box<Fault> {
        Fault::of(Kind::Failed, message)
    }
    /// Adds the way out.
    pub fn with_help(mut self: Box<Self>, help: impl Into<String>) -> Box<Fault> {
        self.help = Some(help.into());
        self
    }
    /// Says where, unless that is known already: the innermost place wins.
    pub(crate) fn at(mut self: Box<Self>, file: &Rc<str>, at: At) -> Box<Fault> {
        if self.at.line == 0 {
            self.at = at;
        }
        if self.file.is_none() {
            self.file = Some(file.clone());
        }
        self
    }
    /// Adds a step of the way here.
    pub(crate) fn through(mut self: Box<Self>, file: &Rc<str>, at: At, word: &str) -> Box<Fault> {
        const SHOWN: usize = 8;
        if self.trace.len() < SHOWN {
            self.trace.push((file.clone(), at, word.to_owned()));
        }
        self
    }

    /// The diagnostic; `name` is the file when the fault does not know it.
    pub(crate) fn diagnostic(self, name: &str) -> Diagnostic {
        let code = match self.kind {
            Kind::Syntax => codes::SYNTAX,
            Kind::Undefined => codes::UNDEFINED,
            Kind::Unsupported => codes::UNSUPPORTED,
            Kind::NoTemplate => codes::NO_TEMPLATE,
            Kind::Limit => codes::LIMIT,
            Kind::Failed => codes::FAILED,
        };
        let file = self.file.unwrap_or_else(|| Rc::from(name));
        let place = |file: &Rc<str>, at: At| Place::new(&**file, at.line.max(1), at.column.max(1));
        let mut told = Diagnostic::error(code, &place(&file, self.at), self.message);
        for (file, at, word) in &self.trace {
            told = told.label(&place(file, *at), word.clone());
        }
        let help = self.help.or_else(|| {
            (self.kind == Kind::Undefined).then(|| {
                "give it a value in the inventory, or say in the template what stands without one: \
                 `| default(…)`"
                    .to_owned()
            })
        });
        match help {
            Some(help) => told.help(help),
            None => told,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
