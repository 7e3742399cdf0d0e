//! Filters that encode and hash.

use super::{flag, given, int_of, soft, text_of};
use crate::crypt;
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::V;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use std::rc::Rc;

fn bytes(value: &V) -> Res<Vec<u8>> {
    match value {
        V::Bytes(bytes) => Ok(bytes.to_vec()),
        other => Ok(soft(other)?.as_bytes().to_vec()),
    }
}

fn encoding(value: Option<V>) -> Res<bool> {
    let name = given(value).map(|e| text_of(&e, "encoding")).transpose()?;
    match name.as_deref().map(|n| n.to_lowercase().replace('_', "-")).as_deref() {
        None | Some("utf-8" | "utf8") => Ok(false),
        Some("utf-16-le" | "utf-16le") => Ok(true),
        Some(other) => Err(Fault::unsupported(format!("the encoding `{other}` is not supported"))),
    }
}

pub(super) fn b64encode(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [named, urlsafe] = args.take("b64encode", ["encoding", "urlsafe"], 0)?;
    let wide = encoding(named)?;
    let data = match &on {
        V::Str(text) if wide => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        other => bytes(other)?,
    };
    interp.charge(data.len() as u64 / 16)?;
    let engine = if flag(urlsafe, false)? {
        base64::engine::general_purpose::URL_SAFE
    } else {
        base64::engine::general_purpose::STANDARD
    };
    Ok(V::from(engine.encode(data)))
}

/// Python skips what is no base64 and takes any bits that are left over.
pub(super) fn b64decode(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [named, urlsafe] = args.take("b64decode", ["encoding", "urlsafe"], 0)?;
    let wide = encoding(named)?;
    let urlsafe = flag(urlsafe, false)?;
    let text = soft(&on)?;
    interp.charge(text.len() as u64 / 16)?;
    let mut kept = String::with_capacity(text.len());
    let mut padding = 0;
    for c in text.chars() {
        let c = match c {
            '-' if urlsafe => '+',
            '_' if urlsafe => '/',
            c => c,
        };
        if c == '=' {
            padding += 1;
            if kept.len() % 4 + padding >= 4 {
                break;
            }
        } else if c.is_ascii_alphanumeric() || c == '+' || c == '/' {
            kept.push(c);
            padding = 0;
        }
    }
    if kept.len() % 4 == 1 || (!kept.len().is_multiple_of(4) && kept.len() % 4 + padding < 4) {
        return Err(Fault::failed("b64decode: Incorrect padding"));
    }
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let data = engine.decode(kept).map_err(|e| Fault::failed(format!("b64decode: {e}")))?;
    let not_text = || Fault::failed("b64decode: what it holds is no text in that encoding");
    if wide {
        let units = data.chunks(2).map(|c| u16::from_le_bytes([c[0], c.get(1).copied().unwrap_or(0)]));
        return String::from_utf16(&units.collect::<Vec<_>>()).map(V::from).map_err(|_| not_text());
    }
    String::from_utf8(data).map(V::from).map_err(|_| not_text())
}

