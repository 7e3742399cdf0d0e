//! The text around a vault: its first line, and hexadecimal text in lines of 80.

use super::cipher::{BLOCK, Sealed};
use super::passwords::{DEFAULT, VaultId};
use crate::{codes, hex};
use diag::{Diagnostic, Place};

/// Characters of a line.
const WIDTH: usize = 80;

/// A vault's text, taken apart.
pub(super) struct Envelope {
    pub id: Option<String>,
    pub sealed: Sealed,
}

/// Reads a vault. Lines may be indented and end in CRLF, as they stand in a YAML file.
pub(super) fn read(bytes: &[u8], place: &Place) -> Result<Envelope, Diagnostic> {
    let mut lines = bytes.split(|b| *b == b'\n').zip(0u32..);
    let header = lines.next().map(|(line, _)| line.trim_ascii()).unwrap_or_default();
    let id = read_header(header, place)?;
    let mut digits = Vec::with_capacity(bytes.len());
    let mut last = 0;
    for (line, number) in lines {
        let text = line.trim_ascii();
        if !text.is_empty() {
            last = number;
        }
        let indent = line.len() - line.trim_ascii_start().len();
        if let Some(at) = text.iter().position(|c| !c.is_ascii_hexdigit()) {
            let what = match text[at] {
                c if c.is_ascii_graphic() => format!("`{}`", char::from(c)),
                c => format!("byte 0x{c:02x}"),
            };
            let column = column(place, number, indent + at);
            let here = Place::new(place.file.clone(), below(place, number), column);
            return Err(Diagnostic::error(
                codes::VAULT_NOT_HEX,
                &here,
                format!("{what} in a vault's hexadecimal text"),
            )
            .help("the text was changed; take it from a backup or from git"));
        }
        digits.extend_from_slice(text);
    }
    let end = Place::new(place.file.clone(), below(place, last), column(place, last, 0));
    let sealed = read_parts(&digits, &end)?;
    Ok(Envelope { id, sealed })
}

/// A line of the vault as a line of the file.
fn below(place: &Place, number: u32) -> u32 {
    place.line.saturating_add(number)
}

/// The column of a byte: the first line's text starts where `place` is, others count from their own start.
fn column(place: &Place, number: u32, at: usize) -> u32 {
    let at = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
    if number == 0 { place.column } else { at }
}

/// The vault id of the first line.
fn read_header(line: &[u8], place: &Place) -> Result<Option<String>, Diagnostic> {
    if !line.starts_with(super::MARK) {
        return Err(Diagnostic::error(
            codes::NOT_A_VAULT,
            place,
            "this does not start with `$ANSIBLE_VAULT`",
        )
        .help("encrypt it first, or read it as it is"));
    }
    let broken = |what: &str| {
        Diagnostic::error(codes::VAULT_HEADER, place, format!("the first line of a vault {what}"))
            .help("it reads `$ANSIBLE_VAULT;1.1;AES256` or `$ANSIBLE_VAULT;1.2;AES256;ID`")
    };
    let text = std::str::from_utf8(line).map_err(|_| broken("is not UTF-8"))?;
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [mark, version, cipher, rest @ ..] = fields.as_slice() else {
        return Err(broken("has no version and no cipher"));
    };
    if mark.as_bytes() != super::MARK {
        return Err(broken("has something between `$ANSIBLE_VAULT` and `;`"));
    }
    if !["1.1", "1.2"].contains(version) {
        let message = format!("a vault of version `{}`; 1.1 and 1.2 are known", shown(version));
        return Err(Diagnostic::error(codes::VAULT_VERSION, place, message).help(
            "rekey it with the `ansible-vault` of its time; 1.0 (before Ansible 1.5.2) is read by no Ansible today",
        ));
    }
    if *cipher != "AES256" {
        let message = format!("a vault with the cipher `{}`; AES256 is known", shown(cipher));
        return Err(Diagnostic::error(codes::VAULT_CIPHER, place, message)
            .help("rekey it with an `ansible-vault` that can read it"));
    }
    match (*version, rest) {
        (_, []) => Ok(None),
        (_, [id]) if !id.is_empty() => Ok(Some((*id).to_owned())),
        (_, [_]) => Err(broken("has an empty vault id")),
        _ => Err(broken("has more than four fields")),
    }
}

/// What is short enough to be the name it should be.
fn shown(name: &str) -> &str {
    const LONGEST: usize = 40;
    name.char_indices().nth(LONGEST).map_or(name, |(end, _)| &name[..end])
}

/// Salt, HMAC and ciphertext: hexadecimal each, a newline between, and all of that in hexadecimal once more.
fn read_parts(digits: &[u8], end: &Place) -> Result<Sealed, Diagnostic> {
    let cut = |what: &str| {
        Diagnostic::error(codes::VAULT_TRUNCATED, end, format!("the vault ends too early: {what}"))
            .help("the end is missing; take the file from a backup or from git")
    };
    if digits.is_empty() {
        return Err(cut("there is only its first line"));
    }
    let inner = hex::decode(digits).ok_or_else(|| cut("half a byte at its end"))?;
    let mut parts = inner.splitn(3, |b| *b == b'\n');
    let salt = parts.next().unwrap_or_default();
    let hmac = parts.next().ok_or_else(|| cut("it has no HMAC"))?;
    let ciphertext = parts.next().ok_or_else(|| cut("it has no content"))?;
    let damaged = |what: &str| {
        Diagnostic::error(codes::VAULT_DAMAGED, end, format!("the vault's {what}"))
            .help("the text was changed; take it from a backup or from git")
    };
    let salt = hex::decode(salt).ok_or_else(|| damaged("salt is not hexadecimal"))?;
    let hmac = hex::decode(hmac)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or_else(|| damaged("HMAC is not 32 bytes in hexadecimal"))?;
    if let Some(at) = ciphertext.iter().position(|c| !c.is_ascii_hexdigit()) {
        return Err(damaged(&format!("content is not hexadecimal at byte {at}")));
    }
    let ciphertext = hex::decode(ciphertext).ok_or_else(|| cut("half a byte of its content"))?;
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK) {
        return Err(cut("its content is not whole blocks"));
    }
    Ok(Sealed { salt, hmac, ciphertext })
}

/// A vault's text, ending in a newline.
pub(super) fn write(sealed: &Sealed, id: Option<&VaultId>) -> String {
    let header = match id.map(VaultId::as_str) {
        None | Some(DEFAULT) => "$ANSIBLE_VAULT;1.1;AES256\n".to_owned(),
        Some(id) => format!("$ANSIBLE_VAULT;1.2;AES256;{id}\n"),
    };
    let parts =
        [hex::encode(&sealed.salt), hex::encode(&sealed.hmac), hex::encode(&sealed.ciphertext)].join("\n");
    let mut text = header;
    for (at, digit) in hex::encode(parts.as_bytes()).chars().enumerate() {
        if at > 0 && at % WIDTH == 0 {
            text.push('\n');
        }
        text.push(digit);
    }
    text.push('\n');
    text
}
