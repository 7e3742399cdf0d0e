//! A stack's files, and the way to a value in them.

use super::outputs::{self, Output};
use super::reference::Reference;
use super::state::{self, Instance, Step};
use crate::codes;
use crate::json::{Json, Node};
use diag::{Diagnostic, Place, Report, nearest};
use std::collections::BTreeMap;

/// A file as the caller found it.
#[derive(Clone, Copy, Debug)]
pub struct File<'f> {
    /// Its path, as the fleet names it.
    pub path: &'f str,
    /// Where it is named.
    pub place: &'f Place,
    /// Its bytes; nothing where there is no such file.
    pub bytes: Option<&'f [u8]>,
}

/// The files of a stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'f> {
    /// What `tofu output -json` printed.
    pub outputs: Option<File<'f>>,
    /// A state file.
    pub state: Option<File<'f>>,
}

/// What is known of a stack.
#[derive(Clone, Debug)]
pub struct Stack {
    outputs: Part<BTreeMap<String, Output>>,
    state: Part<state::State>,
}

#[derive(Clone, Debug)]
enum Part<T> {
    /// No such file is named.
    Unnamed,
    /// There is no such file.
    Absent(String, Place),
    /// It cannot be read; why was reported.
    Broken,
    Read(T),
}

impl<T> Part<T> {
    fn of(
        file: Option<File<'_>>,
        read: impl FnOnce(&str, &[u8], &mut Report) -> Option<T>,
        report: &mut Report,
    ) -> Self {
        let Some(file) = file else { return Part::Unnamed };
        let Some(bytes) = file.bytes else { return Part::Absent(file.path.to_owned(), file.place.clone()) };
        let mut found = Report::new();
        let value = read(file.path, bytes, &mut found).filter(|_| !found.has_errors());
        for mut fault in found.items {
            fault.labels.push((file.place.clone(), "named here".to_owned()));
            report.push(fault);
        }
        value.map_or(Part::Broken, Part::Read)
    }
}

/// A value that was found.
#[derive(Clone, Copy)]
pub struct Found<'s> {
    /// The value, and its place in the file.
    pub node: &'s Node,
    /// OpenTofu keeps it out of its own answers.
    pub sensitive: bool,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Its file cannot be read, and that was said already.
    Told,
    /// What to say: the end of "`X` needs `tofu/…`, and …".
    Say {
        /// [`codes::MISSING`] or [`codes::NO_FILE`].
        code: &'static str,
        /// Why.
        message: String,
        /// Places that show it.
        labels: Vec<(Place, String)>,
        /// The way out.
        help: String,
    },
}

impl Lost {
    /// As a diagnostic at the text that means the value; nothing when all was said.
    pub fn diagnostic(self, needs: &str, place: &Place) -> Option<Diagnostic> {
        let Lost::Say { code, message, labels, help } = self else { return None };
        let mut diagnostic = Diagnostic::error(code, place, format!("{needs}, and {message}")).help(help);
        diagnostic.labels = labels;
        Some(diagnostic)
    }
}

impl Stack {
    /// Reads a stack's files. What is wrong with one is reported; that one is not there is said by [`Stack::find`].
    pub fn read(given: Given<'_>, report: &mut Report) -> Stack {
        Stack {
            outputs: Part::of(given.outputs, outputs::outputs, report),
            state: Part::of(given.state, state::state, report),
        }
    }

