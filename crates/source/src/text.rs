//! Bytes to text: size, UTF-8, byte order mark, control characters.

use crate::codes;
use diag::{Diagnostic, Place, Report};

/// Largest file that is read, in bytes. A fleet of 10,000 services in one file is about 2 MB.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The text of a file without its byte order mark; `None` with a diagnostic when it is none.
pub fn decode<'b>(file: &str, bytes: &'b [u8], report: &mut Report) -> Option<&'b str> {
    if bytes.len() > MAX_BYTES {
        report.push(
            Diagnostic::error(
                codes::TOO_BIG,
                &Place::file(file),
                format!("{} bytes; a source file has at most {MAX_BYTES}", bytes.len()),
            )
            .help("split it into one file a thing: KIND/NAME.yaml"),
        );
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => printable(file, text.strip_prefix('\u{feff}').unwrap_or(text), report),
        Err(error) => {
            let good = &bytes[..error.valid_up_to()];
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            // All bytes before the fault are UTF-8, so this loses nothing.
            let before = String::from_utf8_lossy(good);
            let place = place_after(file, &before);
            let message = if before.is_empty() && matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
                "this file is UTF-16, not UTF-8".to_owned()
            } else {
                format!("byte 0x{byte:02x} is not UTF-8")
            };
            report.push(Diagnostic::error(codes::NOT_UTF8, &place, message).help("save the file as UTF-8"));
            None
        }
    }
}

/// The text when YAML may hold all its characters (YAML 1.2.2, 5.1: `c-printable`).
fn printable<'t>(file: &str, text: &'t str, report: &mut Report) -> Option<&'t str> {
    let strange = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    };
    let Some(at) = text.find(strange) else { return Some(text) };
    let (before, rest) = text.split_at(at);
    let number = rest.chars().next().map_or(0, u32::from);
    report.push(
        Diagnostic::error(
            codes::CONTROL,
            &place_after(file, before),
            format!("the control character U+{number:04X} stands in the text"),
        )
        .help("take it out; in a text in double quotes `\\t` and `\\n` stand for tab and line end"),
    );
    None
}

/// The place right after some text.
fn place_after(file: &str, before: &str) -> Place {
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    let column = last.trim_start_matches('\u{feff}').chars().count() + 1;
    Place::new(file, u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
