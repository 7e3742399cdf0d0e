//! Which edit of the sources would make a hand-made change so. Pure: the host's text, the sources and a way
//! to render them again go in, an edit that was tried comes out.
//!
//! A change of a value is looked for as the same value in the sources: first on the line the changed line came
//! from, then in that file, then everywhere. A line that was added goes into the host's `override` where its
//! engine takes one. Every candidate is rendered; one that does not bring the file nearer to what is on the
//! host is no candidate.

use artifact::{Desired, Why};
use diag::Place;
use similar::{ChangeTag, DiffTag, TextDiff, capture_diff_slices};
use source::Sources;
use std::collections::BTreeMap;

/// Renders sources: what every host should be, or why that cannot be.
pub type Render<'a> = &'a dyn Fn(&Sources) -> Result<BTreeMap<String, Desired>, String>;

/// Candidates that are rendered for one changed line: a value that stands everywhere cannot be told apart.
const TRIES: usize = 40;

/// What came of it for one file of one host.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The sources with the edits; the same as before when there are none.
    pub sources: Sources,
    /// Files that were edited.
    pub edited: Vec<String>,
    /// The rendered file is then what is on the host: the plan has nothing to do for it.
    pub whole: bool,
    /// Changed lines no edit was found for, and where to look.
    pub left: Vec<Left>,
    /// Other files that change with the edits, `HOST:PATH`.
    pub also: Vec<String>,
}

/// A changed line without an edit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// The line as the sources make it; none for a line that was added.
    pub ours: Option<String>,
    /// The line as it is on the host; none for one that was taken away.
    pub theirs: Option<String>,
    /// Where the line, or the one beside it, comes from.
    pub place: String,
    /// Why it stands there.
    pub reason: String,
}

/// Puts the changes of a diff into a text; `None` when it does not fit. The diff leads from the text on the
/// host (`-`) to `ours` (`+`).
pub fn text_on_host(ours: &str, diff: &str) -> Option<String> {
    let lines: Vec<&str> = ours.split_inclusive('\n').collect();
    let mut out = String::new();
    let mut at = 0;
    let mut rest = diff.lines().peekable();
    while let Some(head) = rest.next() {
        let Some(range) = head.strip_prefix("@@ -") else { continue };
        let new = range.split_once('+')?.1.split_once(" @@")?.0;
        let (from, count) = match new.split_once(',') {
            Some((from, count)) => (from.parse::<usize>().ok()?, count.parse::<usize>().ok()?),
            None => (new.parse::<usize>().ok()?, 1),
        };
        // A hunk that is empty on one side is counted from the line before it.
        let begin = if count == 0 { from } else { from.checked_sub(1)? };
        out.extend(lines.get(at..begin)?.iter().copied());
        at = begin;
        while let Some(line) = rest.next_if(|l| !l.starts_with("@@ -")) {
            if line.starts_with('\\') {
                // "No newline at end of file", of the line before.
                if out.ends_with('\n') {
                    out.pop();
                }
                continue;
            }
            let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
            match sign {
                "-" => out.push_str(&format!("{text}\n")),
                "+" | " " => {
                    let own = lines.get(at)?;
                    if own.trim_end_matches('\n') != text {
                        return None;
                    }
                    at += 1;
                    if sign == " " {
                        out.push_str(own);
                    }
                }
                _ => return None,
            }
        }
    }
    out.extend(lines.get(at..)?.iter().copied());
    Some(out)
}

/// Looks for the edits that make `theirs` of the file at `path` of `host`.
pub fn adopt(host: &str, path: &str, theirs: &str, sources: &Sources, render: Render<'_>) -> Adoption {
    let mut out = Adoption {
        sources: sources.clone(),
        edited: Vec::new(),
        whole: false,
        left: Vec::new(),
        also: Vec::new(),
    };
    let Ok(first) = render(sources) else { return out };
    let mut now = first.clone();
    let mut given_up: Vec<Changed> = Vec::new();
    loop {
        let Some(changes) = now.get(host).and_then(|d| changes(d, path, theirs)) else { return out };
        let Some(change) = changes.iter().find(|c| !given_up.contains(c)) else {
            out.left = changes.into_iter().map(Changed::left).collect();
            break;
        };
        let before = distance(&now, host, path, theirs);
        let candidates = candidates(change, host, &now, path, &out.sources);
        let found = candidates.into_iter().take(TRIES).find_map(|(file, text)| {
            let mut tried = out.sources.clone();
            tried.files.insert(file.clone(), text.into_bytes());
            let rendered = render(&tried).ok()?;
            (distance(&rendered, host, path, theirs) < before).then_some((file, tried, rendered))
        });
        match found {
            Some((file, tried, rendered)) => {
                out.sources = tried;
                now = rendered;
                if !out.edited.contains(&file) {
                    out.edited.push(file);
                }
            }
            None => given_up.push(change.clone()),
        }
    }
    out.whole = out.left.is_empty();
    out.also = also(&first, &now, host, path);
    out
}

