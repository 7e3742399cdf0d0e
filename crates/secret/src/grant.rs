//! One more name in a secret's `to`, in the text of the sources as a person wrote it.

use diag::Place;
use model::DeclaredSecret;

/// The text of a source file in which a secret it describes is also for `who`. All else stays byte for byte. `None`
/// when it is written in a way that is not understood here; whoever uses the text reads it once more to be sure.
pub fn add(text: &str, declared: &DeclaredSecret, who: &str) -> Option<String> {
    match declared.to.last() {
        Some(last) => beside(text, &last.place, &last.value, who),
        None => first(text, &declared.place, who),
    }
}

/// A new entry of a file of secrets.
pub fn append(text: &str, name: &str, who: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{name}: {{to: {who}}}\n")
}

/// After a name that is there already.
fn beside(text: &str, place: &Place, last: &str, who: &str) -> Option<String> {
    let at = offset(text, place)?;
    let (before, rest) = text.split_at(at);
    let rest = rest.strip_prefix(last)?;
    let line = before.rsplit('\n').next().unwrap_or(before);
    let lead = line.trim_end();
    if let Some(indent) = lead.strip_suffix('-').filter(|i| i.trim().is_empty()) {
        return Some(format!("{before}{last}\n{indent}- {who}{rest}"));
    }
    // Within brackets another one follows; a value alone gets brackets.
    let open = before.matches('[').count() > before.matches(']').count();
    match lead.chars().next_back()? {
        '[' => Some(format!("{before}{last}, {who}{rest}")),
        ',' if open => Some(format!("{before}{last}, {who}{rest}")),
        ':' => Some(format!("{before}[{last}, {who}]{rest}")),
        _ => None,
    }
}

/// In a description that names nobody yet.
fn first(text: &str, place: &Place, who: &str) -> Option<String> {
    let at = offset(text, place)?;
    let (before, rest) = text.split_at(at);
    if let Some(inner) = rest.strip_prefix('{') {
        let comma = if inner.trim_start().starts_with('}') { "" } else { ", " };
        return Some(format!("{before}{{to: {who}{comma}{inner}"));
    }
    let line = before.rsplit('\n').next().unwrap_or(before);
    let word: &str =
        &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len())];
    let after = &rest[word.len()..];
    if word.is_empty() {
        return None;
    }
    let is_key = after.starts_with(':');
    match (line.trim_end().ends_with(':'), is_key) {
        // `sql: random`
        (true, false) => Some(format!("{before}{{kind: {word}, to: {who}}}{after}")),
        // The keys of the description are on lines of their own; or it is a name and nothing else.
        (false, true) if line.trim().is_empty() => {
            let value = after[1..].split('\n').next().unwrap_or_default();
            let bare = value.trim().is_empty() || value.trim_start().starts_with('#');
            let colon = at + word.len() + 1;
            if bare && !deeper(&text[colon..], line.len()) {
                return Some(format!("{} {{to: {who}}}{}", &text[..colon], &text[colon..]));
            }
            Some(format!("{before}to: {who}\n{line}{rest}"))
        }
        _ => None,
    }
}

/// The next line that says something is indented more than this.
fn deeper(text: &str, indent: usize) -> bool {
    let next = text.lines().skip(1).find(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
    next.is_some_and(|l| l.len() - l.trim_start().len() > indent)
}

/// The byte at which a place stands.
fn offset(text: &str, place: &Place) -> Option<usize> {
    let (line, column) = (place.line.checked_sub(1)?, place.column.checked_sub(1)?);
    let mut start = 0;
    for (number, content) in text.split_inclusive('\n').enumerate() {
        if u32::try_from(number).ok()? == line {
            let mut within = content.char_indices().map(|(at, _)| at).chain([content.len()]);
            return within.nth(usize::try_from(column).ok()?).map(|at| start + at);
        }
        start += content.len();
    }
    None
}
