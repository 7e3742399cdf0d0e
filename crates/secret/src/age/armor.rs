//! age files as text: strict PEM (RFC 7468), one label, 64 characters a line.

use crate::{codes, pem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diag::{Diagnostic, Place};

const LABEL: &str = "AGE ENCRYPTED FILE";
const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
const WIDTH: usize = 64;

pub(super) fn is_armored(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(BEGIN)
}

pub(super) fn write(bytes: &[u8]) -> Vec<u8> {
    pem::encode(LABEL, bytes, WIDTH).as_bytes().to_vec()
}

pub(super) fn read(bytes: &[u8], place: &Place) -> Result<Vec<u8>, Diagnostic> {
    let wrong = |line: usize, what: &str| {
        let line = place.line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX));
        Diagnostic::error(codes::AGE_DAMAGED, &Place::new(place.file.clone(), line, 1), what)
            .help("take it from a backup or from git")
    };
    let lines: Vec<&[u8]> =
        bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
    let first = lines.iter().position(|line| !line.trim_ascii().is_empty()).unwrap_or(0);
    if lines.get(first) != Some(&BEGIN) {
        return Err(wrong(first, "the first line of this armored age file is not alone on its line"));
    }
    let mut text = Vec::with_capacity(bytes.len());
    let mut short = false;
    for (number, line) in lines.iter().enumerate().skip(first + 1) {
        if *line == END {
            if lines[number + 1..].iter().any(|l| !l.trim_ascii().is_empty()) {
                return Err(wrong(number + 1, "there is something after the end of this armored age file"));
            }
            return STANDARD
                .decode(&text)
                .map_err(|_| wrong(first, "the text of this age file is not base64"));
        }
        if lines[number..].iter().all(|l| l.is_empty()) {
            break;
        }
        if short || line.is_empty() || line.len() > WIDTH {
            return Err(wrong(number, "a line of this armored age file has not the length it must have"));
        }
        short = line.len() < WIDTH;
        text.extend_from_slice(line);
    }
    let last = lines.iter().rposition(|l| !l.is_empty()).unwrap_or(0);
    Err(wrong(last, "this armored age file has no end"))
}
