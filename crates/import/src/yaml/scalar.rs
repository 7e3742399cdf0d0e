//! When a text needs quotes.

use std::fmt::Write as _;

/// A word: plain when YAML reads it back as it is, in block and in flow.
pub(super) fn word(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// A text that nobody may take for a number, a truth or nothing.
pub(super) fn typed(text: &str) -> String {
    if is_plain(text) && !looks_typed(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a plain scalar (YAML 1.2, 7.3.3) of this text means this text, in flow too. Narrower than YAML itself
/// wherever a reader would have to think.
fn is_plain(text: &str) -> bool {
    let first_ok = text
        .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '<' | '$' | '+' | '-'));
    // `null` and `~` are nothing, also to the language, which otherwise guesses no types.
    let nothing = matches!(text, "null" | "Null" | "NULL");
    first_ok
        && !nothing
        && text != "-"
        && text != "<<"
        && !text.starts_with("- ")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([' ', ':'])
        // Before a bracket some readers take it for an item of a list.
        && !text.ends_with(" -")
        && !text.chars().any(|c| {
            matches!(c, ',' | '[' | ']' | '{' | '}' | '"' | '\'' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
                || c.is_control()
                || (c.is_whitespace() && c != ' ')
        })
        // In flow, a colon inside reads in two ways, by what follows it.
        && !text.contains("::")
        && !text.starts_with(':')
}

/// Whether YAML 1.1 or 1.2 would make something else than a text of it.
fn looks_typed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~" | "="
    );
    // Numbers in any of their forms, times (1:30), dates (2026-01-01), .inf, .nan: begin so, none else does.
    let first = text.trim_start_matches(['+', '-']);
    word || first.starts_with(|c: char| c.is_ascii_digit())
        || (first.starts_with('.') && !first.starts_with("./") && !first.starts_with(".."))
}

/// Double quotes with escapes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Several lines as a block, each as it stands, where nothing in them needs an escape.
pub(super) fn block(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fits = body.contains('\n')
        && !body.ends_with('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || !needs_escape(c))
        && body.split('\n').all(|line| !line.ends_with(' '));
    if !fits {
        return None;
    }
    let mut out = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    Some(out)
}
