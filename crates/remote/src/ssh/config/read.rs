//! Reads files in ssh_config(5)'s format: first said wins, Host blocks, Include. `Match` and canonical names
//! depend on more than the text; who meets them is told to ask OpenSSH.

use super::Failure;
use super::said::Said;
use crate::Reach;
use crate::ssh::known::matches;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Includes within includes, as OpenSSH has it.
const DEPTH: usize = 16;

/// What files say about a host.
pub(super) enum Answer {
    /// This.
    Said(Box<Said>),
    /// Something that only OpenSSH itself can tell.
    AskOpenSsh,
}

/// Reads files in order; what the first says wins. Those that are missing say nothing.
///
/// # Errors
/// A line that is wrong, with its place; a file others can write.
pub(super) fn read(files: &[PathBuf], name: &str) -> Result<Answer, Failure> {
    let mut reader = Reader { name, said: Said::default(), ask: false };
    for file in files {
        reader.file(file, true, DEPTH)?;
    }
    Ok(if reader.ask { Answer::AskOpenSsh } else { Answer::Said(Box::new(reader.said)) })
}

struct Reader<'a> {
    name: &'a str,
    said: Said,
    ask: bool,
}

impl Reader<'_> {
    /// `active` is false in a file that a block about other hosts includes.
    fn file(&mut self, path: &Path, active: bool, depth: usize) -> Result<(), Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err((Reach::Config, format!("{}: {e}", path.display()))),
        };
        // Whoever can write it can run programs as its reader.
        if let Ok(meta) = std::fs::metadata(path) {
            let owner = meta.uid() == 0 || meta.uid() == rustix::process::geteuid().as_raw();
            if !owner || meta.mode() & 0o022 != 0 {
                return Err((Reach::Config, format!("{}: others can write it", path.display())));
            }
        }
        let mut here = active;
        for (number, line) in text.lines().enumerate() {
            let wrong = |e: String| (Reach::Config, format!("{} line {}: {e}", path.display(), number + 1));
            let Some((keyword, rest)) = split(line) else { continue };
            let words = words(rest).map_err(wrong)?;
            match keyword.as_str() {
                "host" => here = active && is_about(&words, self.name),
                "match" => self.ask = true,
                "canonicalizehostname" if here && words.first().is_some_and(|w| w != "no") => self.ask = true,
                "include" => {
                    for pattern in &words {
                        for file in self.included(path, pattern) {
                            if depth == 0 {
                                return Err(wrong("too many includes within each other".to_owned()));
                            }
                            self.file(&file, here, depth - 1)?;
                        }
                    }
                }
                _ if here => self.said.take(&keyword, &words, rest).map_err(wrong)?,
                // What is wrong is wrong for every host, as ssh(1) has it.
                _ => Said::default().take(&keyword, &words, rest).map_err(wrong)?,
            }
        }
        Ok(())
    }

    /// Files of an Include, in order.
    fn included(&mut self, from: &Path, pattern: &str) -> Vec<PathBuf> {
        let home = || std::env::home_dir().unwrap_or_default();
        let path = match pattern.strip_prefix("~/") {
            Some(rest) => home().join(rest),
            None if pattern.starts_with('/') => PathBuf::from(pattern),
            None if from.starts_with("/etc/ssh") => Path::new("/etc/ssh").join(pattern),
            None => home().join(".ssh").join(pattern),
        };
        if pattern.contains(['[', '{', '$', '%']) {
            self.ask = true;
            return Vec::new();
        }
        let mut found = vec![PathBuf::new()];
        for part in path.components() {
            let text = part.as_os_str().to_string_lossy();
            if !text.contains(['*', '?']) {
                found.iter_mut().for_each(|f| f.push(part));
                continue;
            }
            let mut next = Vec::new();
            for folder in found {
                let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
                let names = names.map(|n| n.file_name().to_string_lossy().into_owned());
                let fits = |n: &String| matches(&text, n) && (text.starts_with('.') || !n.starts_with('.'));
                next.extend(names.filter(fits).map(|n| folder.join(n)));
            }
            next.sort();
            found = next;
        }
        found.retain(|f| f.is_file());
        found
    }
}

/// The keyword, in small letters, and the rest.
fn split(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    Some((line[..end].trim_matches('"').to_lowercase(), rest))
}

/// Words of a line, with quotes, up to a comment.
fn words(rest: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\\')
                if chars
                    .peek()
                    .is_some_and(|n| matches!(n, '"' | '\'' | '\\') || (quote.is_none() && *n == ' ')) =>
            {
                word.get_or_insert_default().extend(chars.next());
            }
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => all.extend(word.take()),
            (None, '#') if word.is_none() => return Ok(all),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    all.extend(word);
    Ok(all)
}

/// True when a pattern fits and none with `!` does.
fn is_about(patterns: &[String], name: &str) -> bool {
    let not = patterns.iter().filter_map(|p| p.strip_prefix('!')).any(|p| matches(p, name));
    !not && patterns.iter().filter(|p| !p.starts_with('!')).any(|p| matches(p, name))
}
