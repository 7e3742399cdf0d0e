//! YAML to trees with places, as yaml.v3 reads it: anchors, merge keys, `!reset` and `!override`, one tree a
//! document.

use crate::budget::{self, Budget};
use crate::codes;
use crate::keys::{self, Key};
use crate::node::{Map, Mark, Node, Value};
use crate::scalar;
use diag::{Diagnostic, Place, Report};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// Deepest nesting. The specification needs about ten levels.
const MAX_DEPTH: usize = 64;
/// Most values that anchors and aliases may repeat in one file.
const MAX_REPEATED: usize = 100_000;
/// What YAML's own tags start with.
const CORE: &str = "tag:yaml.org,2002:";

/// Reads the documents of one file. Every fault is reported; what was read before a text stopped being YAML is
/// returned. Empty documents are left out.
pub(crate) fn documents(file: &str, bytes: &[u8], budget: &mut Budget, report: &mut Report) -> Vec<Node> {
    let Some(text) = utf8(file, bytes, report) else { return Vec::new() };
    let mut reader = Reader {
        file: Arc::from(file),
        text,
        budget,
        report,
        open: Vec::new(),
        anchors: HashMap::new(),
        repeated: 0,
        done: Vec::new(),
    };
    reader.read();
    reader.done.retain(|node| !node.is_null());
    reader.done
}

/// The text of a file; a byte order mark is allowed.
pub(crate) fn utf8<'b>(file: &str, bytes: &'b [u8], report: &mut Report) -> Option<&'b str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            report.push(
                Diagnostic::error(
                    codes::NOT_UTF8,
                    &Place::new(file, count(line), count(column)),
                    "not UTF-8",
                )
                .help("save the file as UTF-8: `iconv -f latin1 -t utf-8`"),
            );
            None
        }
    }
}

/// A value with how many values it counts as.
#[derive(Clone)]
struct Part {
    node: Node,
    size: usize,
    /// Levels below it.
    depth: usize,
    /// A plain `<<`.
    merge: bool,
}

struct Open {
    anchor: usize,
    size: usize,
    depth: usize,
    place: Place,
    mark: Option<Mark>,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { own: Map, merged: Vec<Map>, key: Key },
}

struct Reader<'t, 'r> {
    file: Arc<str>,
    text: &'t str,
    budget: &'r mut Budget,
    report: &'r mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Part>,
    repeated: usize,
    done: Vec<Node>,
}

