//! Values to YAML, byte for byte as PyYAML's `CSafeDumper` (libyaml 0.2.5) writes them.
//!
//! One difference: Python writes an anchor where the same list or dict *object* stands twice; values here
//! have no identity and are written out.

use super::analyze::{Analysis, analyze};
use super::base64;
use super::resolve::{self, Form};
use super::write::Page;
use crate::{Map, Value, compare, float};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The arguments of `yaml.dump`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpOptions {
    /// Spaces a level, from 2 to 9; anything else is 2.
    pub indent: Option<i64>,
    /// Columns after which a space becomes a line break: 80 by default, without limit when below 0.
    pub width: Option<i64>,
    /// `true` writes `{a: 1}`, `false` one line a value; nothing writes lists and dicts of plain scalars
    /// only as `{a: 1}`.
    pub default_flow_style: Option<bool>,
    /// The style of every scalar, where it can have it.
    pub default_style: Option<Style>,
    /// Dicts by key, where the keys can be compared.
    pub sort_keys: bool,
    /// Letters beyond ASCII as they are.
    pub allow_unicode: bool,
    /// `---` first.
    pub explicit_start: bool,
    /// `...` last.
    pub explicit_end: bool,
}

/// A style of scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl DumpOptions {
    /// `yaml.dump(value)`.
    pub fn python() -> DumpOptions {
        DumpOptions { default_flow_style: Some(false), allow_unicode: false, ..DumpOptions::to_yaml() }
    }

    /// Ansible's `to_yaml` without arguments.
    pub fn to_yaml() -> DumpOptions {
        DumpOptions {
            indent: None,
            width: None,
            default_flow_style: None,
            default_style: None,
            sort_keys: true,
            allow_unicode: true,
            explicit_start: false,
            explicit_end: false,
        }
    }

    /// Ansible's `to_nice_yaml` without arguments.
    pub fn to_nice_yaml() -> DumpOptions {
        DumpOptions { indent: Some(4), default_flow_style: Some(false), ..DumpOptions::to_yaml() }
    }
}

/// `yaml.dump(value, …)`.
pub fn dump(value: &Value, options: &DumpOptions) -> String {
    let best_indent = match options.indent {
        Some(n @ 2..=9) => n as usize,
        _ => 2,
    };
    let best_width = match options.width {
        Some(n) if n < 0 => usize::MAX,
        Some(n) => usize::try_from(n).ok().filter(|n| *n > best_indent * 2).unwrap_or(80),
        None => 80,
    };
    let mut dumper = Dumper {
        page: Page {
            out: String::new(),
            column: 0,
            whitespace: true,
            indention: true,
            indent: None,
            best_indent,
            best_width,
            unicode: options.allow_unicode,
            open_ended: false,
        },
        options,
        flow: 0,
    };
    if options.explicit_start {
        dumper.page.indicator("---", true, false, false);
    }
    dumper.node(value, Within::Nothing);
    let page = &mut dumper.page;
    page.write_indent();
    if options.explicit_end || page.open_ended {
        page.indicator("...", true, false, false);
        page.write_indent();
    }
    dumper.page.out
}

/// Where a value is written.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    /// The root, or a list.
    Nothing,
    /// A dict: a value, or a key after `?`.
    Map,
    /// A key on one line with its value.
    SimpleKey,
}

struct Dumper<'o> {
    page: Page,
    options: &'o DumpOptions,
    /// How many `[` and `{` are open.
    flow: usize,
}

/// A scalar as PyYAML's representer gives it.
struct Scalar<'v> {
    text: Cow<'v, str>,
    /// The tag, where neither form nor quotes say it.
    tag: Option<&'static str>,
    /// Its form says its type.
    plain_implicit: bool,
    /// In quotes it is what it is: a text.
    quoted_implicit: bool,
    style: Option<Style>,
    analysis: Analysis,
}

