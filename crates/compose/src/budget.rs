//! How far a project may grow beyond what its files say. Aliases, `extends`, `include`, ranges of ports and
//! variables made of variables let a few lines stand for more than any memory holds.

use crate::codes;
use crate::node::{Node, Value};
use diag::{Diagnostic, Place, Report};

/// Most values a project may repeat; about 100 MB.
const MOST: usize = 400_000;
/// Bytes of text that count as one value.
const BYTES: usize = 128;

/// What is left of it for one project.
pub(crate) struct Budget {
    left: usize,
    said: bool,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget { left: MOST, said: false }
    }

    /// Takes so many values. When that many are not left, false, from then on always; it is said once.
    pub(crate) fn take(&mut self, values: usize, at: &Place, report: &mut Report) -> bool {
        if let Some(left) = self.left.checked_sub(values) {
            self.left = left;
            return true;
        }
        self.left = 0;
        if !std::mem::replace(&mut self.said, true) {
            let message = format!("with this, what the project repeats comes to more than {MOST} values");
            report.push(Diagnostic::error(codes::TOO_LARGE, at, message).help(
                "split the project, or leave out what repeats; many ports at once are `network_mode: host`",
            ));
        }
        false
    }

    /// A text once more, if there is room for it.
    pub(crate) fn copy(&mut self, text: &str, at: &Place, report: &mut Report) -> Option<String> {
        self.take(of_text(text.len()), at, report).then(|| text.to_owned())
    }
}

/// Values a text of so many bytes counts as.
pub(crate) fn of_text(bytes: usize) -> usize {
    1 + bytes / BYTES
}

/// Values a tree counts as.
pub(crate) fn of(node: &Node) -> usize {
    match &node.value {
        Value::Text(text) => of_text(text.len()),
        Value::List(items) => 1 + items.iter().map(of).sum::<usize>(),
        Value::Map(map) => {
            1 + map.iter().map(|(key, entry)| of_text(key.len()) + of(&entry.node)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_gone_and_said_once() {
        let (mut budget, mut report, place) = (Budget::new(), Report::new(), Place::file("x"));
        assert!(budget.take(MOST - 1, &place, &mut report));
        assert!(!budget.take(2, &place, &mut report));
        assert!(!budget.take(1, &place, &mut report));
        assert_eq!(budget.copy("text", &place, &mut report), None);
        assert_eq!(report.items.len(), 1);
    }
}
