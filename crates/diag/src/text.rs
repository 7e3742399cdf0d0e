//! Diagnostics as text: one plain form for files and tests, one for people with the source line and a caret.

use crate::{Diagnostic, Place, Report, Severity};
use std::fmt::Write as _;

/// Plain text, one diagnostic after another: `error[FW0101] hosts/a.yaml:2:1: unknown key …`, then its labels
/// and its help, indented. Stable: tests keep it beside the sources.
pub fn render_plain(report: &Report) -> String {
    let mut out = String::new();
    for d in &report.items {
        // Writing to a String cannot fail.
        let _ = match &d.place {
            Some(place) => writeln!(out, "{}[{}] {place}: {}", d.severity.word(), d.code, clean(&d.message)),
            None => writeln!(out, "{}[{}] {}", d.severity.word(), d.code, clean(&d.message)),
        };
        for (place, word) in &d.labels {
            let _ = writeln!(out, "    {place}: {}", clean(word));
        }
        if let Some(help) = &d.help {
            let _ = writeln!(out, "    help: {}", clean(help));
        }
    }
    out
}

/// Whether escape sequences for colour are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// ANSI colours.
    Colour,
}

/// For people: each diagnostic with the line it is about and a caret under the place, its labels likewise, and
/// a closing line that counts. `source` gives a file's text by path; places in files it does not know are
/// named only.
pub fn render_pretty(report: &Report, source: &dyn Fn(&str) -> Option<String>, style: Style) -> String {
    let mut out = String::new();
    for d in &report.items {
        one(&mut out, d, source, &Paint(style));
        out.push('\n');
    }
    if let Some(line) = summary(report) {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn summary(report: &Report) -> Option<String> {
    let count = |s: Severity| report.items.iter().filter(|d| d.severity == s).count();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|s| match count(s) {
            0 => None,
            1 => Some(format!("1 {}", s.word())),
            n => Some(format!("{n} {}s", s.word())),
        })
        .collect();
    let example = report.items.iter().find(|d| d.severity == Severity::Error).or(report.items.first())?;
    Some(format!("{}; `fleetwright explain {}` tells more", parts.join(", "), example.code))
}

struct Paint(Style);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        match self.0 {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
    fn severity(&self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Note => "1;36",
        };
        self.with(code, text)
    }
    fn dim(&self, text: &str) -> String {
        self.with("1;34", text)
    }
    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }
}

/// A place with the text of its line and what is said about it.
struct Mark<'d> {
    place: &'d Place,
    line: Option<String>,
    word: &'d str,
    main: bool,
}

fn one(out: &mut String, d: &Diagnostic, source: &dyn Fn(&str) -> Option<String>, paint: &Paint) {
    let head = format!("{}[{}]", d.severity.word(), d.code);
    let _ = writeln!(out, "{}: {}", paint.severity(d.severity, &head), paint.bold(&clean(&d.message)));
    let line_of = |place: &Place| {
        let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
        source(&place.file)?.lines().nth(line).map(|l| l.trim_end().to_owned())
    };
    let main = d.place.iter().map(|place| Mark { place, line: line_of(place), word: "", main: true });
    let labels = d.labels.iter().map(|(place, word)| Mark { place, line: line_of(place), word, main: false });
    let marks: Vec<Mark> = main.chain(labels).collect();
    let widest = marks.iter().filter(|m| m.line.is_some()).map(|m| m.place.line).max().unwrap_or(0);
    let width = widest.to_string().len();
    let gap = " ".repeat(width);
    let mut file = None;
    for mark in &marks {
        let arrow = if mark.main { "-->" } else { ":::" };
        match &mark.line {
            None => {
                let word = if mark.word.is_empty() { String::new() } else { format!(": {}", mark.word) };
                let _ = writeln!(out, "{gap}{} {}{word}", paint.dim(arrow), mark.place);
            }
            Some(line) => {
                // A label on a line of the same file needs no new header.
                if file != Some(&mark.place.file) || mark.main {
                    let _ = writeln!(out, "{gap}{} {}", paint.dim(arrow), mark.place);
                    let _ = writeln!(out, "{gap} {}", paint.dim("|"));
                    file = Some(&mark.place.file);
                } else {
                    let _ = writeln!(out, "{}", paint.dim("..."));
                }
                excerpt(out, d, mark, line, width, paint);
            }
        }
    }
    if let Some(help) = &d.help {
        let _ = writeln!(out, "{gap} {} {} {}", paint.dim("="), paint.bold("help:"), clean(help));
    }
}

