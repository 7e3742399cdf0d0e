//! YAML to a tree with places. Scalars stay text; what they mean is decided by the field that reads them.

use crate::codes;
use diag::{Diagnostic, Place, Report};
use model::{Key, Node, NodeKind};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Deepest nesting. The language itself needs about ten levels.
const MAX_DEPTH: usize = 64;
/// Most values that aliases may repeat in one file.
const MAX_REPEATED: usize = 10_000;

/// Reads one file. Always returns a tree unless the text is not YAML at all; every fault is reported.
/// An empty file is `Null`.
pub fn parse(file: &str, text: &str, report: &mut Report) -> Option<Node> {
    let mut reader = Reader {
        file: Arc::from(file),
        text,
        report,
        open: Vec::new(),
        anchors: HashMap::new(),
        repeated: 0,
    };
    reader.document()
}

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    place: Place,
    /// Values in it, itself included.
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        index: HashMap<String, Place>,
        /// The key whose value comes next.
        key: KeyState,
    },
}

enum KeyState {
    /// A key comes next.
    Wanted,
    /// A value comes next.
    Read(Key),
    /// A value comes next and is dropped: its key was refused.
    Refused,
}

/// A finished value an alias can repeat.
struct Anchored {
    node: Node,
    size: usize,
}

struct Reader<'t, 'r> {
    file: Arc<str>,
    text: &'t str,
    report: &'r mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
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
                                .help("one file describes one thing: move it to a file of its own"),
                        );
                        return root;
                    }
                }
                Event::Alias(id) => {
                    if let Some((node, size)) = self.alias(id, &place)? {
                        self.finish(node, size, 0, &mut root);
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_tag(tag, &place);
                    let kind = scalar(text, style);
                    self.finish(Node { kind, place }, 1, anchor, &mut root);
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(tag, &place);
                    self.begin(anchor, place, OpenKind::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(tag, &place);
                    let kind =
                        OpenKind::Map { entries: Vec::new(), index: HashMap::new(), key: KeyState::Wanted };
                    self.begin(anchor, place, kind)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(open) = self.open.pop() {
                        let kind = match open.kind {
                            OpenKind::List(items) => NodeKind::List(items),
                            OpenKind::Map { entries, .. } => NodeKind::Map(entries),
                        };
                        self.finish(Node { kind, place: open.place }, open.size, open.anchor, &mut root);
                    }
                }
            }
        }
        Some(root.unwrap_or(Node { kind: NodeKind::Null, place: Place::file(self.file.clone()) }))
    }

    fn place(&self, mark: &Marker) -> Place {
        // Columns are counted from 0 by the parser.
        Place::new(self.file.clone(), count(mark.line()), count(mark.col()).saturating_add(1))
    }

    fn begin(&mut self, anchor: usize, place: Place, kind: OpenKind) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            self.too_deep(&place);
            return None;
        }
        self.open.push(Open { anchor, place, size: 1, kind });
        Some(())
    }

    fn too_deep(&mut self, place: &Place) {
        self.report.push(
            Diagnostic::error(codes::TOO_DEEP, place, format!("nested more than {MAX_DEPTH} levels deep"))
                .help("no part of the language is that deep; is a bracket missing?"),
        );
    }

    /// A finished value goes where the text put it.
    fn finish(&mut self, node: Node, size: usize, anchor: usize, root: &mut Option<Node>) {
        if anchor > 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        let Some(parent) = self.open.last_mut() else {
            *root = Some(node);
            return;
        };
        parent.size += size;
        match &mut parent.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { entries, index, key } => match std::mem::replace(key, KeyState::Wanted) {
                KeyState::Wanted => *key = read_key(node, index, self.report),
                KeyState::Read(name) => {
                    let mut node = node;
                    // A block map or list starts where its key stands: that is the line a person looks for.
                    if matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_))
                        && node.place.line > name.place.line
                    {
                        node.place = name.place.clone();
                    }
                    entries.push((name, node));
                }
                KeyState::Refused => {}
            },
        }
    }

    /// The value an alias repeats; the outer `None` ends reading.
    fn alias(&mut self, id: usize, place: &Place) -> Option<Option<(Node, usize)>> {
        let Some(anchored) = self.anchors.get(&id) else {
            self.report.push(
                Diagnostic::error(codes::ALIAS, place, "this alias repeats a value that contains it")
                    .help("write the value out"),
            );
            return Some(None);
        };
        self.repeated += anchored.size;
        if self.repeated > MAX_REPEATED {
            self.report.push(
                Diagnostic::error(
                    codes::ALIAS,
                    place,
                    format!("aliases in this file repeat more than {MAX_REPEATED} values"),
                )
                .help("say what several things share in a profile, and `use` it"),
            );
            return None;
        }
        Some(Some((anchored.node.clone(), anchored.size)))
    }

    fn refuse_tag(&mut self, tag: Option<Cow<'_, Tag>>, place: &Place) {
        if let Some(tag) = tag {
            self.report.push(
                Diagnostic::error(codes::TAG, place, format!("`{tag}` is a tag; the language has none"))
                    .help("leave it out: the key says what its value is"),
            );
        }
    }

    fn broken(&mut self, error: &ScanError) {
        let line = error.marker().line();
        if let Some(place) = self.tab_near(line) {
            self.report.push(
                Diagnostic::error(codes::TAB, &place, "a tab stands where YAML wants spaces")
                    .help("indent with spaces"),
            );
            return;
        }
        let place = self.place(error.marker());
        if error.info().contains("recursion limit") {
            self.too_deep(&place);
            return;
        }
        if error.info().contains("unknown anchor") {
            self.report.push(
                Diagnostic::error(codes::ALIAS, &place, "this alias names no anchor above it")
                    .help("an anchor is written `&name` before its value, in the same file"),
            );
            return;
        }
        let mut diagnostic =
            Diagnostic::error(codes::NOT_YAML, &place, format!("not YAML: {}", error.info()));
        if error.info().contains("flow")
            && let Some(open) = self.open.last()
        {
            diagnostic = diagnostic.label(&open.place, "opened here");
        }
        self.report.push(diagnostic);
    }

    /// The first tab before the text of the line where reading stopped, or of the line above it.
    fn tab_near(&self, line: usize) -> Option<Place> {
        [line.saturating_sub(1), line].into_iter().filter(|l| *l > 0).find_map(|number| {
            let text = self.text.lines().nth(number - 1)?;
            let blank = text.len() - text.trim_start_matches([' ', '\t', '-']).len();
            let tab = text[..blank].find('\t')?;
            // Only ASCII stands before the tab, so bytes are characters.
            Some(Place::new(self.file.clone(), count(number), count(tab) + 1))
        })
    }
}

