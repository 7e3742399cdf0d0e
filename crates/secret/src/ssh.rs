//! Keys as OpenSSH writes them (PROTOCOL.key, RFC 4253 section 6.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"openssh-key-v1\0";
const LABEL: &str = "OPENSSH PRIVATE KEY";

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519([u8; 32]),
    Rsa { e: Vec<u8>, n: Vec<u8> },
}

/// A private key.
pub(crate) enum PrivateKey {
    /// The seed.
    Ed25519(Zeroizing<[u8; 32]>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        d: Zeroizing<Vec<u8>>,
        p: Zeroizing<Vec<u8>>,
        q: Zeroizing<Vec<u8>>,
    },
}

/// Lengths of an RSA modulus that are worked with, in bits; age takes no shorter ones either.
const MODULUS: RangeInclusive<usize> = 2048..=8192;

/// Reads the lengths-first values of the protocol.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn number(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*head))
    }
    fn string(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
    /// A number above zero, written in the one way there is (RFC 4251, section 5).
    fn number_above_zero(&mut self) -> Option<&'b [u8]> {
        let bytes = self.string()?;
        let is_canonical = match bytes {
            [] => false,
            [0, rest @ ..] => rest.first().is_some_and(|b| *b >= 0x80),
            [first, ..] => *first < 0x80,
        };
        is_canonical.then_some(bytes)
    }
}

/// Length in bits of such a number: none has more than one byte of zeros before it.
fn bits(number: &[u8]) -> usize {
    let significant = number.strip_prefix(&[0]).unwrap_or(number);
    let zeros = significant.first().map_or(0, |b| b.leading_zeros() as usize);
    significant.len() * 8 - zeros
}

/// A length and the bytes. Keys and comments are far below 4 GiB.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

impl PublicKey {
    /// Reads a line `TYPE BASE64 COMMENT`. The error says what is wrong.
    pub(crate) fn from_line(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(text)) = (words.next(), words.next()) else {
            return Err("an ssh public key has a type and a text".to_owned());
        };
        if !["ssh-ed25519", "ssh-rsa"].contains(&kind) {
            return Err(format!("`{kind}` is of a kind that cannot, ssh-ed25519 and ssh-rsa can"));
        }
        let blob = STANDARD.decode(text).map_err(|_| "the key's text is not base64".to_owned())?;
        let key = Self::from_blob(&blob).ok_or("the key's text is cut or damaged")?;
        match &key {
            _ if key.kind() != kind => Err(format!("it says `{kind}` and holds `{}`", key.kind())),
            PublicKey::Rsa { n, .. } if !MODULUS.contains(&bits(n)) => {
                let (least, most) = (MODULUS.start(), MODULUS.end());
                Err(format!("an RSA key of {} bits, and {least} to {most} are worked with", bits(n)))
            }
            PublicKey::Ed25519(_) | PublicKey::Rsa { .. } => Ok(key),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            PublicKey::Ed25519(_) => "ssh-ed25519",
            PublicKey::Rsa { .. } => "ssh-rsa",
        }
    }

    fn from_blob(blob: &[u8]) -> Option<Self> {
        let mut reader = Reader(blob);
        let key = match reader.string()? {
            b"ssh-ed25519" => PublicKey::Ed25519(reader.string()?.try_into().ok()?),
            b"ssh-rsa" => {
                let e = reader.number_above_zero()?.to_vec();
                PublicKey::Rsa { e, n: reader.number_above_zero()?.to_vec() }
            }
            _ => return None,
        };
        reader.0.is_empty().then_some(key)
    }

    /// The key as it goes over the wire.
    pub(crate) fn blob(&self) -> Vec<u8> {
        let mut out = Vec::new();
        string(&mut out, self.kind().as_bytes());
        match self {
            PublicKey::Ed25519(key) => string(&mut out, key),
            PublicKey::Rsa { e, n } => {
                string(&mut out, e);
                string(&mut out, n);
            }
        }
        out
    }

    /// The line of a `.pub` file, without its newline.
    pub(crate) fn line(&self, comment: &str) -> String {
        let line = format!("{} {} {comment}", self.kind(), STANDARD.encode(self.blob()));
        line.trim_end().to_owned()
    }
}

