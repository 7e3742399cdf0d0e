//! Texts as Python makes them: formats, escapes, cases, words.

pub(crate) mod braces;
pub(crate) mod number;
pub(crate) mod percent;
pub(crate) mod pprint;
pub(crate) mod wrap;

use crate::parse::lexer::is_space;

/// MarkupSafe's `escape`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

/// `text.strip(chars)`; whitespace without any.
pub(crate) fn strip<'t>(text: &'t str, chars: Option<&str>, left: bool, right: bool) -> &'t str {
    let cut = |c: char| chars.map_or_else(|| is_space(c), |set| set.contains(c));
    let text = if left { text.trim_start_matches(cut) } else { text };
    if right { text.trim_end_matches(cut) } else { text }
}

/// `text.splitlines(keepends)`.
pub(crate) fn splitlines(text: &str, keep: bool) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let mut end = i + c.len_utf8();
        match c {
            '\r' => {
                if chars.next_if(|(_, c)| *c == '\n').is_some() {
                    end += 1;
                }
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {}
            _ => continue,
        }
        out.push(if keep { &text[start..end] } else { &text[start..i] });
        start = end;
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// `text.capitalize()`.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => titled(first) + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

/// A letter in title case: upper case, but for those that are two in one.
pub(crate) fn titled(c: char) -> String {
    match c {
        'Ǆ'..='ǆ' => "ǅ".to_owned(),
        'Ǉ'..='ǉ' => "ǈ".to_owned(),
        'Ǌ'..='ǌ' => "ǋ".to_owned(),
        'Ǳ'..='ǳ' => "ǲ".to_owned(),
        'ŉ' => "ʼN".to_owned(),
        c => {
            let mut upper = c.to_uppercase();
            upper.next().into_iter().chain(upper.flat_map(char::to_lowercase)).collect()
        }
    }
}

/// Whether a character has a case.
pub(crate) fn cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// The first `count` characters.
pub(crate) fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(i, _)| &text[..i])
}

/// How many characters a text lacks to a width.
pub(crate) fn pad(text: &str, width: i128) -> usize {
    let length = text.chars().count();
    usize::try_from(width).unwrap_or(0).saturating_sub(length)
}