fn read_key(node: Node, index: &mut HashMap<String, Place>, report: &mut Report) -> KeyState {
    let text = match node.kind {
        NodeKind::Scalar { text, .. } => text,
        // `~: value` or `null: value`: a word like any other here.
        NodeKind::Null => "null".to_owned(),
        NodeKind::List(_) | NodeKind::Map(_) => {
            report.push(
                Diagnostic::error(
                    codes::STRANGE_KEY,
                    &node.place,
                    "a list or map stands where a key belongs",
                )
                .help("a key is a word; `{a}` or `[a]` before a colon needs quotes"),
            );
            return KeyState::Refused;
        }
    };
    if text == "<<" {
        report.push(
            Diagnostic::error(codes::MERGE_KEY, &node.place, "`<<` is not part of the language")
                .help("say what several things share in profiles/NAME.yaml, and write `use: NAME`"),
        );
        return KeyState::Refused;
    }
    if let Some(first) = index.get(&text) {
        report.push(
            Diagnostic::error(
                codes::DUPLICATE_KEY,
                &node.place,
                format!("`{text}` stands twice in this map"),
            )
            .label(first, "first here"),
        );
        return KeyState::Refused;
    }
    index.insert(text.clone(), node.place.clone());
    KeyState::Read(Key { text, place: node.place })
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> NodeKind {
    match style {
        ScalarStyle::Plain => match text.as_ref() {
            "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
            _ => NodeKind::Scalar { text: text.into_owned(), quoted: false },
        },
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => NodeKind::Scalar { text: text.into_owned(), quoted: true },
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