impl<'t> Reader<'t, '_> {
    fn read(&mut self) {
        let mut parser: Parser<'t, StrInput<'t>> = Parser::new_from_str(self.text);
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => return self.broken(&error),
            };
            let place = self.place(&span.start);
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentEnd | Event::DocumentStart(_) => {}
                Event::StreamEnd => return,
                Event::Alias(id) => {
                    if self.alias(id, &place).is_none_or(|part| !self.finish(part, 0)) {
                        return;
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let part = self.scalar(&text, style, tag.as_deref(), place);
                    if !self.finish(part, anchor) {
                        return;
                    }
                }
                Event::SequenceStart(anchor, tag) => {
                    let mark = self.collection_tag(tag.as_deref(), "seq", &place);
                    let kind = OpenKind::List(Vec::new());
                    if !self.begin(Open { anchor, size: 1, depth: 0, place, mark, kind }) {
                        return;
                    }
                }
                Event::MappingStart(anchor, tag) => {
                    let mark = self.collection_tag(tag.as_deref(), "map", &place);
                    let kind = OpenKind::Map { own: Map::default(), merged: Vec::new(), key: Key::Wanted };
                    if !self.begin(Open { anchor, size: 1, depth: 0, place, mark, kind }) {
                        return;
                    }
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(open) = self.open.pop() {
                        let value = match open.kind {
                            OpenKind::List(items) => Value::List(items),
                            OpenKind::Map { own, merged, .. } => Value::Map(keys::together(own, merged)),
                        };
                        let node = Node { place: open.place, value, mark: open.mark, written: None };
                        let part = Part { node, size: open.size, depth: open.depth, merge: false };
                        if !self.finish(part, open.anchor) {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn place(&self, mark: &Marker) -> Place {
        // Columns are counted from 0 by the parser.
        Place::new(self.file.clone(), count(mark.line()), count(mark.col()).saturating_add(1))
    }

    fn begin(&mut self, open: Open) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.too_deep(&open.place);
            return false;
        }
        self.open.push(open);
        true
    }

    fn too_deep(&mut self, place: &Place) {
        self.report.push(
            Diagnostic::error(codes::TOO_DEEP, place, format!("nested more than {MAX_DEPTH} levels deep"))
                .help("no part of a Compose file is that deep; is a bracket missing?"),
        );
    }

    /// A finished value goes where the text put it. False ends reading.
    fn finish(&mut self, part: Part, anchor: usize) -> bool {
        if anchor > 0 {
            // Anchors inside one another are a copy each.
            if !self.repeat(part.size, &part.node.place) {
                return false;
            }
            self.anchors.insert(anchor, part.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.done.push(part.node);
            return true;
        };
        parent.size += part.size;
        parent.depth = parent.depth.max(part.depth + 1);
        match &mut parent.kind {
            OpenKind::List(items) => items.push(part.node),
            OpenKind::Map { own, merged, key } => match std::mem::replace(key, Key::Wanted) {
                Key::Wanted => *key = keys::read(part.node, part.merge, own, merged, self.report),
                Key::Read(name, at) => {
                    let mut node = part.node;
                    // A block map or list starts where its key stands: that is the line a person looks for.
                    if matches!(node.value, Value::Map(_) | Value::List(_)) && node.place.line > at.line {
                        node.place = at.clone();
                    }
                    own.insert(name, &at, node);
                }
                Key::Merge(at) => keys::merge(part.node, &at, merged, self.report),
                Key::Refused => {}
            },
        }
        true
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Part {
        let plain = style == ScalarStyle::Plain;
        let name = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        let mut mark = None;
        let mut merge = false;
        let value = match name.as_deref() {
            None => {
                merge = plain && text == "<<";
                if plain { scalar::resolve(text) } else { Value::Text(text.to_owned()) }
            }
            Some("!reset") => {
                mark = Some(Mark::Reset);
                Value::Null
            }
            Some("!override") => {
                mark = Some(Mark::Override);
                if plain { scalar::resolve(text) } else { Value::Text(text.to_owned()) }
            }
            Some(tag) => match (tag.strip_prefix(CORE), scalar::resolve(text)) {
                (Some("str"), _) => Value::Text(text.to_owned()),
                (Some("null"), value @ Value::Null)
                | (Some("bool"), value @ Value::Bool(_))
                | (Some("int"), value @ Value::Int(_))
                | (Some("float"), value @ Value::Float(_)) => value,
                (Some("float"), Value::Int(int)) => Value::Float(int as f64),
                _ if tag == "!" => Value::Text(text.to_owned()),
                _ => {
                    self.unknown_tag(tag, &place);
                    Value::Text(text.to_owned())
                }
            },
        };
        let mut node = Node { place, value, mark, written: None };
        if matches!(node.value, Value::Int(_) | Value::Float(_))
            && node.scalar_text().as_deref() != Some(text)
        {
            node.written = Some(text.into());
        }
        Part { node, size: budget::of_text(text.len()), depth: 0, merge }
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, kind: &str, place: &Place) -> Option<Mark> {
        let tag = tag?;
        let name = format!("{}{}", tag.handle, tag.suffix);
        match name.as_str() {
            "!reset" => return Some(Mark::Reset),
            "!override" => return Some(Mark::Override),
            "!" => {}
            core if core.strip_prefix(CORE) == Some(kind) => {}
            other => self.unknown_tag(other, place),
        }
        None
    }

    fn unknown_tag(&mut self, tag: &str, place: &Place) {
        let tag = tag.replace(CORE, "!!");
        self.report.push(
            Diagnostic::error(
                codes::TAG,
                place,
                format!("`{tag}` is not a tag of Compose, or not one for this value"),
            )
            .help("there are `!reset` and `!override`; a text that starts with `!` needs quotes"),
        );
    }

    /// The value an alias repeats; nothing ends reading.
    fn alias(&mut self, id: usize, place: &Place) -> Option<Part> {
        let Some(part) = self.anchors.get(&id) else {
            self.report.push(
                Diagnostic::error(codes::ALIAS, place, "this alias repeats a value that contains it")
                    .help("write the value out"),
            );
            return Some(Part { node: Node::new(place, Value::Null), size: 1, depth: 0, merge: false });
        };
        if self.open.len() + part.depth > MAX_DEPTH {
            self.too_deep(place);
            return None;
        }
        let part = part.clone();
        if !self.repeat(part.size, place) {
            return None;
        }
        if let Some(mark) = marked_inside(&part.node) {
            self.report.push(
                Diagnostic::error(
                    codes::TAG,
                    place,
                    "docker compose passes over tags inside what an alias repeats",
                )
                .label(mark, "the tag")
                .help("write the tag out where it is meant, or put the anchor on the tagged value itself"),
            );
        }
        Some(part)
    }

    /// Counts what is copied. False when it is too much.
    fn repeat(&mut self, size: usize, place: &Place) -> bool {
        self.repeated += size;
        if self.repeated > MAX_REPEATED {
            let message = format!("anchors and aliases in this file repeat more than {MAX_REPEATED} values");
            self.report.push(Diagnostic::error(codes::ALIAS, place, message).help("write the values out"));
            return false;
        }
        self.budget.take(size, place, self.report)
    }

    fn broken(&mut self, error: &ScanError) {
        let place = self.place(error.marker());
        let info = error.info();
        if info.contains("recursion limit") {
            return self.too_deep(&place);
        }
        if info.contains("unknown anchor") {
            self.report.push(
                Diagnostic::error(codes::ALIAS, &place, "this alias names no anchor above it")
                    .help("an anchor is written `&name` before its value, in the same file"),
            );
            return;
        }
        let mut diagnostic = Diagnostic::error(codes::NOT_YAML, &place, format!("not YAML: {info}"));
        if info.contains("flow")
            && let Some(open) = self.open.last()
        {
            diagnostic = diagnostic.label(&open.place, "opened here");
        }
        let line = self.text.lines().nth(error.marker().line().saturating_sub(1)).unwrap_or_default();
        if line.trim_start_matches([' ', '-']).starts_with('\t') {
            diagnostic = diagnostic.help("indent with spaces, not tabs");
        }
        self.report.push(diagnostic);
    }
}

/// Where a tag stands in a value, the one before all of it apart.
fn marked_inside(node: &Node) -> Option<&Place> {
    match &node.value {
        Value::List(items) => items.iter().find_map(marked),
        Value::Map(map) => map.iter().find_map(|(_, entry)| marked(&entry.node)),
        _ => None,
    }
}

fn marked(node: &Node) -> Option<&Place> {
    if node.mark.is_some() { Some(&node.place) } else { marked_inside(node) }
}

pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