impl Dumper<'_> {
    fn node(&mut self, value: &Value, within: Within) {
        match value {
            Value::List(items) if self.flow > 0 || items.is_empty() || self.flow_style(items.iter()) => {
                self.flow_list(items);
            }
            Value::List(items) => self.block_list(items, within),
            Value::Map(map) => {
                let flow = map.is_empty()
                    || self.flow > 0
                    || self.flow_style(map.iter().flat_map(|(key, value)| [key, value]));
                let entries = if self.options.sort_keys { sorted(map) } else { map.iter().collect() };
                if flow { self.flow_map(&entries) } else { self.block_map(&entries) }
            }
            scalar => self.scalar(scalar, within),
        }
    }

    fn flow_style<'v>(&self, mut parts: impl Iterator<Item = &'v Value>) -> bool {
        self.options.default_flow_style.unwrap_or_else(|| {
            self.options.default_style.is_none()
                && parts.all(|part| !matches!(part, Value::List(_) | Value::Map(_) | Value::Bytes(_)))
        })
    }

    fn flow_list(&mut self, items: &[Value]) {
        self.page.indicator("[", true, true, false);
        let before = self.page.deeper(true, false);
        self.flow += 1;
        for (i, item) in items.iter().enumerate() {
            self.flow_item(i);
            self.node(item, Within::Nothing);
        }
        self.flow -= 1;
        self.page.indent = before;
        self.page.indicator("]", false, false, false);
    }

    fn flow_map(&mut self, entries: &[(&Value, &Value)]) {
        self.page.indicator("{", true, true, false);
        let before = self.page.deeper(true, false);
        self.flow += 1;
        for (i, (key, value)) in entries.iter().enumerate() {
            self.flow_item(i);
            if self.is_simple(key) {
                self.node(key, Within::SimpleKey);
                self.page.indicator(":", false, false, false);
            } else {
                self.page.indicator("?", true, false, false);
                self.node(key, Within::Map);
                self.fold_flow();
                self.page.indicator(":", true, false, false);
            }
            self.node(value, Within::Map);
        }
        self.flow -= 1;
        self.page.indent = before;
        self.page.indicator("}", false, false, false);
    }

    fn flow_item(&mut self, i: usize) {
        if i > 0 {
            self.page.indicator(",", false, false, false);
        }
        self.fold_flow();
    }

    fn fold_flow(&mut self) {
        if self.page.column > self.page.best_width {
            self.page.write_indent();
        }
    }

    fn block_list(&mut self, items: &[Value], within: Within) {
        // A list right under its key is not indented.
        let indentless = within != Within::Nothing && !self.page.indention;
        let before = self.page.deeper(false, indentless);
        for item in items {
            self.page.write_indent();
            self.page.indicator("-", true, false, true);
            self.node(item, Within::Nothing);
        }
        self.page.indent = before;
    }

    fn block_map(&mut self, entries: &[(&Value, &Value)]) {
        let before = self.page.deeper(false, false);
        for (key, value) in entries {
            self.page.write_indent();
            if self.is_simple(key) {
                self.node(key, Within::SimpleKey);
                self.page.indicator(":", false, false, false);
            } else {
                self.page.indicator("?", true, false, true);
                self.node(key, Within::Map);
                self.page.write_indent();
                self.page.indicator(":", true, false, true);
            }
            self.node(value, Within::Map);
        }
        self.page.indent = before;
    }

    /// Short enough, and of one line.
    fn is_simple(&self, key: &Value) -> bool {
        let length = match key {
            Value::List(items) if items.is_empty() => 0,
            Value::Map(map) if map.is_empty() => 0,
            Value::List(_) | Value::Map(_) => return false,
            scalar => {
                let scalar = self.represent(scalar);
                if scalar.analysis.multiline {
                    return false;
                }
                scalar.text.len() + scalar.tag.map_or(0, str::len)
            }
        };
        length <= 128
    }

    fn represent<'v>(&self, value: &'v Value) -> Scalar<'v> {
        let (text, form): (Cow<'v, str>, Form) = match value {
            Value::None => ("null".into(), Form::Null),
            Value::Bool(b) => (if *b { "true" } else { "false" }.into(), Form::Bool),
            Value::Int(n) => (n.to_string().into(), Form::Int),
            Value::Float(x) => (float_text(*x).into(), Form::Float),
            Value::Str(text) => (Cow::Borrowed(text), Form::Str),
            Value::Date(text) => (text.into(), Form::Timestamp),
            Value::Bytes(bytes) => (base64::encode(bytes).into(), Form::Str),
            // node() never comes here with one.
            Value::List(_) | Value::Map(_) => ("".into(), Form::Str),
        };
        let analysis = analyze(&text, self.page.unicode);
        if let Value::Bytes(_) = value {
            let (plain_implicit, quoted_implicit) = (false, false);
            let style = Some(Style::Literal);
            return Scalar { text, tag: Some("!!binary"), plain_implicit, quoted_implicit, style, analysis };
        }
        let plain_implicit = resolve::form(&text) == form;
        let quoted_implicit = form == Form::Str;
        Scalar {
            text,
            tag: None,
            plain_implicit,
            quoted_implicit,
            style: self.options.default_style,
            analysis,
        }
    }

    fn scalar(&mut self, value: &Value, within: Within) {
        let scalar = self.represent(value);
        let style = self.style(&scalar, within);
        let mut tag = scalar.tag;
        if tag.is_none() && !scalar.quoted_implicit && style.is_some() {
            tag = Some("!");
        }
        if let Some(tag) = tag {
            self.page.indicator(tag, true, false, false);
        }
        let before = self.page.deeper(true, false);
        let fold = within != Within::SimpleKey;
        match style {
            None => self.page.plain(&scalar.text, fold),
            Some(Style::SingleQuoted) => self.page.single_quoted(&scalar.text, fold),
            Some(Style::DoubleQuoted) => self.page.double_quoted(&scalar.text, fold),
            Some(Style::Literal) => self.page.literal(&scalar.text),
            Some(Style::Folded) => self.page.folded(&scalar.text),
        }
        self.page.indent = before;
    }

    /// The style wanted, or the next one the text and the place allow; nothing is plain.
    fn style(&self, scalar: &Scalar<'_>, within: Within) -> Option<Style> {
        let Analysis { multiline, flow_plain, block_plain, single_quoted, block } = scalar.analysis;
        let key = within == Within::SimpleKey;
        let mut style = scalar.style;
        if key && multiline {
            style = Some(Style::DoubleQuoted);
        }
        if style.is_none() {
            let allowed = if self.flow > 0 { flow_plain } else { block_plain };
            let empty = scalar.text.is_empty() && (self.flow > 0 || key);
            if !allowed || empty || (scalar.tag.is_none() && !scalar.plain_implicit) {
                style = Some(Style::SingleQuoted);
            }
        }
        match style {
            Some(Style::SingleQuoted) if !single_quoted => Some(Style::DoubleQuoted),
            Some(Style::Literal | Style::Folded) if !block || self.flow > 0 || key => {
                Some(Style::DoubleQuoted)
            }
            other => other,
        }
    }
}

/// `repr`, in the form YAML 1.1 takes for a float.
fn float_text(x: f64) -> String {
    if x.is_nan() {
        return ".nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = float::repr(x);
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

/// `sorted(map.items())`, or as they are where Python cannot compare the keys.
fn sorted(map: &Map) -> Vec<(&Value, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    let Some(((first, _), others)) = entries.split_first() else { return entries };
    if others.iter().all(|(key, _)| compare(first, key).is_some()) {
        entries.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
    }
    entries
}
