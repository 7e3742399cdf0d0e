//! Python's syntax of regular expressions as that of `fancy-regex`.

use super::bad;
use crate::error::{Fault, Res};
use std::iter::Peekable;
use std::str::Chars;

const WORD: &str = r"\p{L}\p{N}_";
const SPACE: &str = r"\s\x1c-\x1f";

/// A pattern of Python's.
pub(super) fn translate(pattern: &str, multiline: bool) -> Res<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut multiline = multiline;
    while let Some(c) = chars.next() {
        match c {
            '\\' => outside(&mut chars, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '$' if !multiline => out.push_str(r"(?=\n?\z)"),
            '(' if chars.peek() == Some(&'?') => {
                let rest: String = chars.clone().skip(1).collect();
                let flags: String =
                    rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
                let ends = rest[flags.len()..].chars().next();
                if !flags.is_empty() && flags != "P" && matches!(ends, Some(')' | ':')) {
                    if flags.contains(['a', 'L', 'x']) {
                        let told = format!("the flags `{flags}` of a regular expression are not supported");
                        return Err(Fault::unsupported(told));
                    }
                    multiline |= flags.split('-').next().is_some_and(|f| f.contains('m'));
                    let known: String = flags.chars().filter(|c| *c != 'u').collect();
                    if !known.is_empty() || ends == Some(':') {
                        out.push_str("(?");
                        out.push_str(&known);
                        out.extend(ends);
                    }
                    for _ in 0..flags.len() + 2 {
                        chars.next();
                    }
                } else if rest.starts_with('#') {
                    if !chars.by_ref().any(|c| c == ')') {
                        return bad("missing ), unterminated comment in a regular expression");
                    }
                } else {
                    out.push_str("(?");
                    chars.next();
                }
            }
            '{' => {
                let body: String = chars.clone().take_while(|c| *c != '}').collect();
                let closed = chars.clone().nth(body.chars().count()) == Some('}');
                let counts = body.split(',').collect::<Vec<_>>();
                let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
                let quantifier =
                    closed && counts.len() <= 2 && counts.iter().all(|t| digits(t)) && !body.is_empty();
                if quantifier && body != "," {
                    let low = if counts[0].is_empty() { "0" } else { counts[0] };
                    match counts.get(1) {
                        None => out.push_str(&format!("{{{low}}}")),
                        Some(high) => out.push_str(&format!("{{{low},{high}}}")),
                    }
                    for _ in 0..=body.chars().count() {
                        chars.next();
                    }
                } else {
                    out.push_str(r"\{");
                }
            }
            '}' => out.push_str(r"\}"),
            ']' => out.push_str(r"\]"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// An escape outside of a class.
fn outside(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Res<()> {
    match chars.next() {
        None => bad("a regular expression ends with a backslash"),
        Some('Z') => {
            out.push_str(r"\z");
            Ok(())
        }
        Some('w') => {
            out.push_str(&format!("[{WORD}]"));
            Ok(())
        }
        Some('W') => {
            out.push_str(&format!("[^{WORD}]"));
            Ok(())
        }
        Some('s') => {
            out.push_str(&format!("[{SPACE}]"));
            Ok(())
        }
        Some('S') => {
            out.push_str(&format!("[^{SPACE}]"));
            Ok(())
        }
        Some(c @ ('A' | 'b' | 'B' | 'd' | 'D')) => {
            out.push('\\');
            out.push(c);
            Ok(())
        }
        Some(d @ '1'..='9') => {
            let second = chars.next_if(|c| c.is_ascii_digit());
            out.push_str(&format!("(?:\\{d}{})", second.map(String::from).unwrap_or_default()));
            Ok(())
        }
        Some(c) => literal(c, chars, out),
    }
}

/// An escape that is one character, in a class or not.
fn literal(c: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Res<()> {
    let mut hex = |count: usize| -> Res<char> {
        let digits: String = chars.by_ref().take(count).collect();
        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == count);
        match code.and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => bad("incomplete escape in a regular expression"),
        }
    };
    let one = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'x' => hex(2)?,
        'u' => hex(4)?,
        'U' => hex(8)?,
        '0' => {
            let mut digits = "0".to_owned();
            while digits.len() < 3 {
                match chars.next_if(|c| matches!(c, '0'..='7')) {
                    Some(d) => digits.push(d),
                    None => break,
                }
            }
            u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32).unwrap_or('\0')
        }
        'N' => return Err(Fault::unsupported(r"`\N{…}` in a regular expression is not supported")),
        c if c.is_ascii_alphanumeric() => return bad(format!("bad escape \\{c} in a regular expression")),
        c => c,
    };
    if one.is_ascii_punctuation() || one.is_ascii_whitespace() && one != ' ' {
        match one {
            '\n' => out.push_str(r"\n"),
            '\t' => out.push_str(r"\t"),
            '\r' => out.push_str(r"\r"),
            c if c.is_ascii_punctuation() && c != '_' && c != '<' && c != '>' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    } else {
        out.push(one);
    }
    Ok(())
}

/// A class: what is special there for Rust and not for Python is escaped.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Res<()> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let Some(c) = chars.next() else { return bad("unterminated character set in a regular expression") };
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(());
            }
            '[' | ']' | '&' | '~' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '-' => {
                // First or last it is itself, else it makes a range.
                if first || chars.peek() == Some(&']') || out.ends_with("\\-") {
                    out.push_str(r"\-");
                } else {
                    out.push('-');
                }
            }
            '\\' => match chars.next() {
                None => return bad("a regular expression ends with a backslash"),
                Some('w') => out.push_str(WORD),
                Some('W') => out.push_str(&format!("[^{WORD}]")),
                Some('s') => out.push_str(SPACE),
                Some('S') => out.push_str(&format!("[^{SPACE}]")),
                Some(c @ ('d' | 'D')) => {
                    out.push('\\');
                    out.push(c);
                }
                Some('b') => out.push_str(r"\x08"),
                Some(c) => literal(c, chars, out)?,
            },
            c => out.push(c),
        }
        first = false;
    }
}
