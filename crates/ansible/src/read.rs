//! Everything to one inventory.

use crate::data::Draft;
use crate::files::{Content, Files};
use crate::inventory::Inventory;
use crate::{codes, merge, source};
use diag::{Diagnostic, Place, Report};
use py::{Entry, Kind, Marks, Node, Tagged, Tags, Value};

/// What decrypts vaulted text: the whole of it, header included, and the vault id the header names.
pub type Vault<'v> = dyn Fn(&[u8], Option<&str>) -> Result<String, Diagnostic> + 'v;

/// What is read.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// Inventory files and folders, in the order of `ansible -i`: later ones win.
    pub sources: &'o [&'o str],
    /// The folder of the playbooks, where it has `group_vars` and `host_vars` of its own; they win over those
    /// beside the inventory.
    pub playbooks: Option<&'o str>,
}

/// Reads an inventory. Every fault is reported; what could be read is in the result.
pub fn read(files: &Files, options: Options<'_>, vault: &Vault<'_>, report: &mut Report) -> Inventory {
    let loader = Loader { files, vault };
    let mut draft = Draft::new();
    for path in options.sources {
        source::read(&loader, path, &mut draft, report);
    }
    draft.reconcile(report);
    merge::merge(&loader, options, draft, report)
}

/// Reads a file of values as Ansible's loader does: JSON or YAML, encrypted as a whole or in parts. An empty
/// file is `None`.
pub fn load_values(files: &Files, path: &str, vault: &Vault<'_>, report: &mut Report) -> Option<Node> {
    let loader = Loader { files, vault };
    let (text, marks) = loader.text(path, report)?;
    loader.values(path, &text, marks, report)
}

/// Files, and what decrypts them.
pub(crate) struct Loader<'l> {
    pub files: &'l Files,
    pub vault: &'l Vault<'l>,
}

impl Loader<'_> {
    /// A file's text, decrypted, and whether it was.
    pub fn text(&self, path: &str, report: &mut Report) -> Option<(String, Marks)> {
        let place = Place::file(path);
        let bytes = match self.files.get(path)? {
            Content::Bytes(bytes) => bytes,
            Content::Other(what) => {
                report.push(
                    Diagnostic::error(codes::NOT_A_FILE, &place, format!("this is {what}, and was not read"))
                        .help("put a file here, or take it away"),
                );
                return None;
            }
        };
        if bytes.starts_with(b"$ANSIBLE_VAULT;") {
            return match (self.vault)(bytes, vault_id(bytes)) {
                Ok(text) => Some((text, Marks { secret: true, raw: false })),
                Err(diagnostic) => {
                    report.push(at(diagnostic, &place));
                    None
                }
            };
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Some((text.to_owned(), Marks::default())),
            Err(error) => {
                report.push(not_utf8(path, bytes, error.valid_up_to()));
                None
            }
        }
    }

    /// The values of a text: JSON where it is JSON, YAML otherwise.
    pub fn values(&self, path: &str, text: &str, marks: Marks, report: &mut Report) -> Option<Node> {
        let mut found = Report::new();
        let mut not_json = Report::new();
        let json = if text.trim_start().starts_with(['{', '[']) {
            py::json::load(path, text, &mut not_json)
        } else {
            None
        };
        let node = match json {
            Some(mut node) => {
                self.json_secrets(&mut node, &mut found);
                Some(node)
            }
            None => py::load(path, text, &AnsibleTags { vault: self.vault }, &mut found),
        };
        if node.is_none() && path.ends_with(".json") && not_json.has_errors() {
            found = not_json;
        }
        for diagnostic in found.items {
            report.push(if marks.secret { discreet(diagnostic) } else { diagnostic });
        }
        node.map(|mut node| {
            if marks != Marks::default() {
                node.mark(marks);
            }
            node
        })
    }

    /// `{"__ansible_vault": "…"}` and `{"__ansible_unsafe": "…"}`, as Ansible writes them into JSON.
    fn json_secrets(&self, node: &mut Node, report: &mut Report) {
        match &mut node.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| self.json_secrets(item, report)),
            Kind::Map(entries) => {
                let text = |entry: &Entry| entry.node.as_scalar()?.as_str().map(str::to_owned);
                let special = match entries.as_slice() {
                    [entry] => entry.key.as_str().zip(text(entry)).map(|(key, text)| (key.to_owned(), text)),
                    _ => None,
                };
                match special {
                    Some((key, text)) if key == "__ansible_vault" => {
                        match (self.vault)(text.as_bytes(), vault_id(text.as_bytes())) {
                            Ok(text) => {
                                node.kind = Kind::Scalar(Value::from(text));
                                node.marks.secret = true;
                            }
                            Err(diagnostic) => report.push(at(diagnostic, &node.place)),
                        }
                    }
                    Some((key, text)) if key == "__ansible_unsafe" => {
                        node.kind = Kind::Scalar(Value::from(text));
                        node.marks.raw = true;
                    }
                    _ => entries.iter_mut().for_each(|entry| self.json_secrets(&mut entry.node, report)),
                }
            }
        }
    }
}

/// `!vault` and `!unsafe`.
struct AnsibleTags<'v> {
    vault: &'v Vault<'v>,
}

impl Tags for AnsibleTags<'_> {
    fn scalar(&self, tag: &str, text: &str, place: &Place) -> Result<Option<Tagged>, Diagnostic> {
        match tag {
            "!vault" | "!vault-encrypted" => (self.vault)(text.as_bytes(), vault_id(text.as_bytes()))
                .map(|text| Some(Tagged::Value(Value::from(text), Marks { secret: true, raw: false })))
                .map_err(|diagnostic| at(diagnostic, place)),
            "!unsafe" => Ok(Some(Tagged::Plain(Marks { raw: true, secret: false }))),
            _ => Ok(None),
        }
    }

    fn collection(&self, tag: &str, place: &Place) -> Result<Option<Marks>, Diagnostic> {
        match tag {
            "!unsafe" => Ok(Some(Marks { raw: true, secret: false })),
            "!vault" | "!vault-encrypted" => {
                Err(Diagnostic::error(codes::VAULT, place, "a list or map under `!vault`")
                    .help("`!vault |` stands before an encrypted text"))
            }
            _ => Ok(None),
        }
    }
}

/// The id in `$ANSIBLE_VAULT;1.2;AES256;id`.
fn vault_id(bytes: &[u8]) -> Option<&str> {
    let header = bytes.split(|b| *b == b'\n').next()?;
    let header = std::str::from_utf8(header).ok()?;
    let id = header.split(';').nth(3)?.trim();
    (!id.is_empty()).then_some(id)
}

/// What the one who decrypts says has no place of its own.
fn at(mut diagnostic: Diagnostic, place: &Place) -> Diagnostic {
    diagnostic.place.get_or_insert_with(|| place.clone());
    diagnostic
}

/// A word about a decrypted file that shows nothing of it.
fn discreet(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.code == py::codes::SCALAR {
        diagnostic.message = "a value of this encrypted file is not what its form or tag says".to_owned();
    }
    diagnostic
}

pub(crate) fn not_utf8(path: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let before = &bytes[..at];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let place = Place::new(path, count(line), count(column));
    let byte = bytes.get(at).copied().unwrap_or_default();
    Diagnostic::error(codes::NOT_UTF8, &place, format!("byte {byte:#04x} is not UTF-8"))
        .help("save the file as UTF-8: `iconv -f latin1 -t utf-8` converts it")
}
