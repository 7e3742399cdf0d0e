//! Files of Ansible Vault, encrypted as a whole or value by value.

use super::super::private;
use super::no_value;
use super::passwords::passwords;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::Secret;
use ::secret::declared::Elsewhere;
use ::secret::vault;
use diag::{Diagnostic, Place, Report};
use std::path::Path;

/// The value at the key, or all that is in it.
pub(super) fn read(folder: &Path, at: &Elsewhere) -> Result<Secret, Failure> {
    let path = folder.join(&at.file.value);
    let file = private::read(&path)?.ok_or_else(|| no_value(at, "the file is not there"))?;
    let passwords = passwords(folder, at.password_file.as_ref())?;
    let place = Place::file(at.file.value.as_str());
    let Some(key) = &at.key else {
        return vault::decrypt(file.bytes(), &passwords, &place).map_err(|d| Failure::new(Exit::Errors, d));
    };
    let mut files = ansible::Files::new();
    files.insert(at.file.value.clone(), file.bytes().to_vec());
    let open = |bytes: &[u8], _: Option<&str>| {
        let content = vault::decrypt(bytes, &passwords, &Place::builtin("vault")).map_err(|mut d| {
            // It is put where the value stands by whoever reads the file.
            d.place = d.place.filter(Place::is_source);
            d
        })?;
        let text = content.text().map(str::to_owned);
        text.ok_or_else(|| Diagnostic::bare(ansible::codes::NOT_UTF8, "what is encrypted here is not UTF-8"))
    };
    let mut report = Report::new();
    let values = ansible::load_values(&files, &at.file.value, &open, &mut report);
    if report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: Default::default() });
    }
    let found = values.as_ref().and_then(|values| inside(values, &key.value));
    match found.and_then(py::Node::as_scalar).and_then(py::Value::as_str) {
        Some(text) => Ok(Secret::new(text)),
        None if found.is_some() => Err(no_value(at, "it is not a text; a number or a word is one in quotes")),
        None => Err(no_value(at, "there is no such key")),
    }
}

/// The node at a key: the key as it is, else each part in the part before.
fn inside<'n>(node: &'n py::Node, key: &str) -> Option<&'n py::Node> {
    node.get(key).or_else(|| {
        let (first, rest) = key.split_once('.')?;
        inside(node.get(first)?, rest)
    })
}
