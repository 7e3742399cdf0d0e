//! `textwrap.wrap`, as the `wordwrap` filter calls it.

use crate::error::{Fault, Res};
use crate::regex::Pattern;
use std::sync::LazyLock;

/// Where Python breaks a text into pieces that stay whole.
static PIECES: LazyLock<Option<Pattern>> = LazyLock::new(|| {
    let punctuated = r#"[\w!"'&.,?]"#;
    let (blank, black, letter) = ("[\\t\\n\\x0b\\x0c\\r ]", "[^\\t\\n\\x0b\\x0c\\r ]", r"[^\d\W]");
    Pattern::new(
        &format!(
            r"({blank}+|(?<={punctuated})-{{2,}}(?=\w)|{black}+?(?:-(?:(?<={letter}{letter}-)|(?<={letter}-{letter}-))(?={letter}-?{letter})|(?={blank}|\Z)|(?<={punctuated})(?=-{{2,}}\w)))"
        ),
        false,
        false,
    )
    .ok()
});

/// How to wrap.
pub(crate) struct Wrap {
    pub width: usize,
    pub break_long_words: bool,
    pub break_on_hyphens: bool,
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn blank(text: &str) -> bool {
    super::strip(text, None, true, true).is_empty()
}

impl Wrap {
    fn pieces(&self, text: &str) -> Res<Vec<String>> {
        if !self.break_on_hyphens {
            let mut out: Vec<String> = Vec::new();
            let mut was_space = None;
            for c in text.chars() {
                let space = "\t\n\u{b}\u{c}\r ".contains(c);
                match out.last_mut() {
                    Some(last) if was_space == Some(space) => last.push(c),
                    _ => out.push(c.to_string()),
                }
                was_space = Some(space);
            }
            return Ok(out);
        }
        let Some(pattern) = &*PIECES else { return Err(Fault::failed("wordwrap")) };
        let mut out = Vec::new();
        let mut end = 0;
        for found in pattern.find_all(text)? {
            if found.start > end {
                out.push(text[end..found.start].to_owned());
            }
            end = found.end;
            if found.end > found.start {
                out.push(text[found.start..found.end].to_owned());
            }
        }
        if end < text.len() {
            out.push(text[end..].to_owned());
        }
        Ok(out)
    }

    /// The lines of one paragraph.
    pub(crate) fn lines(&self, text: &str) -> Res<Vec<String>> {
        let mut pieces = self.pieces(text)?;
        pieces.reverse();
        let mut lines: Vec<String> = Vec::new();
        while !pieces.is_empty() {
            let mut line: Vec<String> = Vec::new();
            let mut taken = 0;
            if !lines.is_empty() && pieces.last().is_some_and(|p| blank(p)) {
                pieces.pop();
            }
            while let Some(piece) = pieces.pop_if(|p| taken + length(p) <= self.width) {
                taken += length(&piece);
                line.push(piece);
            }
            if pieces.last().is_some_and(|p| length(p) > self.width) {
                self.long_word(&mut pieces, &mut line, taken);
            }
            if line.last().is_some_and(|p| blank(p)) {
                line.pop();
            }
            if !line.is_empty() {
                lines.push(line.concat());
            }
        }
        Ok(lines)
    }

    fn long_word(&self, pieces: &mut Vec<String>, line: &mut Vec<String>, taken: usize) {
        let Some(piece) = pieces.pop() else { return };
        if !self.break_long_words {
            if line.is_empty() {
                line.push(piece);
            } else {
                pieces.push(piece);
            }
            return;
        }
        let room = self.width - taken;
        let chars: Vec<char> = piece.chars().collect();
        let mut end = room.min(chars.len());
        if self.break_on_hyphens && chars.len() > room {
            let hyphen = chars[..room].iter().rposition(|c| *c == '-');
            if let Some(hyphen) = hyphen.filter(|h| *h > 0 && chars[..*h].iter().any(|c| *c != '-')) {
                end = hyphen + 1;
            }
        }
        line.push(chars[..end].iter().collect());
        pieces.push(chars[end..].iter().collect());
    }
}
