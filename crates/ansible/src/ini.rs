//! INI inventories, as ansible-core's `ini` plugin reads them.

use crate::data::Draft;
use crate::{codes, literal, pattern, shlex};
use diag::{Diagnostic, Place, Report};
use indexmap::IndexMap;
use py::Marks;
use std::sync::Arc;

/// Reads a file into the draft; every line that cannot be read is reported. `marks` is what its values are
/// from the start: secret, where the file was encrypted.
pub(crate) fn read(file: &str, text: &str, marks: Marks, draft: &mut Draft, report: &mut Report) {
    let mut reader = Reader {
        file: Arc::from(file),
        marks,
        draft,
        report,
        group: "ungrouped".to_owned(),
        section: Section::Hosts,
        pending: IndexMap::new(),
    };
    for (number, line) in lines(text).enumerate() {
        reader.line(number + 1, line);
    }
    reader.undeclared();
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Hosts,
    Vars,
    Children,
}

/// A group that is spoken of before it is declared.
enum Pending {
    /// `[name:vars]`
    Vars(Place),
    /// In `[parent:children]` of these parents.
    Children(Place, Vec<String>),
}

struct Reader<'d> {
    file: Arc<str>,
    marks: Marks,
    draft: &'d mut Draft,
    report: &'d mut Report,
    group: String,
    section: Section,
    pending: IndexMap<String, Pending>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, whole: &str) {
        let line = whole.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            return;
        }
        let indent = whole.chars().take_while(|c| c.is_whitespace()).count();
        let place = Place::new(self.file.clone(), count(number), count(indent + 1));
        if let Some((name, kind)) = section(line) {
            self.section(name, kind, &place);
        } else if line.starts_with('[') && line.ends_with(']') {
            self.refuse(&place, "this is no section", "a section is `[name]`, without blanks");
        } else {
            match self.section {
                Section::Hosts => self.hosts(whole, line, &place),
                Section::Vars => self.variable(whole, line, &place),
                Section::Children => self.child(line, &place),
            }
        }
    }

    fn refuse(&mut self, place: &Place, what: &str, help: &str) {
        self.report.push(Diagnostic::error(codes::LINE, place, what).help(help));
    }

    fn section(&mut self, name: &str, kind: Option<&str>, place: &Place) {
        self.section = match kind {
            None | Some("hosts") => Section::Hosts,
            Some("vars") => Section::Vars,
            Some("children") => Section::Children,
            Some(other) => {
                let message = format!("a section `{name}:{other}` means nothing");
                self.report.push(
                    Diagnostic::error(codes::LINE, place, message)
                        .help("after the colon stands `hosts`, `vars` or `children`"),
                );
                // What follows is read as hosts would be: it is wrong either way, and said once.
                self.section = Section::Vars;
                self.group = name.to_owned();
                self.draft.add_group(name, place);
                return;
            }
        };
        self.group = name.to_owned();
        if !self.draft.groups.contains_key(name) {
            if self.section == Section::Vars && !self.pending.contains_key(name) {
                self.pending.insert(name.to_owned(), Pending::Vars(place.clone()));
            }
            self.draft.add_group(name, place);
        }
        if self.section != Section::Vars {
            match self.pending.get(name) {
                Some(Pending::Children(..)) => self.adopt(name),
                Some(Pending::Vars(_)) => {
                    self.pending.shift_remove(name);
                }
                None => {}
            }
        }
    }

    /// A declared group goes into the parents that waited for it.
    fn adopt(&mut self, name: &str) {
        let Some(Pending::Children(place, parents)) = self.pending.shift_remove(name) else { return };
        for parent in parents {
            self.draft.add_child(&parent, name, &place, self.report);
        }
    }

    fn hosts(&mut self, whole: &str, line: &str, place: &Place) {
        let words = match shlex::split(line) {
            Ok(words) => words,
            Err(why) => {
                let message = format!("the words of this line do not end: {}", why.to_lowercase());
                self.report.push(
                    Diagnostic::error(codes::LINE, place, message)
                        .help("close the quotes, or escape them: \\\""),
                );
                return;
            }
        };
        let Some((name, assignments)) = words.split_first() else { return };
        let (hosts, port) = match pattern::expand(name) {
            Ok(expanded) => expanded,
            Err(why) => {
                let message = format!("`{name}` names no hosts: {why}");
                self.report.push(
                    Diagnostic::error(codes::RANGE, place, message)
                        .help("write `web[01:20]`, `web[01:20:2]` or `db[a:f]`"),
                );
                return;
            }
        };
        let mut variables = Vec::new();
        for word in assignments {
            let Some((key, value)) = word.split_once('=') else {
                let message = format!("`{word}` is no `key=value`");
                self.report.push(
                    Diagnostic::error(codes::LINE, place, message)
                        .help("quote a value that has blanks: key=\"two words\""),
                );
                continue;
            };
            let place = self.key_place(whole, key, place);
            let mut node = literal::value(value, &place, self.report);
            node.mark(self.marks);
            variables.push((key, node, place));
        }
        for host in &hosts {
            let group = self.group.clone();
            self.draft.add_host(host, &group, port, place, self.report);
            for (key, node, place) in &variables {
                self.draft.set(host, key, node.clone(), place, self.report);
            }
        }
    }

    fn key_place(&self, whole: &str, key: &str, line: &Place) -> Place {
        let column = whole.find(&format!("{key}=")).map(|at| whole[..at].chars().count() + 1);
        Place { column: column.map_or(line.column, count), ..line.clone() }
    }

    fn variable(&mut self, whole: &str, line: &str, place: &Place) {
        let Some((key, value)) = line.split_once('=') else {
            // As in Ansible all of a line is the key; without `=` it is none.
            self.refuse(place, "in a section of variables each line is `key=value`", "write `name = value`");
            return;
        };
        let place = self.key_place(whole, key.trim(), place);
        let mut node = literal::value(value.trim(), &place, self.report);
        node.mark(self.marks);
        let group = self.group.clone();
        self.draft.set(&group, key.trim(), node, &place, self.report);
    }

    fn child(&mut self, line: &str, place: &Place) {
        let Some(name) = group_name(line) else {
            self.refuse(
                place,
                "in a section of children each line is one group's name",
                "a name has no blanks, `:` or `]`",
            );
            return;
        };
        let parent = self.group.clone();
        if self.draft.groups.contains_key(name) {
            self.draft.add_child(&parent, name, place, self.report);
            return;
        }
        match self.pending.get_mut(name) {
            Some(Pending::Children(_, parents)) => parents.push(parent),
            Some(Pending::Vars(_)) => {}
            None => {
                self.pending.insert(name.to_owned(), Pending::Children(place.clone(), vec![parent]));
            }
        }
    }

    fn undeclared(&mut self) {
        let known: Vec<String> = self.draft.groups.keys().cloned().collect();
        for (name, pending) in std::mem::take(&mut self.pending) {
            let (place, message) = match pending {
                Pending::Vars(place) => {
                    (place, format!("variables for group `{name}`, which nothing declares"))
                }
                Pending::Children(place, _) => {
                    (place, format!("a child group `{name}`, which nothing declares"))
                }
            };
            let diagnostic = Diagnostic::error(codes::UNDECLARED, &place, message)
                .help(format!("declare it with a section `[{name}]`, which may be empty"))
                .suggest(&name, known.iter().map(String::as_str).filter(|known| **known != name));
            self.report.push(diagnostic);
        }
    }
}

