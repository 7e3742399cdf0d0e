//! YAML events to a tree of Python's values, each with its place.

use super::entries::{add, merge, together};
use super::resolve::{self, Form};
use super::tags::{Tagged, Tags};
use crate::map::Key;
use crate::{Entry, Kind, Marks, Node, Value, codes};
use diag::{Diagnostic, Place, Report};
use foldhash::fast::FixedState;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// Deepest nesting.
const MAX_DEPTH: usize = 100;
/// Most values that aliases may repeat in one file.
const MAX_REPEATED: usize = 100_000;
/// The prefix of YAML's own tags.
const CORE: &str = "tag:yaml.org,2002:";

/// Reads one document. Gives a tree unless the text is not YAML; every fault is reported, and a scalar that
/// has one is `None` in the tree. An empty text is `None`.
pub fn load(file: &str, text: &str, tags: &dyn Tags, report: &mut Report) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(place) = control_character(&file, text) {
        report.push(
            Diagnostic::error(codes::CONTROL, &place, "a control character, which YAML does not allow")
                .help("write it as an escape in double quotes: \"\\x07\""),
        );
        return None;
    }
    let mut reader =
        Reader { file, text, tags, report, open: Vec::new(), anchors: HashMap::new(), repeated: 0 };
    reader.document()
}

/// A finished value.
#[derive(Clone)]
struct Part {
    node: Node,
    /// Values in it, itself included.
    size: usize,
    /// What a scalar was before it became a value: `<<` and `=` mean something as keys.
    form: Form,
}

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    place: Place,
    marks: Marks,
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { merged: Vec<Entry>, own: Vec<Entry>, index: HashMap<Key, usize, FixedState>, key: KeyState },
}

enum KeyState {
    /// A key comes next.
    Wanted,
    /// The value of this key comes next.
    Read(Value, Place),
    /// What is merged comes next.
    Merge,
    /// A value comes next and is dropped: its key was refused.
    Refused,
}

