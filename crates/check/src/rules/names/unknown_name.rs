//! A name that refers to nothing.

use crate::codes;
use crate::facts::{Facts, Found, Kind};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for found in &facts.refs {
        if found.words.contains(&found.text) {
            continue;
        }
        let error = |message| Diagnostic::error(codes::UNKNOWN_NAME, found.place, message);
        match facts.find(found.text, found.kinds) {
            Found::One(..) | Found::Several(_) => {}
            Found::WrongKind(kind) => out.push(
                error(format!("`{}` cannot stand here: a {} is meant", found.text, words(found.kinds, "or")))
                    .help(format!("a {} has no meaning in this place", kind.word())),
            ),
            Found::Nothing => out.push(nothing(facts, found.text, found.kinds, found.words, error)),
        }
    }
}

/// Says that there is no such thing, with the nearest name or all there are.
fn nothing(
    facts: &Facts<'_>,
    text: &str,
    kinds: &[Kind],
    extra: &[&str],
    error: impl Fn(String) -> Diagnostic,
) -> Diagnostic {
    let (kinds, name) = match text.split_once('/').and_then(|(k, n)| Kind::of_prefix(k).map(|k| (k, n))) {
        Some((kind, name)) => (vec![kind], name),
        None => (kinds.to_vec(), text),
    };
    let known: Vec<&str> = kinds.iter().flat_map(|k| facts.names(*k)).chain(extra.iter().copied()).collect();
    let diagnostic = error(format!("no {} is named `{name}`", words(&kinds, "or")));
    if let Some(near) = diag::nearest(name, known.iter().copied()) {
        return diagnostic.help(format!("did you mean `{near}`?"));
    }
    // The same name of another kind is the next best guess.
    let elsewhere: Vec<Kind> = Kind::ALL.into_iter().filter(|k| facts.has(*k, name)).collect();
    if !elsewhere.is_empty() {
        return diagnostic.help(format!("`{name}` is a {}", words(&elsewhere, "and a")));
    }
    match (&kinds[..], known.len()) {
        ([Kind::Module], _) | (_, 13..) => diagnostic,
        (_, 0) => diagnostic.help(format!("the fleet has no {} yet", words(&kinds, "or"))),
        _ => diagnostic.help(format!("there is: {}", known.join(", "))),
    }
}

/// `host, group or environment`.
fn words(kinds: &[Kind], last: &str) -> String {
    let words: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
    match words.split_last() {
        None => String::new(),
        Some((one, [])) => (*one).to_owned(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}