/// `^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:\#.*)?$`
fn section(line: &str) -> Option<(&str, Option<&str>)> {
    let (inside, after) = line.strip_prefix('[')?.split_once(']')?;
    let after = after.trim_start();
    if !after.is_empty() && !after.starts_with('#') {
        return None;
    }
    let (name, kind) = match inside.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inside, None),
    };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if kind.is_some_and(|kind| kind.is_empty() || !kind.chars().all(word)) {
        return None;
    }
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, kind))
}

/// `^([^:\]\s]+)\s*(?:\#.*)?$`
fn group_name(line: &str) -> Option<&str> {
    let end = line.find(|c: char| c == ':' || c == ']' || c.is_whitespace()).unwrap_or(line.len());
    let (name, after) = line.split_at(end);
    let after = after.trim_start();
    // Without a blank before it a `#` belongs to the name, up to what a name cannot hold.
    (!name.is_empty() && (after.is_empty() || after.starts_with('#'))).then_some(name)
}

/// Python's `str.splitlines`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let ends = |c: char| {
            matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
        };
        let Some(at) = text.find(ends) else {
            rest = None;
            return Some(text);
        };
        let length = if text[at..].starts_with("\r\n") {
            2
        } else {
            text[at..].chars().next().map_or(1, char::len_utf8)
        };
        rest = Some(&text[at + length..]).filter(|text| !text.is_empty());
        Some(&text[..at])
    })
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
