//! Environment files: `.env`, `--env-file`, a service's `env_file` (Compose Specification, "Env_file format").
//!
//! Read as compose-go's dotenv package reads them: `export`, `#` comments, `KEY: value`, single quotes (taken as
//! they stand), double quotes (escapes, then variables), values over several lines, names alone.

use crate::codes;
use crate::interpolate::substitute;
use crate::read;
use diag::{Diagnostic, Place, Report};
use indexmap::IndexMap;

/// Most bytes that variables may bring into the values of one file.
const MAX_BROUGHT: usize = 1 << 20;

/// A variable's value and the line that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// Variables in the order they first stand; a later value replaces an earlier one.
pub type Variables = IndexMap<String, Variable>;

/// How a file's values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With quotes, escapes and variables.
    Compose,
    /// Everything after `=` is the value (`format: raw`).
    Raw,
}

/// Where a variable in a value, or a name alone, gets its value: `outer` first, then what stands above in the file,
/// then `before`.
#[derive(Clone, Copy)]
pub struct Lookups<'l> {
    /// What comes before the file: the shell.
    pub outer: &'l dyn Fn(&str) -> Option<String>,
    /// What comes after it: files read before.
    pub before: &'l dyn Fn(&str) -> Option<String>,
}

impl Lookups<'_> {
    /// Nothing is set anywhere else.
    pub const NONE: Lookups<'static> = Lookups { outer: &|_| None, before: &|_| None };
}

/// Reads a file. Every fault is reported, and reading goes on at the next line.
pub fn parse(
    file: &str,
    bytes: &[u8],
    format: Format,
    lookups: Lookups<'_>,
    report: &mut Report,
) -> Variables {
    let Some(text) = read::utf8(file, bytes, report) else { return Variables::new() };
    let mut reader =
        Reader { file, text, at: 0, line: 1, brought: 0, out: Variables::new(), lookups, report };
    match format {
        Format::Compose => reader.read(),
        Format::Raw => reader.raw(),
    }
    reader.out
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    at: usize,
    line: usize,
    /// Bytes that variables brought into values so far.
    brought: usize,
    out: Variables,
    lookups: Lookups<'a>,
    report: &'a mut Report,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        loop {
            self.skip(char::is_whitespace);
            match self.rest().chars().next() {
                None => return,
                Some('#') => self.skip_line(),
                Some(_) => self.statement(),
            }
        }
    }

    fn raw(&mut self) {
        for (number, line) in self.text.lines().enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            self.line = number + 1;
            let place = self.place();
            match line.split_once('=') {
                Some((name, value)) => self.keep(name.to_owned(), value.to_owned(), place),
                None => self.inherit(line.to_owned(), place),
            }
        }
    }

    fn statement(&mut self) {
        let place = self.place();
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(is_space)
        {
            self.step("export".len());
            self.skip(is_space);
        }
        let rest = self.rest();
        let end = rest.find(['=', ':', '\n']).unwrap_or(rest.len());
        let name = rest[..end].trim_end();
        let strange =
            name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')));
        if let Some(strange) = strange {
            let message = if is_space(strange) {
                format!("`{name}` is not a variable's name: it has a space in it")
            } else {
                format!("`{name}` is not a variable's name: `{strange}` stands in it")
            };
            self.fault(&place, message, "a line is `NAME=value`, `NAME`, or a comment after `#`");
            return self.skip_line();
        }
        let alone = rest[end..].chars().next().is_none_or(|c| c == '\n');
        let name = name.to_owned();
        self.step(end);
        if alone {
            return self.inherit(name, place);
        }
        self.step(1);
        self.skip(is_space);
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote, &place),
            _ => {
                let rest = self.rest();
                let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
                let value = line.split(" #").next().unwrap_or_default().trim_end();
                self.step(line.len());
                Some(self.expand(value, &place))
            }
        };
        if let Some(value) = value {
            self.keep(name, value, place);
        }
    }

    /// The value after an opening quote.
    fn quoted(&mut self, quote: char, place: &Place) -> Option<String> {
        let rest = self.rest();
        let mut value = String::new();
        let mut escape = false;
        for (at, c) in rest.char_indices().skip(1) {
            if c == quote && !escape {
                self.step(at + 1);
                let double = quote == '"';
                return Some(if double { self.expand(&escapes(&value), place) } else { value });
            }
            if c == quote {
                escape = false;
                value.push(c);
                continue;
            }
            if c == '\\' && !escape {
                escape = true;
                continue;
            }
            if escape {
                escape = false;
                value.push('\\');
            }
            value.push(c);
        }
        self.fault(
            place,
            "a quote opens here and is not closed".to_owned(),
            "close it, or write the value without",
        );
        self.skip_line();
        None
    }

    fn expand(&mut self, text: &str, place: &Place) -> String {
        let mut faults = Vec::new();
        let lookup = |name: &str| {
            let above = || self.out.get(name).map(|v| v.value.clone());
            (self.lookups.outer)(name).or_else(above).or_else(|| (self.lookups.before)(name))
        };
        let value = substitute(text, &lookup, &mut faults).into_owned();
        for fault in faults {
            self.report.push(fault.diagnostic(place));
        }
        self.brought += value.len().saturating_sub(text.len());
        if self.brought > MAX_BROUGHT {
            let message = format!("variables bring more than {MAX_BROUGHT} bytes into this file");
            self.report.push(
                Diagnostic::error(codes::TOO_LARGE, place, message)
                    .help("a variable made of others that are made of others grows fast: write it out"),
            );
            self.at = self.text.len();
        }
        value
    }

    /// A name alone has the value it has elsewhere.
    fn inherit(&mut self, name: String, place: Place) {
        if let Some(value) = (self.lookups.outer)(&name).or_else(|| (self.lookups.before)(&name)) {
            self.keep(name, value, place);
        }
    }

    fn keep(&mut self, name: String, value: String, place: Place) {
        self.out.insert(name, Variable { value, place });
    }

    fn fault(&mut self, place: &Place, message: String, help: &str) {
        self.report.push(Diagnostic::error(codes::ENV_FILE, place, message).help(help));
    }

    fn place(&self) -> Place {
        let line = self.text[..self.at].rsplit('\n').next().unwrap_or_default();
        Place::new(self.file, read::count(self.line), read::count(line.chars().count() + 1))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self, bytes: usize) {
        self.line += self.text[self.at..self.at + bytes].matches('\n').count();
        self.at += bytes;
    }

    fn skip(&mut self, what: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.step(rest.len() - rest.trim_start_matches(what).len());
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.step(rest.find('\n').unwrap_or(rest.len()));
    }
}