struct Reader<'t, 'r> {
    file: Arc<str>,
    text: &'t str,
    tags: &'r dyn Tags,
    report: &'r mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Part>,
    repeated: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut parser: Parser<'t, StrInput<'t>> = Parser::new_from_str(self.text);
        let mut documents = 0;
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    self.broken(&error);
                    return None;
                }
            };
            let place = self.place(&span.start);
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        self.report.push(
                            Diagnostic::error(codes::DOCUMENTS, &place, "a second document starts here")
                                .help("one file has one document: move it to a file of its own"),
                        );
                        return None;
                    }
                }
                Event::Alias(id) => {
                    let part = self.alias(id, place)?;
                    self.finish(part, 0, &mut root);
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let part = self.scalar(&text, style, tag.as_deref(), place);
                    self.finish(part, anchor, &mut root);
                }
                Event::SequenceStart(anchor, tag) => {
                    let marks = self.collection_tag(tag.as_deref(), "seq", &place);
                    self.begin(anchor, place, marks, OpenKind::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    let marks = self.collection_tag(tag.as_deref(), "map", &place);
                    let kind = OpenKind::Map {
                        merged: Vec::new(),
                        own: Vec::new(),
                        index: HashMap::default(),
                        key: KeyState::Wanted,
                    };
                    self.begin(anchor, place, marks, kind)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(open) = self.open.pop() {
                        let kind = match open.kind {
                            OpenKind::List(items) => Kind::List(items),
                            OpenKind::Map { merged, own, .. } => Kind::Map(together(merged, own)),
                        };
                        let mut node = Node { place: open.place, marks: Marks::default(), kind };
                        if open.marks != Marks::default() {
                            node.mark(open.marks);
                        }
                        let part = Part { node, size: open.size, form: Form::Str };
                        self.finish(part, open.anchor, &mut root);
                    }
                }
            }
        }
        Some(root.unwrap_or_else(|| Node::scalar(&Place::file(self.file.clone()), Value::None)))
    }

    fn place(&self, mark: &Marker) -> Place {
        // Columns are counted from 0 by the parser.
        Place::new(self.file.clone(), count(mark.line()), count(mark.col()).saturating_add(1))
    }

    fn begin(&mut self, anchor: usize, place: Place, marks: Marks, kind: OpenKind) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            self.too_deep(&place);
            return None;
        }
        self.open.push(Open { anchor, place, marks, size: 1, kind });
        Some(())
    }

    fn too_deep(&mut self, place: &Place) {
        self.report.push(
            Diagnostic::error(codes::TOO_DEEP, place, format!("nested more than {MAX_DEPTH} levels deep"))
                .help("is a bracket missing?"),
        );
    }

    /// A finished value goes where the text put it.
    fn finish(&mut self, part: Part, anchor: usize, root: &mut Option<Node>) {
        if anchor > 0 {
            self.anchors.insert(anchor, part.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            *root = Some(part.node);
            return;
        };
        parent.size += part.size;
        match &mut parent.kind {
            OpenKind::List(items) => items.push(part.node),
            OpenKind::Map { merged, own, index, key } => match std::mem::replace(key, KeyState::Wanted) {
                KeyState::Wanted => *key = read_key(part, self.report),
                KeyState::Read(key, place) => {
                    let entry = Entry { key, place, node: part.node };
                    add(own, index, entry, Some(&mut *self.report));
                }
                KeyState::Merge => merge(part.node, merged, self.report),
                KeyState::Refused => {}
            },
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Part {
        let plain = style == ScalarStyle::Plain;
        let (made, marks, form) = match tag_name(tag) {
            None => {
                let form = if plain { resolve::form(text) } else { Form::Str };
                // As keys these two are no values, and finish() knows them.
                let made = match form {
                    Form::Merge | Form::Value if self.wants_key() => Ok(Value::from(text)),
                    _ => resolve::construct(form, text),
                };
                (made, Marks::default(), form)
            }
            Some(tag) => match tag.strip_prefix(CORE) {
                Some(core) => (self.core_scalar(core, text, &place), Marks::default(), Form::Str),
                None => {
                    let (made, marks) = self.custom_scalar(&tag, text, plain, &place);
                    (made, marks, Form::Str)
                }
            },
        };
        let value = made.unwrap_or_else(|why| {
            self.report.push(
                Diagnostic::error(codes::SCALAR, &place, why).help("if it is a text, write it in quotes"),
            );
            Value::None
        });
        Part { node: Node { place, marks, kind: Kind::Scalar(value) }, size: 1, form }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: KeyState::Wanted, .. }, .. }))
    }

    fn core_scalar(&mut self, core: &str, text: &str, place: &Place) -> Result<Value, String> {
        let form = match core {
            "" | "str" | "python/unicode" => Form::Str,
            "null" => Form::Null,
            "bool" => Form::Bool,
            "int" => Form::Int,
            "float" => Form::Float,
            "timestamp" => Form::Timestamp,
            "binary" => return resolve::binary(text),
            _ => {
                self.unknown_tag(&format!("!!{core}"), place);
                return Ok(Value::None);
            }
        };
        resolve::construct(form, text)
    }

    fn custom_scalar(
        &mut self,
        tag: &str,
        text: &str,
        plain: bool,
        place: &Place,
    ) -> (Result<Value, String>, Marks) {
        // With libyaml `!` alone says nothing, and takes the quotes' word away too: `! "1"` is a number.
        if tag == "!" {
            let form = if plain && text.is_empty() { Form::Str } else { resolve::form(text) };
            return (resolve::construct(form, text), Marks::default());
        }
        match self.tags.scalar(tag, text, place) {
            Ok(Some(Tagged::Value(value, marks))) => (Ok(value), marks),
            Ok(Some(Tagged::Plain(marks))) => (resolve::construct(resolve::form(text), text), marks),
            Ok(None) => {
                self.unknown_tag(tag, place);
                (Ok(Value::None), Marks::default())
            }
            Err(diagnostic) => {
                self.report.push(diagnostic);
                (Ok(Value::None), Marks::default())
            }
        }
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, kind: &str, place: &Place) -> Marks {
        let Some(tag) = tag_name(tag) else { return Marks::default() };
        if let Some(core) = tag.strip_prefix(CORE) {
            if core != kind && !(kind == "map" && core == "python/dict") {
                self.unknown_tag(&format!("!!{core}"), place);
            }
            return Marks::default();
        }
        if tag == "!" {
            return Marks::default();
        }
        match self.tags.collection(&tag, place) {
            Ok(Some(marks)) => return marks,
            Ok(None) => self.unknown_tag(&tag, place),
            Err(diagnostic) => self.report.push(diagnostic),
        }
        Marks::default()
    }

    fn unknown_tag(&mut self, tag: &str, place: &Place) {
        self.report.push(
            Diagnostic::error(codes::TAG, place, format!("`{tag}` is not a tag that can be read here")).help(
                "YAML's own (!!str, !!int, !!float, !!bool, !!null, !!binary, !!timestamp) and Ansible's \
                 (!vault, !unsafe) are; a text that starts with `!` needs quotes",
            ),
        );
    }

    /// The value an alias repeats; nothing ends reading.
    fn alias(&mut self, id: usize, place: Place) -> Option<Part> {
        let Some(part) = self.anchors.get(&id) else {
            self.report.push(
                Diagnostic::error(codes::ALIAS, &place, "this alias repeats a value that contains it")
                    .help("write the value out"),
            );
            return Some(Part { node: Node::scalar(&place, Value::None), size: 1, form: Form::Null });
        };
        self.repeated += part.size;
        if self.repeated > MAX_REPEATED {
            let message = format!("aliases in this file repeat more than {MAX_REPEATED} values");
            self.report.push(Diagnostic::error(codes::ALIAS, &place, message).help("write the values out"));
            return None;
        }
        Some(part.clone())
    }

    fn broken(&mut self, error: &ScanError) {
        let place = self.place(error.marker());
        let info = error.info();
        if info.contains("recursion limit") {
            self.too_deep(&place);
        } else if info.contains("unknown anchor") {
            self.report.push(
                Diagnostic::error(codes::ALIAS, &place, "this alias names no anchor above it")
                    .help("an anchor is written `&name` before its value, in the same file"),
            );
        } else {
            let line = self.text.lines().nth(error.marker().line().saturating_sub(1)).unwrap_or_default();
            let mut diagnostic = Diagnostic::error(codes::NOT_YAML, &place, format!("not YAML: {info}"));
            if info.contains("flow")
                && let Some(open) = self.open.last()
            {
                diagnostic = diagnostic.label(&open.place, "opened here");
            }
            if line.contains("{{") {
                diagnostic = diagnostic.help("a value that starts with `{{` needs quotes around all of it");
            } else if line.trim_start_matches([' ', '-']).starts_with('\t') {
                diagnostic = diagnostic.help("indent with spaces, not tabs");
            }
            self.report.push(diagnostic);
        }
    }
}

/// The tag as PyYAML names it: `tag:yaml.org,2002:str`, `!vault`, `!`.
fn tag_name(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

fn read_key(part: Part, report: &mut Report) -> KeyState {
    match (part.form, part.node.kind) {
        (Form::Merge, _) => KeyState::Merge,
        (_, Kind::Scalar(key)) => KeyState::Read(key, part.node.place),
        (_, Kind::List(_) | Kind::Map(_)) => {
            report.push(
                Diagnostic::error(
                    codes::STRANGE_KEY,
                    &part.node.place,
                    "a list or map stands where a key belongs",
                )
                .help("`{a}` or `[a]` before a colon needs quotes, `{{ a }}` too"),
            );
            KeyState::Refused
        }
    }
}

fn control_character(file: &Arc<str>, text: &str) -> Option<Place> {
    // What libyaml's reader refuses.
    let refused = |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let at = text.find(refused)?;
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Place::new(file.clone(), count(line), count(column)))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