impl PrivateKey {
    /// Reads the text of a private key file without a passphrase. The error says what is wrong.
    pub(crate) fn from_pem(text: &str) -> Result<Self, String> {
        let body = text
            .trim()
            .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
            .ok_or("it is not in OpenSSH's own format (`ssh-keygen -p -f FILE` converts it)")?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
        let bytes =
            STANDARD.decode(body.as_bytes()).map(Zeroizing::new).map_err(|_| "its text is not base64")?;
        let damaged = "its text is cut or damaged";
        let mut outer = Reader(bytes.strip_prefix(MAGIC).ok_or(damaged)?);
        let cipher = outer.string().ok_or(damaged)?;
        if cipher != b"none" {
            return Err("it is locked with a passphrase".to_owned());
        }
        let (kind, mut inner) = Self::section(&mut outer).ok_or(damaged)?;
        match kind {
            b"ssh-ed25519" => Self::ed25519(&mut inner).ok_or_else(|| damaged.to_owned()),
            b"ssh-rsa" => Self::rsa(&mut inner).ok_or_else(|| damaged.to_owned()),
            kind if kind.starts_with(b"ecdsa-sha2-") => Err("it is an ecdsa key".to_owned()),
            // Not quoted: in a damaged file these bytes may be the key itself.
            _ => Err(damaged.to_owned()),
        }
    }

    /// What comes after the name of the cipher: the key's kind, and what is left after that.
    fn section<'b>(outer: &mut Reader<'b>) -> Option<(&'b [u8], Reader<'b>)> {
        outer.string()?;
        outer.string()?;
        if outer.number()? != 1 {
            return None;
        }
        outer.string()?;
        let mut inner = Reader(outer.string()?);
        // Two copies of one number: equal when it was decrypted as it should be.
        let check = inner.number()?;
        if inner.number()? != check {
            return None;
        }
        Some((inner.string()?, inner))
    }

    fn ed25519(inner: &mut Reader<'_>) -> Option<Self> {
        inner.string()?;
        let seed = inner.string()?.first_chunk::<32>()?;
        Some(PrivateKey::Ed25519(Zeroizing::new(*seed)))
    }

    /// Only keys of the shape all generators make: a modulus of usual length, two primes of about half of it
    /// each, an exponent at least as long (FIPS 186-4, appendix B.3.1).
    fn rsa(inner: &mut Reader<'_>) -> Option<Self> {
        let kept = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        let n = inner.number_above_zero()?;
        let e = inner.number_above_zero()?;
        let d = inner.number_above_zero()?;
        inner.string()?;
        let p = inner.number_above_zero()?;
        let q = inner.number_above_zero()?;
        let half = bits(n).div_ceil(2);
        let is_usual = MODULUS.contains(&bits(n))
            && [p, q].iter().all(|prime| bits(prime).abs_diff(half) <= 16)
            && (half - 16..=bits(n)).contains(&bits(d));
        is_usual.then(|| PrivateKey::Rsa { n: n.to_vec(), e: e.to_vec(), d: kept(d), p: kept(p), q: kept(q) })
    }

    /// The public half.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            PrivateKey::Ed25519(seed) => {
                PublicKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes())
            }
            PrivateKey::Rsa { n, e, .. } => PublicKey::Rsa { e: e.clone(), n: n.clone() },
        }
    }
}

/// The text of an ed25519 private key file. `check` is any number: readers compare its two copies.
pub(crate) fn ed25519_pem(seed: &[u8; 32], comment: &str, check: [u8; 4]) -> Zeroizing<String> {
    let public = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes();
    let mut inner = Zeroizing::new(Vec::with_capacity(256 + comment.len()));
    inner.extend_from_slice(&check);
    inner.extend_from_slice(&check);
    string(&mut inner, b"ssh-ed25519");
    string(&mut inner, &public);
    let pair = Zeroizing::new([seed.as_slice(), &public].concat());
    string(&mut inner, &pair);
    string(&mut inner, comment.as_bytes());
    for byte in 1u8.. {
        if inner.len().is_multiple_of(8) {
            break;
        }
        inner.push(byte);
    }
    let mut outer = Zeroizing::new(Vec::with_capacity(512 + comment.len()));
    outer.extend_from_slice(MAGIC);
    string(&mut outer, b"none");
    string(&mut outer, b"none");
    string(&mut outer, b"");
    outer.extend_from_slice(&1u32.to_be_bytes());
    string(&mut outer, &PublicKey::Ed25519(public).blob());
    string(&mut outer, &inner);
    crate::pem::encode(LABEL, &outer, 70)
}
