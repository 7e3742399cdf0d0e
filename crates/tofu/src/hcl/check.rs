//! Whether a text is what its file's name says.

use super::fault::unclosed;
use super::keys::apart;
use crate::codes;
use crate::json::{self, number, utf8};
use diag::{Diagnostic, Place, Report};
use hcl_edit::structure::Body;

/// What OpenTofu reads a file as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// HCL: `.tf`, `.tofu`, `.tfvars`.
    Hcl,
    /// The same things as JSON: `.tf.json`, `.tofu.json`, `.tfvars.json`.
    Json,
}

/// What a file is by its name; nothing for a file OpenTofu does not read.
pub fn kind(path: &str) -> Option<File> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    if ends(&[".tf", ".tofu", ".tfvars"]) {
        Some(File::Hcl)
    } else if ends(&[".tf.json", ".tofu.json", ".tfvars.json"]) {
        Some(File::Json)
    } else {
        None
    }
}

/// Whether the bytes are what the file's name says; nothing to say of files OpenTofu does not read. What the
/// text means (names of resources, types) is not looked at: that is `tofu validate`.
///
/// A fault is [`codes::NOT_HCL`], [`codes::NOT_JSON`], [`codes::TWICE`] or [`codes::NOT_UTF8`], at the place in
/// this file where reading stopped; [`codes::TOO_DEEP`] is a warning in HCL.
pub fn check(file: &str, bytes: &[u8]) -> Report {
    let fault = match kind(file) {
        None => None,
        Some(File::Json) => json::parse(file, bytes).err(),
        Some(File::Hcl) => utf8(file, bytes).and_then(|text| hcl(file, unmarked(text))).err(),
    };
    Report { items: fault.into_iter().collect() }
}

/// The text without its byte order mark, which OpenTofu passes over.
pub(super) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What a text says.
pub(super) fn hcl(file: &str, text: &str) -> Result<Body, Diagnostic> {
    let error = match hcl_edit::parser::parse_body(text) {
        Ok(body) => return Ok(body),
        Err(error) => error,
    };
    if let Some(body) = apart(text).and_then(|text| hcl_edit::parser::parse_body(&text).ok()) {
        return Ok(body);
    }
    let at = error.location();
    let place = Place::new(file, number(at.line()), number(at.column()));
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
    if message.contains("nesting depth") || message.contains("operator depth") {
        // OpenTofu may well read it: what could not be judged stops nobody.
        let message = "this is nested too deep to be checked";
        return Err(Diagnostic::warning(codes::TOO_DEEP, &place, message)
            .help("give a part of it a name in `locals`; `tofu validate` reads it as it is"));
    }
    if message.contains("redefined") {
        // OpenTofu refuses the second attribute, and of two keys takes the last in silence.
        let message = "this attribute or key stands there already";
        return Err(Diagnostic::error(codes::TWICE, &place, message).help("keep one of the two"));
    }
    let (place, message) = unclosed(file, text).unwrap_or((place, message));
    Err(Diagnostic::error(codes::NOT_HCL, &place, format!("this is no HCL: {message}"))
        .help("in a template a text from a variable goes through `to_json`, which sets its quotes"))
}
