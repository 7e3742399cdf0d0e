//! Python's `re` on top of `fancy-regex`: the syntax is translated, matches are walked as Python walks them.
//!
//! Refused with a reason: the flags `a`, `L` and `x`, `\N{…}`, and a pattern that takes more than a million
//! steps of backtracking.

mod syntax;

use crate::error::{Fault, Res};
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::ops::Range;

/// A pattern that was read.
pub(crate) struct Pattern {
    regex: Regex,
    /// The text it matches, where it is one and nothing else.
    literal: Option<String>,
}

impl Pattern {
    pub fn new(pattern: &str, ignorecase: bool, multiline: bool) -> Res<Pattern> {
        let translated = syntax::translate(pattern, multiline)?;
        let flags = match (ignorecase, multiline) {
            (true, true) => "(?im)",
            (true, false) => "(?i)",
            (false, true) => "(?m)",
            (false, false) => "",
        };
        let plain = |c: char| !r".^$*+?{}[]\|()".contains(c);
        let literal = !ignorecase && !pattern.is_empty() && pattern.chars().all(plain);
        let literal = literal.then(|| pattern.to_owned());
        RegexBuilder::new(&format!("{flags}{translated}"))
            .backtrack_limit(1_000_000)
            .delegate_size_limit(48 << 20)
            .build()
            .map(|regex| Pattern { regex, literal })
            .map_err(|e| Fault::failed(format!("the regular expression `{pattern}`: {e}")))
    }

    fn captures_from<'t>(&self, text: &'t str, at: usize) -> Res<Option<Captures<'t>>> {
        self.regex.captures_from_pos(text, at).map_err(|e| Fault::limit(format!("a regular expression: {e}")))
    }
    /// `re.search`.
    pub fn search<'t>(&self, text: &'t str) -> Res<Option<Captures<'t>>> {
        self.captures_from(text, 0)
    }
    /// The number of a named group.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.regex.capture_names().position(|n| n == Some(name))
    }
    /// How many groups, the whole match counted.
    pub fn groups(&self) -> usize {
        self.regex.captures_len()
    }
    /// Whether the pattern matches at the start of a text.
    pub fn matches_start(&self, text: &str) -> Res<bool> {
        Ok(self.search(text)?.and_then(|c| c.get(0)).is_some_and(|m| m.start() == 0))
    }

    /// All matches as Python walks them: one that is empty may touch the one before it.
    pub fn captures_all<'t>(&self, text: &'t str, most: usize) -> Res<Vec<Captures<'t>>> {
        let mut out = Vec::new();
        let mut at = 0;
        // Where the last match was empty: the next one is not empty there.
        let mut empty_at = None;
        while at <= text.len() && (most == 0 || out.len() < most) {
            let Some(found) = self.captures_from(text, at)? else { break };
            let Some(whole) = found.get(0) else { break };
            if whole.start() == whole.end() && empty_at == Some(whole.start()) {
                empty_at = None;
                match text[whole.end()..].chars().next() {
                    Some(c) => at = whole.end() + c.len_utf8(),
                    None => break,
                }
                continue;
            }
            at = whole.end();
            empty_at = (whole.start() == whole.end()).then_some(at);
            out.push(found);
        }
        Ok(out)
    }
    /// The ranges of all matches.
    pub fn find_all(&self, text: &str) -> Res<Vec<Range<usize>>> {
        Ok(self.captures_all(text, 0)?.iter().filter_map(|c| c.get(0)).map(|m| m.start()..m.end()).collect())
    }

    /// `re.subn(replacement, text, count)`; without a match the text is not copied.
    pub fn replace(&self, text: &str, replacement: &str, count: usize) -> Res<(String, usize)> {
        if let Some(literal) = &self.literal
            && !replacement.contains('\\')
        {
            let made = text.matches(literal.as_str()).count();
            let made = if count == 0 { made } else { made.min(count) };
            if made == 0 {
                return Ok((String::new(), 0));
            }
            return Ok((text.replacen(literal.as_str(), replacement, made), made));
        }
        let template = template(replacement, self)?;
        let all = self.captures_all(text, count)?;
        if all.is_empty() {
            return Ok((String::new(), 0));
        }
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in &all {
            let Some(whole) = found.get(0) else { continue };
            out.push_str(&text[end..whole.start()]);
            for piece in &template {
                match piece {
                    Piece::Text(text) => out.push_str(text),
                    Piece::Group(n) => out.push_str(found.get(*n).map_or("", |m| m.as_str())),
                }
            }
            end = whole.end();
        }
        out.push_str(&text[end..]);
        Ok((out, all.len()))
    }
}

enum Piece {
    Text(String),
    Group(usize),
}

fn bad<T>(message: impl Into<String>) -> Res<T> {
    Err(Fault::failed(message))
}

/// A replacement with its `\1` and `\g<name>`.
fn template(replacement: &str, pattern: &Pattern) -> Res<Vec<Piece>> {
    let mut out = Vec::new();
    let mut text = String::new();
    let mut chars = replacement.chars().peekable();
    let group = |n: usize, text: &mut String, out: &mut Vec<Piece>| -> Res<()> {
        if n >= pattern.groups() {
            return bad(format!("invalid group reference {n} in a replacement"));
        }
        out.push(Piece::Text(std::mem::take(text)));
        out.push(Piece::Group(n));
        Ok(())
    };
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            None => return bad("a replacement ends with a backslash"),
            Some('g') => {
                if chars.next() != Some('<') {
                    return bad("missing < in a replacement");
                }
                let name: String = chars.by_ref().take_while(|c| *c != '>').collect();
                let n = match name.parse::<usize>() {
                    Ok(n) => Some(n),
                    Err(_) => pattern.group(&name),
                };
                match n {
                    Some(n) => group(n, &mut text, &mut out)?,
                    None => return bad(format!("unknown group name '{name}'")),
                }
            }
            Some(d @ '0'..='9') => {
                let mut digits = d.to_string();
                if let Some(next) = chars.next_if(|c| c.is_ascii_digit()) {
                    digits.push(next);
                }
                let octal = |t: &str| t.bytes().all(|b| matches!(b, b'0'..=b'7'));
                let third = chars.peek().copied().filter(|c| matches!(c, '0'..='7'));
                if d == '0' || (digits.len() == 2 && octal(&digits) && third.is_some()) {
                    if digits.len() == 2 && !octal(&digits) {
                        let back = digits.pop();
                        text.push('\0');
                        text.extend(back);
                        continue;
                    }
                    if digits.len() == 2
                        && let Some(c) = third
                    {
                        digits.push(c);
                        chars.next();
                    }
                    text.extend(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32));
                } else {
                    group(digits.parse().unwrap_or(usize::MAX), &mut text, &mut out)?;
                }
            }
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('a') => text.push('\u{7}'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some('\\') => text.push('\\'),
            Some(c) if c.is_ascii_alphabetic() => return bad(format!("bad escape \\{c} in a replacement")),
            Some(c) => {
                text.push('\\');
                text.push(c);
            }
        }
    }
    out.push(Piece::Text(text));
    Ok(out)
}

/// `re.escape`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
