//! Encrypted values inside a YAML file: `key: !vault |` and the vault's text, indented.

use super::{MARK, Passwords, VaultId, rekey};
use crate::{Entropy, Secret, entropy};
use diag::{Place, Report};
use std::sync::Arc;

/// The text after `KEY: `, as `ansible-vault encrypt_string` writes it: the tag, and each line of `vault`
/// indented by `indent` spaces (Ansible: 10). No newline at the end.
pub fn to_inline(vault: &str, indent: usize) -> String {
    let mut text = "!vault |".to_owned();
    for line in vault.lines() {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str(line);
    }
    text
}

/// The vault's text out of such a value, with or without `!vault |` before it. `None` when there is no vault in
/// it; what is wrong with one is said by [`decrypt`](super::decrypt).
pub fn from_inline(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let tagged = lines.peek().is_some_and(|line| {
        line.strip_prefix("!vault").is_some_and(|rest| {
            let rest = rest.trim_start_matches("-encrypted").trim();
            rest.starts_with(['|', '>'])
        })
    });
    if tagged {
        lines.next();
    }
    lines.peek().filter(|line| super::is_vault(line.as_bytes()))?;
    Some(lines.fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    }))
}

/// A text whose vaults have another password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// The text; all but the vaults is byte for byte as it was.
    pub text: String,
    /// How many vaults there were, the whole file or values in it.
    pub vaults: usize,
}

/// Every vault of a file under another password, as [`rekey`] does it for one: the whole file, or its inline
/// values where they stand. A vault that does not open is an error at its line; all are reported, and then there
/// is no text.
///
/// A vault in a comment is left as it is.
pub fn rekey_text(
    text: &str,
    old: &Passwords,
    new: &Secret,
    id: Option<&VaultId>,
    entropy: &mut dyn Entropy,
    file: &str,
    report: &mut Report,
) -> Option<Rekeyed> {
    let file: Arc<str> = file.into();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut vaults, mut whole) = (0, 0, true);
    while let Some(line) = lines.get(at) {
        let length = length(&lines, at);
        if length == 0 {
            out.push_str(line);
            at += 1;
            continue;
        }
        vaults += 1;
        let indent = &line[..line.len() - line.trim_start().len()];
        let column = u32::try_from(indent.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        let place = Place::new(Arc::clone(&file), u32::try_from(at + 1).unwrap_or(u32::MAX), column);
        let block = lines[at..at + length].concat();
        match rekey(block.trim_start().as_bytes(), old, new, id, *entropy::array(entropy), &place) {
            Ok(vault) => {
                let end = |text: &str| match text.strip_suffix('\n') {
                    None => "",
                    Some(before) if before.ends_with('\r') => "\r\n",
                    Some(_) => "\n",
                };
                let vault: Vec<String> = vault.lines().map(|line| format!("{indent}{line}")).collect();
                // A vault has more than one line, so the first one has an end.
                out.push_str(&vault.join(end(line)));
                out.push_str(end(&block));
            }
            Err(found) => {
                report.push(found);
                whole = false;
            }
        }
        at += length;
    }
    whole.then_some(Rekeyed { text: out, vaults })
}

/// How many lines the vault has that begins at a line; 0 when none does. Without indentation it is the whole
/// file; with one it goes on while the lines have it, as a YAML block does, blank ones at its end left out.
fn length(lines: &[&str], at: usize) -> usize {
    let (line, rest) = (lines[at], &lines[at + 1..]);
    let bare = line.trim_start();
    let indent = &line[..line.len() - bare.len()];
    if !bare.as_bytes().starts_with(MARK) {
        return 0;
    }
    match (indent, at) {
        ("", 0) => lines.len(),
        ("", _) => 0,
        _ => {
            let in_block = |line: &&&str| line.starts_with(indent) && !line.trim().is_empty();
            1 + rest.iter().take_while(in_block).count()
        }
    }
}
