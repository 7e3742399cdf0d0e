//! YAML inventories, as ansible-core's `yaml` plugin reads them.

use crate::data::Draft;
use crate::{codes, pattern};
use diag::{Diagnostic, Place, Report};
use py::{Entry, Kind, Node, Value, repr};
use std::borrow::Cow;

/// Reads a tree into the draft. Each top-level key is a group.
pub(crate) fn read(root: &Node, draft: &mut Draft, report: &mut Report) {
    let mut reader = Reader { draft, report };
    for entry in root.entries().unwrap_or_default() {
        let Some(name) = reader.group_name(entry) else { continue };
        reader.group(name, entry);
    }
}

struct Reader<'d> {
    draft: &'d mut Draft,
    report: &'d mut Report,
}

impl Reader<'_> {
    fn group_name<'n>(&mut self, entry: &'n Entry) -> Option<&'n str> {
        let name = entry.key.as_str().filter(|name| !name.is_empty());
        if name.is_none() {
            self.refuse(
                &entry.place,
                format!("{} is no group's name: it is not a text", repr(&entry.key)),
                "write it in quotes",
            );
        }
        name
    }

    fn refuse(&mut self, place: &Place, message: String, help: &str) {
        self.report.push(Diagnostic::error(codes::STRUCTURE, place, message).help(help));
    }

    fn skip(&mut self, place: &Place, message: String, help: &str) {
        self.report.push(Diagnostic::warning(codes::SKIPPED, place, message).help(help));
    }

    /// False where the value is no group.
    fn group(&mut self, name: &str, entry: &Entry) -> bool {
        let sections = match &entry.node.kind {
            Kind::Map(sections) => sections.as_slice(),
            Kind::Scalar(Value::None) => &[],
            _ => {
                self.skip(
                    &entry.place,
                    format!("Ansible skips `{name}`: its value is no group"),
                    "a group is a map of `hosts`, `vars` and `children`",
                );
                return false;
            }
        };
        self.draft.add_group(name, &entry.place);
        for section in sections {
            self.section(name, section);
        }
        true
    }

    fn section(&mut self, group: &str, section: &Entry) {
        let key = section.key.as_str().unwrap_or_default();
        let known = matches!(key, "vars" | "children" | "hosts");
        let entries: Cow<'_, [Entry]> = match &section.node.kind {
            Kind::Map(entries) => Cow::Borrowed(entries),
            Kind::Scalar(Value::None) if known => return,
            // `hosts: web1` is `hosts: {web1:}`.
            Kind::Scalar(name @ Value::Str(_)) if known => Cow::Owned(vec![Entry {
                key: name.clone(),
                place: section.node.place.clone(),
                node: Node::scalar(&section.node.place, Value::None),
            }]),
            _ if known => {
                self.refuse(
                    &section.place,
                    format!("`{key}` of group `{group}` is no map"),
                    "write one entry a line, each with a colon: `web1:`",
                );
                return;
            }
            _ => Cow::Borrowed(&[]),
        };
        match key {
            "vars" => {
                for variable in entries.iter() {
                    self.variable(group, variable);
                }
            }
            "children" => {
                for child in entries.iter() {
                    self.child(group, child);
                }
            }
            "hosts" => {
                for host in entries.iter() {
                    self.host(group, host);
                }
            }
            _ => {
                let message = format!("Ansible skips {} in group `{group}`", repr(&section.key));
                let diagnostic = Diagnostic::warning(codes::SKIPPED, &section.place, message)
                    .help("a group has `hosts`, `vars` and `children`; other groups go under `children`")
                    .suggest(key, ["hosts", "vars", "children"]);
                self.report.push(diagnostic);
            }
        }
    }

    fn variable(&mut self, of: &str, variable: &Entry) {
        let Some(name) = variable.key.as_str() else {
            self.refuse(
                &variable.place,
                format!("{} is no variable's name: it is not a text", repr(&variable.key)),
                "write it in quotes",
            );
            return;
        };
        self.draft.set(of, name, variable.node.clone(), &variable.place, self.report);
    }

    fn child(&mut self, group: &str, child: &Entry) {
        let Some(name) = self.group_name(child) else { return };
        if self.group(name, child) || self.draft.groups.contains_key(name) {
            self.draft.add_child(group, name, &child.place, self.report);
        } else {
            self.refuse(
                &child.place,
                format!("`{name}` is a child of `{group}`, and no group"),
                "a group is a map of `hosts`, `vars` and `children`, or empty",
            );
        }
    }

    fn host(&mut self, group: &str, host: &Entry) {
        let Some(name) = host.key.as_str() else {
            self.refuse(
                &host.place,
                format!("{} is no host's name: it is not a text", repr(&host.key)),
                "write it in quotes",
            );
            return;
        };
        let (hosts, port) = match pattern::expand(name) {
            Ok(expanded) => expanded,
            Err(why) => {
                let message = format!("`{name}` names no hosts: {why}");
                self.report.push(
                    Diagnostic::error(codes::RANGE, &host.place, message)
                        .help("write `web[01:20]`, `web[01:20:2]` or `db[a:f]`"),
                );
                return;
            }
        };
        let variables = match &host.node.kind {
            Kind::Map(variables) => variables.as_slice(),
            Kind::Scalar(value) if !value.truth() => &[],
            Kind::List(items) if items.is_empty() => &[],
            _ => {
                self.refuse(
                    &host.node.place,
                    format!("the variables of host `{name}` are no map"),
                    "write `name: value` lines under it",
                );
                &[]
            }
        };
        for name in &hosts {
            self.draft.add_host(name, group, port, &host.place, self.report);
            for variable in variables {
                self.variable(name, variable);
            }
        }
    }
}
