//! A name that could be two things where both may stand.

use crate::codes;
use crate::facts::{Facts, Found};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (found, target) in &facts.refs {
        if found.words.contains(&found.text) {
            continue;
        }
        let Found::Several(kinds) = target else { continue };
        let forms: Vec<String> = kinds.iter().map(|k| format!("`{}/{}`", k.word(), found.text)).collect();
        let words: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
        out.push(
            Diagnostic::error(
                codes::AMBIGUOUS_NAME,
                found.place,
                format!("`{}` is a {}", found.text, words.join(" and a ")),
            )
            .help(format!("write {}", forms.join(" or "))),
        );
    }
}