/// Space within a line.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// `\n`, `\t` … `\0nnn` (octal), `\"`, `\\`; `\$` becomes `$$`, which is a dollar sign after variables are replaced.
/// Any other backslash stays.
fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (put, length) = match after.bytes().next() {
            Some(b'a') => ("\u{7}", 1),
            Some(b'b') => ("\u{8}", 1),
            Some(b'c') => ("\\c", 1),
            Some(b'f') => ("\u{c}", 1),
            Some(b'n') => ("\n", 1),
            Some(b'r') => ("\r", 1),
            Some(b't') => ("\t", 1),
            Some(b'v') => ("\u{b}", 1),
            Some(b'$') => ("$$", 1),
            Some(b'"') => ("\"", 1),
            Some(b'\\') => ("\\", 1),
            Some(b'0') => {
                let digits = after[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
                // Go reads exactly three octal digits, up to 377; of others, docker compose loses the 0.
                match u8::from_str_radix(&after[1..=digits], 8) {
                    Ok(byte) if digits == 3 => out.push(char::from(byte)),
                    _ => {
                        out.push('\\');
                        out.push_str(&after[1..=digits]);
                    }
                }
                ("", 1 + digits)
            }
            _ => ("\\", 0),
        };
        out.push_str(put);
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let mut report = Report::new();
        let outer = |name: &str| (name == "SHELL_SET").then(|| "from shell".to_owned());
        let all = parse(
            ".env",
            text.as_bytes(),
            Format::Compose,
            Lookups { outer: &outer, ..Lookups::NONE },
            &mut report,
        );
        assert_eq!(diag::render_plain(&report), "", "{text}");
        all.into_iter().map(|(name, v)| (name, v.value)).collect()
    }

    fn one(text: &str) -> String {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0).1
    }

    #[test]
    fn each_form_of_the_specification() {
        for (text, value) in [
            ("A=b", "b"),
            ("A = b ", "b"),
            ("export A=b", "b"),
            ("A: b", "b"),
            ("A=", ""),
            ("A='b c' # comment", "b c"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=b=c==", "b=c=="),
            ("A='$B ${C} \\n'", "$B ${C} \\n"),
            ("A='it\\'s'", "it's"),
            ("A=\"say \\\"x\\\"\\n\\t\\\\ \\$B\"", "say \"x\"\n\t\\ $B"),
            ("A=\"x\ny\"", "x\ny"),
            ("A='x\ny'", "x\ny"),
            ("A=\"$SHELL_SET!\"", "from shell!"),
            ("A=${UNSET:-d}", "d"),
            ("A=\"\\0101\"", "A"),
            ("SHELL_SET", "from shell"),
            ("# nothing\n\n  A=b\r\n", "b"),
        ] {
            assert_eq!(one(text), value, "{text}");
        }
        assert_eq!(read("A=1\nB=${A}2\nA=3\n"), [("A".into(), "3".into()), ("B".into(), "12".into())]);
        assert_eq!(read("NOT_SET\nA=1"), [("A".into(), "1".into())]);
    }

    #[test]
    fn faults_have_lines_and_reading_goes_on() {
        let mut report = Report::new();
        let text = "A=\"x\ny\"\nB C=1\nD?=2\nE='open\nF=${\nG=1\n";
        let all = parse("x.env", text.as_bytes(), Format::Compose, Lookups::NONE, &mut report);
        assert_eq!(all["G"].place.line, 7);
        let lines: Vec<u32> = report.items.iter().filter_map(|d| d.place.as_ref()).map(|p| p.line).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
    }

    #[test]
    fn variables_of_variables_do_not_fill_the_memory() {
        let mut text = String::from("A0=xxxxxxxx\n");
        for n in 1..60 {
            text.push_str(&format!("A{n}=$A{0}$A{0}\n", n - 1));
        }
        let mut report = Report::new();
        let all = parse("x.env", text.as_bytes(), Format::Compose, Lookups::NONE, &mut report);
        assert!(all.values().map(|v| v.value.len()).sum::<usize>() < 2 << 20);
        assert!(report.items.iter().any(|d| d.code == codes::TOO_LARGE));
    }

    #[test]
    fn raw_takes_everything() {
        let mut report = Report::new();
        let all = parse("x.env", b"A='b' # $C\nB=\n", Format::Raw, Lookups::NONE, &mut report);
        assert_eq!((all["A"].value.as_str(), all["B"].value.as_str()), ("'b' # $C", ""));
    }
}
