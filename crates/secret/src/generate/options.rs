//! Options of a generator, as they stand in YAML.

use crate::codes;
use diag::{Diagnostic, Report};
use model::{Key, Node, NodeKind};
use std::ops::RangeInclusive;

/// The options of one generator, and where to say what is wrong with them. Whatever is read gives a value, also
/// after a fault, so that all faults are found.
pub(super) struct Options<'n, 'r> {
    pub generator: &'n str,
    pub at: &'n Node,
    pub report: &'r mut Report,
}

impl<'n> Options<'n, '_> {
    /// Every key must be one of these.
    pub(super) fn only(&mut self, known: &[&str]) {
        let entries: &[(Key, Node)] = match &self.at.kind {
            NodeKind::Null => &[],
            NodeKind::Map(entries) => entries,
            NodeKind::Scalar { .. } | NodeKind::List(_) => {
                let message =
                    format!("`{}` takes a map of options, not {}", self.generator, self.at.describe());
                self.wrong(self.at, message, "leave it empty for the defaults");
                return;
            }
        };
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let message = format!("`{}` has no option `{}`", self.generator, key.text);
                let found = Diagnostic::error(codes::GENERATOR_OPTION, &key.place, message);
                let options = match known {
                    [] => "it takes none".to_owned(),
                    some => format!("it takes {}", some.join(", ")),
                };
                self.report.push(found.help(options).suggest(&key.text, known.iter().copied()));
            }
        }
    }

    pub(super) fn wrong(&mut self, at: &Node, message: String, help: &str) {
        self.report.push(Diagnostic::error(codes::GENERATOR_OPTION, &at.place, message).help(help));
    }

    /// A text, if the option is there.
    pub(super) fn text(&mut self, name: &str) -> Option<&'n str> {
        let node = self.at.get(name)?;
        let text = node.text().filter(|t| !t.is_empty() && !t.contains(char::is_control));
        if text.is_none() {
            self.wrong(node, format!("`{name}` is a text on one line, not {}", node.describe()), "write one");
        }
        text
    }

    /// A text that must be there. Empty after a fault.
    pub(super) fn needed(&mut self, name: &str, what: &str) -> String {
        if self.at.get(name).is_none() {
            let message = format!("`{}` needs `{name}`: {what}", self.generator);
            self.wrong(self.at, message, "add it");
        }
        self.text(name).unwrap_or_default().to_owned()
    }

    /// A number, or what is taken when it is not there.
    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<u32>, otherwise: u32) -> u32 {
        let Some(node) = self.at.get(name) else { return otherwise };
        match node.text().and_then(|t| t.parse().ok()).filter(|n| range.contains(n)) {
            Some(number) => number,
            None => {
                let (least, most) = (range.start(), range.end());
                let message = format!("`{name}` is a number from {least} to {most}, not {}", node.describe());
                self.wrong(node, message, &format!("leave it out for {otherwise}"));
                otherwise
            }
        }
    }
}
