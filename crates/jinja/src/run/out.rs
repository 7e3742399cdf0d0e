//! What a body writes.

use crate::error::{At, Fault, Kind, Res};
use crate::value::{Style, V, write_final, write_text};
use std::rc::Rc;

/// What becomes of values that are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Jinja2's: each is a text at once.
    Text,
    /// Ansible's: `None` is nothing, and what is printed alone stays the value it is.
    Native,
}

/// What a body writes: a text, or with Ansible's engine the one value it prints.
pub(crate) struct Out {
    form: Form,
    /// Whether an undefined value that is printed alone may stay one: what reads the value decides.
    keeps: bool,
    text: String,
    /// Whether anything was printed.
    any: bool,
    /// The only thing printed so far, and where: no text yet.
    only: Option<(V, Rc<str>, At)>,
    /// The first undefined value among several: all of it is that, then.
    missing: Option<Box<Fault>>,
}

impl Out {
    /// For what is captured: a macro, a value. As Jinja2 writes, or as Ansible's engine does.
    pub fn new(native: bool) -> Out {
        let form = if native { Form::Native } else { Form::Text };
        Out { form, keeps: true, text: String::new(), any: false, only: None, missing: None }
    }
    /// For a whole template.
    pub fn whole(native: bool) -> Out {
        Out { keeps: false, ..Out::new(native) }
    }

    /// Writes a text of the template; gives how many bytes became text.
    pub fn data(&mut self, text: &Rc<str>, file: &Rc<str>, at: At) -> Res<usize> {
        if self.form == Form::Text {
            self.text.push_str(text);
            return Ok(text.len());
        }
        self.push(V::Str(text.clone()), file, at)
    }

    /// Prints a value; gives how many bytes became text. With a fault nothing was written.
    pub fn push(&mut self, value: V, file: &Rc<str>, at: At) -> Res<usize> {
        let before = self.text.len();
        let written = match self.form {
            Form::Text => write_text(&value, &mut self.text),
            Form::Native if matches!(value, V::None) => return Ok(0),
            Form::Native if !self.any => {
                if let V::Undefined(u) = &value
                    && u.strict
                    && !self.keeps
                {
                    return Err(u.fault());
                }
                self.any = true;
                self.only = Some((value, file.clone(), at));
                return Ok(0);
            }
            Form::Native => self.flush().and_then(|()| write_final(&value, Style::Among, &mut self.text)),
        };
        let Err(fault) = written else { return Ok(self.text.len() - before) };
        self.text.truncate(before);
        if self.form == Form::Native && self.keeps && fault.kind == Kind::Undefined {
            self.missing.get_or_insert(fault.at(file, at));
            return Ok(0);
        }
        Err(fault)
    }

    fn flush(&mut self) -> Res<()> {
        match self.only.take() {
            Some((first, file, at)) => {
                write_final(&first, Style::Among, &mut self.text).map_err(|f| f.at(&file, at))
            }
            None => Ok(()),
        }
    }

    /// What was written.
    pub fn finish(mut self) -> V {
        if let Some(fault) = self.missing {
            return V::broken(fault);
        }
        match (self.form, self.only.take()) {
            (Form::Text, _) => V::from(self.text),
            (Form::Native, Some((one, ..))) => one,
            (Form::Native, None) if !self.any => V::None,
            (Form::Native, None) => V::from(self.text),
        }
    }

    /// What was written, as a text.
    pub fn into_text(mut self) -> Res<String> {
        self.flush()?;
        Ok(self.text)
    }
}
