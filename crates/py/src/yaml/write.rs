//! Scalars onto the page, with libyaml's line folding.

use super::analyze::{is_break, is_printable};

/// The page so far. Columns are counted in characters from 0.
pub(super) struct Page {
    pub out: String,
    pub column: usize,
    /// The last thing written was a blank, so a word can follow at once.
    pub whitespace: bool,
    /// Nothing but indentation and indicators stands on this line.
    pub indention: bool,
    /// The indentation of what is open; nothing before the root.
    pub indent: Option<usize>,
    pub best_indent: usize,
    pub best_width: usize,
    /// Letters beyond ASCII are written as they are.
    pub unicode: bool,
    /// The last scalar ended with kept empty lines: only `...` can end the stream after it.
    pub open_ended: bool,
}

impl Page {
    pub fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// A break of the text itself, of whichever kind.
    fn write_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    /// To the start of an indented line.
    pub fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or_default();
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    pub fn indicator(&mut self, text: &str, spaced: bool, is_whitespace: bool, is_indention: bool) {
        if spaced && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = is_whitespace;
        self.indention = self.indention && is_indention;
        self.open_ended = false;
    }

    /// One level deeper; gives what [`Page::indent`] has to go back to.
    pub fn deeper(&mut self, flow: bool, indentless: bool) -> Option<usize> {
        let before = self.indent;
        self.indent = match self.indent {
            None => Some(if flow { self.best_indent } else { 0 }),
            Some(indent) if indentless => Some(indent),
            Some(indent) => Some(indent + self.best_indent),
        };
        before
    }

    fn end_scalar(&mut self) {
        self.whitespace = false;
        self.indention = false;
    }

    pub fn plain(&mut self, text: &str, fold: bool) {
        if !self.whitespace && !text.is_empty() {
            self.put(' ');
        }
        let mut spaces = false;
        for (at, c) in text.char_indices() {
            if c == ' ' {
                let next = text.as_bytes().get(at + 1);
                if fold && !spaces && self.column > self.best_width && next != Some(&b' ') {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(c);
                self.indention = false;
                spaces = false;
            }
        }
        self.open_ended = false;
        self.end_scalar();
    }

    pub fn single_quoted(&mut self, text: &str, fold: bool) {
        self.indicator("'", true, false, false);
        let mut spaces = false;
        let mut breaks = false;
        for (at, c) in text.char_indices() {
            if c == ' ' {
                let next = text.as_bytes().get(at + 1);
                let inside = at > 0 && next.is_some();
                if fold && !spaces && self.column > self.best_width && inside && next != Some(&b' ') {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break();
                }
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
        if breaks {
            self.write_indent();
        }
        self.indicator("'", false, false, false);
        self.end_scalar();
    }

    pub fn double_quoted(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false, false);
        let mut spaces = false;
        for (at, c) in text.char_indices() {
            let as_it_is = is_printable(c) && (c.is_ascii() || self.unicode) && !is_break(c);
            if !as_it_is || matches!(c, '"' | '\\') {
                self.escape(c);
                spaces = false;
            } else if c == ' ' {
                let next = text.as_bytes().get(at + 1);
                if fold && !spaces && self.column > self.best_width && at > 0 && next.is_some() {
                    self.write_indent();
                    if next == Some(&b' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.end_scalar();
    }

    fn escape(&mut self, c: char) {
        let letter = match c {
            '\0' => "0",
            '\x07' => "a",
            '\x08' => "b",
            '\t' => "t",
            '\n' => "n",
            '\x0b' => "v",
            '\x0c' => "f",
            '\r' => "r",
            '\x1b' => "e",
            '"' => "\"",
            '\\' => "\\",
            '\u{85}' => "N",
            '\u{a0}' => "_",
            '\u{2028}' => "L",
            '\u{2029}' => "P",
            _ => "",
        };
        let text = match u32::from(c) {
            _ if !letter.is_empty() => format!("\\{letter}"),
            n @ ..=0xff => format!("\\x{n:02X}"),
            n @ ..=0xffff => format!("\\u{n:04X}"),
            n => format!("\\U{n:08X}"),
        };
        text.chars().for_each(|c| self.put(c));
    }

    /// `2`, `-`, `+` after `|` or `>`.
    fn hints(&mut self, text: &str) {
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            let indent = self.best_indent.to_string();
            self.indicator(&indent, false, false, false);
        }
        let mut ending = text.chars().rev();
        let chomp = match (ending.next().map(is_break), ending.next().map(is_break)) {
            (Some(true), None | Some(true)) => "+",
            (Some(true), Some(false)) => "",
            _ => "-",
        };
        if !chomp.is_empty() {
            self.indicator(chomp, false, false, false);
        }
        self.open_ended = chomp == "+";
    }

    fn begin_block(&mut self, sign: &str, text: &str) {
        self.indicator(sign, true, false, false);
        self.hints(text);
        self.put_break();
        self.indention = true;
        self.whitespace = true;
    }

    pub fn literal(&mut self, text: &str) {
        self.begin_block("|", text);
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }

    pub fn folded(&mut self, text: &str) {
        self.begin_block(">", text);
        let mut breaks = true;
        let mut leading_spaces = true;
        for (at, c) in text.char_indices() {
            if is_break(c) {
                if !breaks && !leading_spaces && c == '\n' {
                    let after = text[at..].trim_start_matches(is_break);
                    if !after.is_empty() && !after.starts_with([' ', '\t', '\0']) {
                        self.put_break();
                    }
                }
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                    leading_spaces = matches!(c, ' ' | '\t');
                }
                let next = text.as_bytes().get(at + 1);
                if !breaks && c == ' ' && next != Some(&b' ') && self.column > self.best_width {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                self.indention = false;
                breaks = false;
            }
        }
    }
}
