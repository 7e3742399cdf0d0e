//! What README.md and docs/ point at is there, and each `fleetwright …` they tell people to type is one.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use clap::Parser;
use clap::error::ErrorKind;
use fleetwright::cli::Cli;
use std::fs;
use std::path::{Path, PathBuf};

/// Pages people read: README.md and all below docs/, with their text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = common::root();
    let mut found = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// A page's prose and code, each line with its number.
#[derive(Default)]
struct Split<'a> {
    prose: Vec<(usize, &'a str)>,
    code: Vec<(usize, &'a str)>,
}

fn split(text: &str) -> Split<'_> {
    let mut split = Split::default();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            split.code.push((number, line));
        } else {
            split.prose.push((number, line));
        }
    }
    split
}

/// Every other piece of a line between backticks, from the second on.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Targets of `[text](target)` outside inline code.
fn links(line: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("](") {
        let before = line.len() - rest.len() + at;
        rest = &rest[at + 2..];
        // An odd number of backticks before it: the bracket is code.
        if line[..before].matches('`').count().is_multiple_of(2)
            && let Some(end) = rest.find(')')
        {
            links.push(&rest[..end]);
        }
    }
    links
}

/// Why a relative link leads nowhere; `None` for a good one.
fn broken(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { page.to_owned() } else { page.parent()?.join(path) };
    if !file.exists() {
        return Some(format!("{target}: there is no such file"));
    }
    if anchor.is_empty() || !file.is_file() {
        return None;
    }
    let text = fs::read_to_string(&file).ok()?;
    let known = text.contains(&format!("id=\"{anchor}\""))
        || text.lines().filter(|l| l.starts_with('#')).any(|heading| slug(heading) == anchor);
    (!known).then(|| format!("{target}: no such heading"))
}

/// The anchor that a heading gets on the usual forges.
fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// Command lines of this program in a line of code: `$ fleetwright check && fleetwright plan   shows it` has two.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.trim().trim_start_matches("$ ");
    let line = line.split_once(" #").map_or(line, |(before, _)| before);
    let line = line.split_once("  ").map_or(line, |(before, _)| before);
    line.split("&&")
        .flat_map(|part| part.split(['|', ';', '>']))
        .map(words)
        .filter(|words| words.first().is_some_and(|w| w == "fleetwright"))
        .collect()
}

/// Words as a shell has them, quotes taken off.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.trim().chars() {
        match quote {
            Some(q) if q == c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c == ' ' => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// A form and not a command: `fleetwright [OPTIONS] <COMMAND>`, `fleetwright twin …`.
fn is_form(words: &[String]) -> bool {
    words.len() < 2 || words.iter().any(|w| w.contains(['…', '<', '[']) || w == "COMMAND")
}

/// Why clap would refuse it. In prose a command's name alone stands for the command.
fn refused(words: &[String], prose: bool) -> Option<String> {
    let named = [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
    match Cli::try_parse_from(words) {
        Ok(_) => None,
        Err(e) if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => None,
        Err(e) if prose && named.contains(&e.kind()) => None,
        Err(e) => {
            Some(format!("`{}`: {}", words.join(" "), e.to_string().lines().next().unwrap_or_default()))
        }
    }
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = common::root();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        for (number, line) in split(&text).prose {
            for target in links(line) {
                seen += 1;
                if let Some(why) = broken(&page, target) {
                    wrong.push(format!("{}:{number}: {why}", page.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_line_in_the_docs_is_one() {
    let root = common::root();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        let split = split(&text);
        let code = split.code.iter().map(|(number, line)| (*number, *line, false));
        let inline =
            split.prose.iter().flat_map(|(number, line)| spans(line).map(|span| (*number, span, true)));
        for (number, line, prose) in code.chain(inline) {
            for words in commands(line).into_iter().filter(|w| !is_form(w)) {
                seen += 1;
                if let Some(why) = refused(&words, prose) {
                    wrong.push(format!("{}:{number}: {why}", page.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_links_and_commands_are_noticed() {
    let page = common::root().join("docs/ARCHITECTURE.md");
    assert_eq!(links("a [b](c.md), `[d](e)` and [f](g#h)"), ["c.md", "g#h"]);
    assert!(broken(&page, "engines.md").is_none() && broken(&page, "ARCHITECTURE.md#rooms").is_none());
    assert!(broken(&page, "nowhere.md").is_some() && broken(&page, "ARCHITECTURE.md#nowhere").is_some());
    let lines = commands("$ fleetwright -C 'a b' check && sudo true && fleetwright plan --dif   shows it");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(refused(&lines[0], false).is_none() && refused(&lines[1], true).is_some());
}
