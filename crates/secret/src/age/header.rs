//! The header of an age file: who can read it, and an HMAC over that.

use crate::codes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use diag::{Diagnostic, Place};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(super) const VERSION: &[u8] = b"age-encryption.org/v1\n";
const WIDTH: usize = 64;

/// The file key, wrapped for one recipient.
pub(super) struct Stanza<'b> {
    /// Its kind and arguments.
    pub words: Vec<&'b str>,
    pub body: Vec<u8>,
}

/// One to be written.
pub(super) struct Written {
    pub words: Vec<String>,
    pub body: Vec<u8>,
}

/// A header as it was read.
pub(super) struct Header<'b> {
    pub stanzas: Vec<Stanza<'b>>,
    /// What the HMAC is over: all up to and with `---`.
    signed: &'b [u8],
    hmac: Vec<u8>,
}

/// Splits a file into header and payload.
pub(super) fn read<'b>(bytes: &'b [u8], place: &Place) -> Result<(Header<'b>, &'b [u8]), Diagnostic> {
    if !bytes.starts_with(VERSION) {
        return Err(Diagnostic::error(codes::AGE_FORMAT, place, "this is no age file of version 1")
            .help("its first line is `age-encryption.org/v1`, or `-----BEGIN AGE ENCRYPTED FILE-----`"));
    }
    parse(bytes).ok_or_else(|| {
        Diagnostic::error(codes::AGE_DAMAGED, place, "the header of this age file was cut or changed")
            .help("take it from a backup or from git")
    })
}

fn parse(bytes: &[u8]) -> Option<(Header<'_>, &[u8])> {
    let mut stanzas = Vec::new();
    let mut rest = bytes.strip_prefix(VERSION)?;
    loop {
        let (line, after) = line(rest)?;
        if let Some(hmac) = line.strip_prefix(b"--- ") {
            if stanzas.is_empty() {
                return None;
            }
            let signed = bytes.len() - rest.len() + 3;
            let hmac = STANDARD_NO_PAD.decode(hmac).ok().filter(|h| h.len() == 32)?;
            return Some((Header { stanzas, signed: &bytes[..signed], hmac }, after));
        }
        let words = std::str::from_utf8(line.strip_prefix(b"-> ")?).ok()?;
        let words: Vec<&str> = words.split(' ').collect();
        if words.iter().any(|w| w.is_empty() || !w.bytes().all(|c| c.is_ascii_graphic())) {
            return None;
        }
        let mut body = Vec::new();
        rest = after;
        loop {
            let (line, after) = self::line(rest)?;
            rest = after;
            if line.len() > WIDTH {
                return None;
            }
            body.extend(STANDARD_NO_PAD.decode(line).ok()?);
            // The last line is always a short one, an empty one if need be.
            if line.len() < WIDTH {
                break;
            }
        }
        stanzas.push(Stanza { words, body });
    }
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

impl Header<'_> {
    /// Nobody changed who can read it.
    pub(super) fn check(&self, file_key: &[u8; 16], place: &Place) -> Result<(), Diagnostic> {
        let fits = mac(self.signed, file_key).is_some_and(|mac| mac.verify_slice(&self.hmac).is_ok());
        if fits {
            return Ok(());
        }
        Err(Diagnostic::error(codes::AGE_DAMAGED, place, "the recipients of this age file were changed")
            .help("take it from a backup or from git"))
    }
}

fn mac(signed: &[u8], file_key: &[u8; 16]) -> Option<Hmac<Sha256>> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, file_key).expand(b"header", &mut *key).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key).ok()?;
    mac.update(signed);
    Some(mac)
}

/// A whole header.
pub(super) fn write(stanzas: &[Written], file_key: &[u8; 16]) -> Vec<u8> {
    let mut out = VERSION.to_vec();
    for stanza in stanzas {
        out.extend_from_slice(b"-> ");
        out.extend_from_slice(stanza.words.join(" ").as_bytes());
        let body = STANDARD_NO_PAD.encode(&stanza.body);
        for line in body.as_bytes().chunks(WIDTH) {
            out.push(b'\n');
            out.extend_from_slice(line);
        }
        if body.len().is_multiple_of(WIDTH) {
            out.push(b'\n');
        }
        out.push(b'\n');
    }
    out.extend_from_slice(b"---");
    let hmac: [u8; 32] = mac(&out, file_key).map(|m| m.finalize().into_bytes().into()).unwrap_or_default();
    out.push(b' ');
    out.extend_from_slice(STANDARD_NO_PAD.encode(hmac).as_bytes());
    out.push(b'\n');
    out
}