/// Changed lines of a file: `ours` as rendered, `theirs` as on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    ours: Vec<String>,
    theirs: Vec<String>,
    why: Why,
}

impl Changed {
    fn left(self) -> Left {
        let one = |lines: &[String]| (!lines.is_empty()).then(|| lines.join("\n"));
        Left {
            ours: one(&self.ours),
            theirs: one(&self.theirs),
            place: self.why.place.to_string(),
            reason: self.why.reason.to_string(),
        }
    }
}

/// What differs, in pieces as small as can be: pairs of lines where as many came as went.
fn changes(desired: &Desired, path: &str, theirs: &str) -> Option<Vec<Changed>> {
    let file = desired.files.get(path)?;
    let ours: Vec<String> = file.text.lines.iter().map(|l| l.public()).collect();
    let theirs: Vec<String> = theirs.lines().map(str::to_owned).collect();
    let nowhere = || Why::new(&Place::builtin("render"), "a file without lines");
    let why = |at: usize| {
        let last = file.text.lines.len().saturating_sub(1);
        file.text.lines.get(at.min(last)).map_or_else(nowhere, |l| l.why.clone())
    };
    let mut out = Vec::new();
    for op in capture_diff_slices(similar::Algorithm::Myers, &ours, &theirs) {
        let (tag, old, new) = op.as_tag_tuple();
        match tag {
            DiffTag::Equal => {}
            DiffTag::Replace if old.len() == new.len() => {
                out.extend(old.zip(new).map(|(o, n)| Changed {
                    ours: vec![ours[o].clone()],
                    theirs: vec![theirs[n].clone()],
                    why: why(o),
                }));
            }
            DiffTag::Replace | DiffTag::Delete | DiffTag::Insert => out.push(Changed {
                why: why(old.start.saturating_sub(usize::from(old.is_empty()))),
                ours: ours[old].to_vec(),
                theirs: theirs[new].to_vec(),
            }),
        }
    }
    Some(out)
}

/// How far the rendered file is from what is on the host: lines that only one has, and lines out of place.
fn distance(all: &BTreeMap<String, Desired>, host: &str, path: &str, theirs: &str) -> usize {
    let Some(file) = all.get(host).and_then(|d| d.files.get(path)) else { return usize::MAX };
    let ours = file.text.public();
    let diff = TextDiff::from_lines(ours.as_str(), theirs);
    diff.iter_all_changes().filter(|c| c.tag() != ChangeTag::Equal).count()
}

fn also(
    before: &BTreeMap<String, Desired>,
    after: &BTreeMap<String, Desired>,
    host: &str,
    path: &str,
) -> Vec<String> {
    let mut out = Vec::new();
    for (name, desired) in after {
        let old = before.get(name);
        for (file, now) in &desired.files {
            let same =
                old.and_then(|o| o.files.get(file)).is_some_and(|o| o.text.public() == now.text.public());
            if !same && (name.as_str(), file.as_str()) != (host, path) {
                out.push(format!("{name}:{file}"));
            }
        }
        let units = |d: Option<&Desired>| d.map(|d| d.units.keys().cloned().collect::<Vec<_>>());
        if units(old) != units(Some(desired)) {
            out.push(format!("{name}: its units"));
        }
    }
    out
}