/// The line and a row of carets under the word at the place.
fn excerpt(out: &mut String, d: &Diagnostic, mark: &Mark, line: &str, width: usize, paint: &Paint) {
    const WIDEST: usize = 160;
    let column = usize::try_from(mark.place.column).unwrap_or(1).max(1) - 1;
    let from = column.saturating_sub(WIDEST / 2);
    let shown: String = line.chars().skip(from).take(WIDEST).map(printable).collect();
    let length = line
        .chars()
        .skip(column)
        .take(WIDEST / 2)
        .take_while(|c| !matches!(c, ' ' | '\t' | ',' | ']' | '}' | '#'))
        .count()
        .max(1);
    let number = format!("{:>width$}", mark.place.line);
    let _ = writeln!(out, "{} {} {shown}", paint.dim(&number), paint.dim("|"));
    let caret = if mark.main { "^" } else { "-" }.repeat(length);
    let said = if mark.word.is_empty() { caret } else { format!("{caret} {}", mark.word) };
    let said = if mark.main { paint.severity(d.severity, &said) } else { paint.dim(&said) };
    let _ = writeln!(out, "{} {} {}{said}", " ".repeat(width), paint.dim("|"), " ".repeat(column - from));
}

/// Text from a source, fit for one line of a terminal.
fn clean(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// Tabs and control characters are one column wide here, and never reach a terminal.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::new();
        report.push(
            Diagnostic::error("FW0004", &Place::new("a.yaml", 3, 1), "`site` stands twice")
                .label(&Place::new("a.yaml", 1, 1), "first here")
                .help("keep one"),
        );
        report.push(Diagnostic::bare("FW0020", "this folder describes no fleet"));
        report.push(Diagnostic::note("FW0040", &Place::new("builtin:x", 0, 0), "a note"));
        report
    }

    #[test]
    fn plain_is_one_line_and_its_details() {
        assert_eq!(
            render_plain(&report()),
            "error[FW0004] a.yaml:3:1: `site` stands twice\n    a.yaml:1:1: first here\n    help: keep one\n\
             error[FW0020] this folder describes no fleet\nnote[FW0040] builtin:x: a note\n"
        );
    }

    #[test]
    fn pretty_shows_the_lines() {
        let text = "site: kyiv\naddress: 192.0.2.1\nsite: łódź\n";
        let source = |file: &str| (file == "a.yaml").then(|| text.to_owned());
        let shown = render_pretty(&report(), &source, Style::Plain);
        let expected = "\
error[FW0004]: `site` stands twice
 --> a.yaml:3:1
  |
3 | site: łódź
  | ^^^^^
...
1 | site: kyiv
  | ----- first here
  = help: keep one

error[FW0020]: this folder describes no fleet

note[FW0040]: a note
 --> builtin:x

2 errors, 1 note; `fleetwright explain FW0004` tells more
";
        assert_eq!(shown, expected, "{shown}");
    }

    #[test]
    fn a_place_past_the_end_of_its_line_is_no_fault() {
        let mut report = Report::new();
        report.push(Diagnostic::error("FW0001", &Place::new("a.yaml", 1, 500), "far"));
        report.push(Diagnostic::error("FW0001", &Place::new("a.yaml", 9, 1), "below"));
        let shown = render_pretty(&report, &|_| Some("x\ty\u{1b}[31m".to_owned()), Style::Colour);
        assert!(shown.contains("far") && !shown.contains("\u{1b}[31m\n"));
    }
}
