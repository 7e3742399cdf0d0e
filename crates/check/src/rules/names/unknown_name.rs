//! A name that refers to nothing.

use crate::codes;
use crate::facts::{Facts, Found, Kind, Ref};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (found, target) in facts.refs.iter().filter(|(r, _)| !r.words.contains(&r.text)) {
        match target {
            Found::One(..) | Found::Several(_) => {}
            Found::WrongKind(kind) => {
                let message = format!(
                    "a {} cannot stand here: a {} is meant",
                    kind.word(),
                    words(found.prefixed, "or")
                );
                out.push(Diagnostic::error(codes::UNKNOWN_NAME, found.place, message));
            }
            Found::Nothing => out.push(nothing(facts, found)),
        }
    }
}

/// Says that there is no such thing, with the nearest name or all there are.
fn nothing(facts: &Facts<'_>, found: &Ref<'_>) -> Diagnostic {
    let prefix = found.text.split_once('/').and_then(|(k, n)| Kind::of_prefix(k).map(|k| (k, n)));
    let (kinds, name) = match prefix {
        Some((kind, name)) => (vec![kind], name),
        None => (found.kinds.to_vec(), found.text),
    };
    let message = format!("no {} is named `{name}`", words(&kinds, "or"));
    let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, found.place, message);
    // The same name of another kind is what was meant, if that kind may stand here at all.
    let elsewhere: Vec<Kind> = Kind::ALL.into_iter().filter(|k| facts.has(*k, name)).collect();
    if let Some(kind) = elsewhere.iter().find(|k| found.prefixed.contains(k)) {
        return diagnostic.help(format!("write `{}/{name}`", kind.word()));
    }
    let known: Vec<&str> =
        kinds.iter().flat_map(|k| facts.names(*k)).chain(found.words.iter().copied()).collect();
    if let Some(near) = diag::nearest(name, known.iter().copied()) {
        return diagnostic.help(format!("did you mean `{near}`?"));
    }
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