fn hex(data: &[u8]) -> V {
    V::from(data.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

pub(super) fn sha1(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("sha1")?;
    let data = bytes(&on)?;
    interp.charge(data.len() as u64 / 64)?;
    Ok(hex(&<Sha1 as sha1::Digest>::digest(data)))
}

pub(super) fn md5(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    args.none("md5")?;
    let data = bytes(&on)?;
    interp.charge(data.len() as u64 / 64)?;
    Ok(hex(&*md5::compute(data)))
}

pub(super) fn hash(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [kind] = args.take("hash", ["hashtype"], 0)?;
    let kind = kind.map_or(Ok(Rc::from("sha1")), |k| text_of(&k, "hash"))?;
    let data = bytes(&on)?;
    interp.charge(data.len() as u64 / 64)?;
    Ok(match &*kind.to_lowercase() {
        "sha1" => hex(&<Sha1 as sha1::Digest>::digest(data)),
        "sha224" => hex(&Sha224::digest(data)),
        "sha256" => hex(&Sha256::digest(data)),
        "sha384" => hex(&Sha384::digest(data)),
        "sha512" => hex(&Sha512::digest(data)),
        "md5" => hex(&*md5::compute(data)),
        other => return Err(Fault::unsupported(format!("the hash `{other}` is not supported"))),
    })
}

/// A name-based UUID (RFC 9562, version 5).
pub(super) fn to_uuid(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    const ANSIBLE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";
    let [namespace] = args.take("to_uuid", ["namespace"], 0)?;
    let namespace = namespace.map_or(Ok(Rc::from(ANSIBLE)), |n| text_of(&n, "to_uuid"))?;
    let digits: String =
        namespace.replace("urn:", "").replace("uuid:", "").chars().filter(|c| !"{}-".contains(*c)).collect();
    let parsed = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let Some(space) = parsed else {
        return Err(Fault::failed(format!("Invalid value '{namespace}' for 'namespace'")));
    };
    let mut data = space.to_be_bytes().to_vec();
    data.extend(soft(&on)?.as_bytes());
    let digest = <Sha1 as sha1::Digest>::digest(data);
    let mut id = [0u8; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let text: String = id.iter().map(|b| format!("{b:02x}")).collect();
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(V::from(parts.join("-")))
}

pub(super) fn password_hash(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let names = ["hashtype", "salt", "salt_size", "rounds", "ident"];
    let [kind, salt, size, rounds, ident] = args.take("password_hash", names, 0)?;
    let kind = kind.map_or(Ok(Rc::from("sha512")), |k| text_of(&k, "password_hash"))?;
    let salt = given(salt).map(|s| soft(&s)).transpose()?;
    let size = given(size).map(|s| int_of(&s, "password_hash")).transpose()?;
    let rounds = given(rounds).map(|r| int_of(&r, "password_hash")).transpose()?;
    let rounds = rounds.map(|r| u32::try_from(r).unwrap_or(u32::MAX));
    let ident = given(ident).map(|i| text_of(&i, "password_hash")).transpose()?;
    let password = text_of(&on, "password_hash")?;
    if password.contains('\0') {
        return Err(Fault::failed("a password cannot hold a NUL"));
    }
    let mut random = |count: usize| -> Res<Vec<u8>> {
        let mut bytes = vec![0; count];
        interp.world.random("password_hash without a salt", &mut bytes)?;
        Ok(bytes)
    };
    let crypt_salt = |random: &mut dyn FnMut(usize) -> Res<Vec<u8>>, salt: Option<Rc<str>>| -> Res<String> {
        if let Some(salt) = salt {
            return Ok(salt.to_string());
        }
        let count = size.map_or(16, |s| usize::try_from(s.clamp(0, 16)).unwrap_or(16));
        Ok(random(count)?.into_iter().map(crypt::letter).collect())
    };
    match &*kind {
        "sha512" | "sha512_crypt" => {
            let salt = crypt_salt(&mut random, salt)?;
            let rounds = rounds.unwrap_or(656_000);
            interp.charge(u64::from(rounds) / 8)?;
            crypt::sha512(password.as_bytes(), &salt, rounds).map(V::from)
        }
        "sha256" | "sha256_crypt" => {
            let salt = crypt_salt(&mut random, salt)?;
            let rounds = rounds.unwrap_or(535_000);
            interp.charge(u64::from(rounds) / 8)?;
            crypt::sha256(password.as_bytes(), &salt, rounds).map(V::from)
        }
        "blowfish" | "bcrypt" => {
            let salt = match salt {
                Some(salt) => salt.to_string(),
                None => crypt::bcrypt_salt(&random(16)?),
            };
            let cost = rounds.unwrap_or(12);
            interp.charge(1u64.checked_shl(cost).unwrap_or(u64::MAX).saturating_mul(16))?;
            crypt::bcrypt(password.as_bytes(), &salt, cost, ident.as_deref().unwrap_or("2b")).map(V::from)
        }
        other => Err(Fault::unsupported(format!("`password_hash('{other}')` is not supported"))
            .with_help("sha512, sha256, blowfish")),
    }
}