    /// The value a reference means. A first part with a dot is the address of a resource in the state, any other an
    /// output: of the outputs' file where one is named, else of the state.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, reference: &Reference) -> Result<Found<'_>, Lost> {
        let Some((first, rest)) = reference.parts.split_first() else {
            return Err(missing("it names no output", "write `tofu/STACK/OUTPUT`"));
        };
        if first.contains('.') {
            return self.resource(&reference.stack, first, rest);
        }
        let outputs = match (&self.outputs, &self.state) {
            (Part::Read(outputs), _) => outputs,
            (Part::Unnamed, Part::Read(state)) => &state.outputs,
            (Part::Broken, _) | (Part::Unnamed, Part::Broken) => return Err(Lost::Told),
            (Part::Absent(path, place), _) => {
                let help =
                    format!("`tofu output -json > {path}`, or `fleetwright tofu output {}`", reference.stack);
                return Err(absent(path, place, help));
            }
            (Part::Unnamed, Part::Absent(path, place)) => return Err(absent_state(path, place)),
            (Part::Unnamed, Part::Unnamed) => {
                return Err(missing(
                    "the stack names neither `outputs` nor `state`",
                    "`tofu output -json > FILE`, and `outputs: FILE` in the stack",
                ));
            }
        };
        let output = outputs.get(first).ok_or_else(|| Lost::Say {
            code: codes::MISSING,
            message: format!("there is no output `{first}`"),
            labels: Vec::new(),
            help: known(first, outputs.keys().map(String::as_str).collect()),
        })?;
        let node = walk(&output.value, rest, output.sensitive, &mut Vec::new())?;
        Ok(Found { node, sensitive: output.sensitive })
    }

    fn resource(&self, stack: &str, address: &str, rest: &[String]) -> Result<Found<'_>, Lost> {
        let state = match &self.state {
            Part::Read(state) => state,
            Part::Broken => return Err(Lost::Told),
            Part::Absent(path, place) => return Err(absent_state(path, place)),
            Part::Unnamed => {
                return Err(missing(
                    &format!("`{address}` is a resource, and the stack `{stack}` names no `state`"),
                    "`state: FILE` in the stack; or make an output of it",
                ));
            }
        };
        let instance: &Instance = state.instances.get(address).ok_or_else(|| Lost::Say {
            code: codes::MISSING,
            message: format!("the state has no `{address}`"),
            labels: Vec::new(),
            help: known(address, state.instances.keys().map(String::as_str).collect()),
        })?;
        let marked =
            |path: &[Step]| instance.sensitive.iter().any(|m| m.iter().zip(path).all(|(a, b)| a == b));
        let mut path = Vec::new();
        // Before it is known how far the way leads, anything marked keeps all of it out of messages.
        let node = walk(&instance.attributes, rest, !instance.sensitive.is_empty(), &mut path)?;
        Ok(Found { node, sensitive: marked(&path) })
    }
}

/// Goes into a value part by part. A key that holds `/` is found by as many parts as it takes.
fn walk<'n>(
    from: &'n Node,
    parts: &[String],
    sensitive: bool,
    path: &mut Vec<Step>,
) -> Result<&'n Node, Lost> {
    let mut node = from;
    let mut rest = parts;
    while let Some(part) = rest.first() {
        let here = |what: String| if sensitive { Vec::new() } else { vec![(node.place.clone(), what)] };
        let (next, taken) = match &node.value {
            Json::Object(_) => {
                let of = |n: usize| rest.get(..n).map(|parts| parts.join("/"));
                let found = (1..=rest.len())
                    .find_map(|n| of(n).and_then(|key| Some((node.get(&key)?, n, Step::Key(key)))));
                let Some((next, taken, step)) = found else {
                    return Err(Lost::Say {
                        code: codes::MISSING,
                        message: format!("there is no `{part}` in it"),
                        labels: here("in this object".to_owned()),
                        help: match sensitive {
                            false => known(part, node.keys().collect()),
                            true => "`tofu output -json` shows what it holds".to_owned(),
                        },
                    });
                };
                path.push(step);
                (next, taken)
            }
            Json::Array(elements) => {
                let index = part.parse::<usize>().ok();
                let Some((index, next)) = index.and_then(|i| Some((i, elements.get(i)?))) else {
                    return Err(Lost::Say {
                        code: codes::MISSING,
                        message: format!("there is no element `{part}` in it"),
                        labels: here(format!("this list has {}", elements.len())),
                        help: "elements are counted from 0".to_owned(),
                    });
                };
                path.push(Step::Index(index));
                (next, 1)
            }
            _ => {
                return Err(Lost::Say {
                    code: codes::MISSING,
                    message: format!("`{part}` is looked for in {}", node.kind()),
                    labels: here("here".to_owned()),
                    help: "take that part out; `tofu output -json` shows what the output holds".to_owned(),
                });
            }
        };
        node = next;
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(node)
}

fn missing(message: &str, help: &str) -> Lost {
    Lost::Say { code: codes::MISSING, message: message.to_owned(), labels: Vec::new(), help: help.to_owned() }
}

fn absent(path: &str, place: &Place, help: String) -> Lost {
    Lost::Say {
        code: codes::NO_FILE,
        message: format!("there is no file `{path}`"),
        labels: vec![(place.clone(), "named here".to_owned())],
        help,
    }
}

fn absent_state(path: &str, place: &Place) -> Lost {
    absent(path, place, format!("`tofu state pull > {path}`"))
}

/// The nearest name, or, where none is near, those there are.
fn known(word: &str, names: Vec<&str>) -> String {
    const SHOWN: usize = 8;
    if let Some(near) = nearest(word, names.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let mut listed: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        listed.push(format!("{} more", names.len() - SHOWN));
    }
    match listed.is_empty() {
        true => "there is nothing in it yet: apply the stack, then `tofu output -json` again".to_owned(),
        false => format!("there is {}", listed.join(", ")),
    }
}