/// Source files with one edit each that may make the change so, the most likely first.
fn candidates(
    change: &Changed,
    host: &str,
    all: &BTreeMap<String, Desired>,
    path: &str,
    sources: &Sources,
) -> Vec<(String, String)> {
    let text = |file: &str| sources.files.get(file).and_then(|b| std::str::from_utf8(b).ok());
    let mut out = Vec::new();
    if let ([ours], [theirs]) = (change.ours.as_slice(), change.theirs.as_slice()) {
        let pairs = values(ours, theirs);
        let home = &*change.why.place.file;
        let line = change.why.place.line as usize;
        let mut elsewhere = Vec::new();
        for (old, new) in &pairs {
            let here = text(home).map(|t| replacements(t, old, new)).unwrap_or_default();
            for (at, edited) in here {
                let to = if at == line { &mut out } else { &mut elsewhere };
                to.push((home.to_owned(), edited));
            }
        }
        for (old, new) in &pairs {
            for file in sources.files.keys().filter(|f| *f != home) {
                let found = text(file).map(|t| replacements(t, old, new)).unwrap_or_default();
                elsewhere.extend(found.into_iter().map(|(_, edited)| (file.clone(), edited)));
            }
        }
        out.extend(elsewhere);
    }
    let engine = all.get(host).and_then(|d| d.files.get(path)).map(|f| f.engine.as_str());
    if let (true, Some(engine)) = (change.ours.is_empty(), engine) {
        let file = format!("hosts/{host}.yaml");
        out.extend(text(&file).and_then(|t| overridden(t, engine, &change.theirs)).map(|t| (file, t)));
    }
    out
}

/// The host's file with lines added to its raw text for an engine; `None` when it is not written in a way
/// lines can be added to.
fn overridden(text: &str, engine: &str, lines: &[String]) -> Option<String> {
    let body: String = lines.iter().map(|l| format!("    {l}\n")).collect();
    let mut whole = text.to_owned();
    if !whole.is_empty() && !whole.ends_with('\n') {
        whole.push('\n');
    }
    if !text.lines().any(|l| l.starts_with("override:")) {
        return Some(format!("{whole}override:\n  {engine}: |\n{body}"));
    }
    // Lines are added at the end of a block that is there already; a folded or quoted text is left alone.
    let head = format!("  {engine}: |");
    let mut out = Vec::new();
    let mut all = whole.lines().peekable();
    let mut added = false;
    while let Some(line) = all.next() {
        out.push(line.to_owned());
        if line == head {
            while let Some(inner) = all.next_if(|l| l.starts_with("    ") || l.trim().is_empty()) {
                out.push(inner.to_owned());
            }
            out.extend(lines.iter().map(|l| format!("    {l}")));
            added = true;
        }
    }
    if !added && text.lines().any(|l| l == "override:") {
        let at = out.iter().position(|l| l == "override:")?;
        out.insert(at + 1, format!("{head}\n{}", body.trim_end()));
        added = true;
    }
    added.then(|| out.join("\n") + "\n")
}

/// What differs between two lines, as old and new value, from the smallest whole word to the longest.
fn values(ours: &str, theirs: &str) -> Vec<(String, String)> {
    let (a, b): (Vec<char>, Vec<char>) = (ours.chars().collect(), theirs.chars().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let most = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| x == y).count();
    let mut out: Vec<(String, String)> = Vec::new();
    for others in ["", "._-", "._-:/@+"] {
        let inside = |c: &char| c.is_alphanumeric() || others.contains(*c);
        let from = head - a[..head].iter().rev().take_while(|c| inside(c)).count();
        let after = a[a.len() - tail..].iter().take_while(|c| inside(c)).count();
        let cut = |of: &[char]| of[from..of.len() - tail + after].iter().collect::<String>();
        let pair = (cut(&a), cut(&b));
        if !pair.0.trim().is_empty() && !pair.1.trim().is_empty() && !out.contains(&pair) {
            out.push(pair);
        }
    }
    // The longest word says most: it is tried first.
    out.reverse();
    out
}

/// The text with one whole-word occurrence of `old` replaced, for each occurrence, with its line from 1.
fn replacements(text: &str, old: &str, new: &str) -> Vec<(usize, String)> {
    let inside = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let mut out = Vec::new();
    for (at, _) in text.match_indices(old) {
        let before = text[..at].chars().next_back();
        let after = text[at + old.len()..].chars().next();
        // A full stop at the end of a word is no part of it.
        if before.is_some_and(inside) || after.is_some_and(inside) {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let begin = text[..at].rfind('\n').map_or(0, |n| n + 1);
        // What is said in a comment is no value.
        if text[begin..at].trim_start().starts_with('#') || text[begin..at].contains(" #") {
            continue;
        }
        out.push((line, format!("{}{new}{}", &text[..at], &text[at + old.len()..])));
    }
    out
}
