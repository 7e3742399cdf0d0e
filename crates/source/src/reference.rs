//! `docs/language.md`: what is said about writing, and a table for every record, made from its shape.

use crate::builtin;
use crate::folder::{KINDS, SINGLES};
use model::shape::{FieldShape, RecordShape, Shape};
use model::{Decode, Fleet, Module};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const PREFACE: &str = include_str!("language.md");

/// The reference of the language in Markdown.
pub fn language_reference() -> String {
    let mut out = PREFACE.to_owned();
    let mut pages = Pages { out: &mut out, seen: BTreeSet::new(), waiting: Vec::new() };
    pages.whole();
    modules(&mut out);
    out
}

struct Pages<'o> {
    out: &'o mut String,
    seen: BTreeSet<&'static str>,
    /// Records that were named and have no table yet, in the order they were named.
    waiting: Vec<RecordShape>,
}

impl Pages<'_> {
    fn whole(&mut self) {
        let Shape::Record(fleet) = Fleet::shape() else { return };
        self.say("\n## Everything: `fleet.yaml`\n");
        self.seen.insert(fleet.name);
        self.table(&fleet);
        self.waiting.clear();
        for field in (fleet.fields)() {
            let (shape, file) = match field.shape {
                Shape::Map(thing) if KINDS.contains(&field.key) => {
                    (*thing, format!("{}/NAME.yaml", field.key))
                }
                shape if field.key == crate::projects::KEY => (shape, crate::folder::FLEET_FILE.to_owned()),
                shape if SINGLES.contains(&field.key) => (shape, format!("{}.yaml", field.key)),
                _ => continue,
            };
            let mut records = Vec::new();
            collect(&shape, &mut records);
            let Some(record) = records.first() else { continue };
            let _ = write!(self.out, "\n## {}: `{file}`\n", title(field.key));
            self.page(record, None);
            while let Some(next) = (!self.waiting.is_empty()).then(|| self.waiting.remove(0)) {
                let heading = format!("\n### {}\n", title(&model::read::plain_name(next.name)));
                self.page(&next, Some(&heading));
            }
        }
    }

    fn page(&mut self, record: &RecordShape, heading: Option<&str>) {
        if !self.seen.insert(record.name) {
            return;
        }
        if let Some(heading) = heading {
            self.say(heading);
        }
        let _ = write!(self.out, "\n<a id=\"{}\"></a>{}\n", anchor(record.name), joined(record.doc));
        if let Some(short) = record.short {
            let _ = writeln!(self.out, "A value that is not a map stands for `{short}`.");
        }
        self.table(record);
    }

    fn table(&mut self, record: &RecordShape) {
        self.say("\n| key | value | meaning |\n|---|---|---|\n");
        for field in (record.fields)() {
            let mut records = Vec::new();
            collect(&field.shape, &mut records);
            self.waiting.extend(records);
            self.row(&field);
        }
    }

    fn row(&mut self, field: &FieldShape) {
        let must = if field.required { " (required)" } else { "" };
        let mut meaning = joined(field.doc);
        if let Some(words) = words(&field.shape) {
            let list: Vec<String> =
                words.iter().map(|(w, d)| format!("`{w}`: {}", d.trim().trim_end_matches('.'))).collect();
            let _ = write!(meaning, "<br>{}", list.join("<br>"));
        }
        let _ = writeln!(
            self.out,
            "| `{}`{must} | {} | {} |",
            field.key,
            escape(&value(&field.shape)),
            escape(&meaning)
        );
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
    }
}

/// Records a value may hold, nearest first.
fn collect(shape: &Shape, records: &mut Vec<RecordShape>) {
    match shape {
        Shape::Record(record) => records.push(record.clone()),
        Shape::List(inner) | Shape::Map(inner) => collect(inner, records),
        Shape::OneOf(shapes) => shapes.iter().for_each(|s| collect(s, records)),
        Shape::Any | Shape::Bool | Shape::Text { .. } | Shape::Integer { .. } | Shape::Choice(_) => {}
    }
}

fn words(shape: &Shape) -> Option<&'static [(&'static str, &'static str)]> {
    match shape {
        Shape::Choice(words) => Some(words),
        Shape::List(inner) | Shape::Map(inner) => words(inner),
        Shape::OneOf(shapes) => shapes.iter().find_map(words),
        Shape::Any | Shape::Bool | Shape::Text { .. } | Shape::Integer { .. } | Shape::Record(_) => None,
    }
}

fn value(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Bool => "`yes` or `no`".to_owned(),
        Shape::Text { what, .. } => (*what).to_owned(),
        Shape::Integer { max, .. } if *max >= u64::from(u32::MAX) => "a whole number".to_owned(),
        Shape::Integer { min, max } => format!("a whole number, {min}–{max}"),
        Shape::Choice(_) => "a word".to_owned(),
        Shape::List(inner) => format!("list: {}", value(inner)),
        Shape::Map(inner) => format!("map: {}", value(inner)),
        Shape::Record(record) => {
            format!("[{}](#{})", model::read::plain_name(record.name), anchor(record.name))
        }
        Shape::OneOf(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join(", or "),
    }
}

fn modules(out: &mut String) {
    out.push_str(
        "\n## Built-in modules\n\nA fleet's own `modules/NAME.yaml` of the same name takes the place of one \
         of these.\n\n| module | what it is | ports | parameters | variants |\n|---|---|---|---|---|\n",
    );
    for (name, module) in builtin::modules() {
        let ports: Vec<String> =
            module.ports.iter().map(|(name, port)| format!("`{name}` {}", number(port))).collect();
        let params: Vec<String> = module
            .params
            .iter()
            .map(|(name, param)| match &param.default {
                Some(default) => match default.0.text() {
                    Some(text) if !text.is_empty() => format!("`{name}` ({text})"),
                    _ => format!("`{name}`"),
                },
                None => format!("`{name}` (required)"),
            })
            .collect();
        let _ = writeln!(
            out,
            "| `{name}` | {} | {} | {} | {} |",
            escape(&module.description),
            ports.join(", "),
            escape(&params.join(", ")),
            variants(module).join(", ")
        );
    }
}

fn number(port: &model::ModulePort) -> String {
    match &port.port.port.value {
        model::PortChoice::Fixed(port) => port.to_string(),
        model::PortChoice::Dynamic => "dynamic".to_owned(),
    }
}

fn variants(module: &Module) -> Vec<&'static str> {
    let v = &module.variants;
    [
        ("native", v.native.is_some()),
        ("container", v.container.is_some()),
        ("incus", v.incus.is_some()),
        ("nomad", v.nomad.is_some()),
    ]
    .into_iter()
    .filter_map(|(word, has)| has.then_some(word))
    .collect()
}

fn title(word: &str) -> String {
    if matches!(word, "bgp" | "dns") {
        return word.to_uppercase();
    }
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn anchor(record: &str) -> String {
    model::read::plain_name(record).replace(' ', "-")
}

/// A doc comment on one line.
fn joined(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}
