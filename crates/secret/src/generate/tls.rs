//! A P-256 key and a certificate it signed itself (RFC 5280, RFC 5480).

use super::Made;
use crate::der::{Der, bits, integer, joined, octets, oid, sequence, set, tagged, time, utf8};
use crate::pem;
use crate::{Entropy, Secret, entropy};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use std::net::IpAddr;
use zeroize::Zeroizing;

const EC_PUBLIC_KEY: [u32; 6] = [1, 2, 840, 10045, 2, 1];
const P256: [u32; 7] = [1, 2, 840, 10045, 3, 1, 7];
const ECDSA_SHA256: [u32; 7] = [1, 2, 840, 10045, 4, 3, 2];
const COMMON_NAME: [u32; 4] = [2, 5, 4, 3];
const ALTERNATIVE_NAME: [u32; 4] = [2, 5, 29, 17];
const BASIC_CONSTRAINTS: [u32; 4] = [2, 5, 29, 19];
const KEY_USAGE: [u32; 4] = [2, 5, 29, 15];
const EXTENDED_KEY_USAGE: [u32; 4] = [2, 5, 29, 37];
const SERVER_AUTH: [u32; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 1];
/// Longest common name (RFC 5280, upper bounds).
const LONGEST_NAME: usize = 64;

/// A key, evenly chosen: numbers that are no keys are drawn again (about one in four billion).
pub(super) fn p256(entropy: &mut dyn Entropy) -> SigningKey {
    loop {
        if let Ok(key) = SigningKey::from_slice(&*entropy::array::<32>(entropy)) {
            return key;
        }
    }
}

/// `None` without a name.
pub(super) fn make(names: &[String], days: u32, now: i64, entropy: &mut dyn Entropy) -> Option<Made> {
    let key = p256(entropy);
    let common = names.first()?;
    let common = if common.len() <= LONGEST_NAME { common } else { "self-signed" };
    let name = sequence(&[set(&[sequence(&[oid(&COMMON_NAME), utf8(common)])])]);
    let mut serial = entropy::array::<16>(entropy);
    // Positive, and as long as it seems.
    serial[0] = serial[0] & 0x7f | 0x40;
    let from = now.saturating_sub(3600);
    let until = now.saturating_add(i64::from(days) * 86_400);
    let algorithm = sequence(&[oid(&ECDSA_SHA256)]);
    let body = sequence(&[
        tagged(0xa0, &integer(&[2])),
        integer(&*serial),
        algorithm.clone(),
        name.clone(),
        sequence(&[time(from), time(until)]),
        name,
        sequence(&[
            sequence(&[oid(&EC_PUBLIC_KEY), oid(&P256)]),
            bits(key.verifying_key().to_sec1_point(false).as_bytes()),
        ]),
        tagged(0xa3, &sequence(&extensions(names))),
    ]);
    let signature: Signature = key.sign(&body);
    let (r, s) = signature.split_bytes();
    let signature = sequence(&[integer(&r), integer(&s)]);
    let certificate = sequence(&[body, algorithm, bits(&signature)]);
    let text = pem::encode("PRIVATE KEY", &private(&key), 64);
    let certificate = pem::encode("CERTIFICATE", &certificate, 64).to_string();
    Some(Made { value: Secret::new(text.as_bytes()), public: Some(certificate) })
}

/// PKCS #8 around RFC 5915.
fn private(key: &SigningKey) -> Der {
    let public = bits(key.verifying_key().to_sec1_point(false).as_bytes());
    let own = Zeroizing::new(key.to_bytes());
    let inner = sequence(&[integer(&[1]), octets(&own), tagged(0xa1, &public)]);
    let kind = sequence(&[oid(&EC_PUBLIC_KEY), oid(&P256)]);
    sequence(&[integer(&[0]), kind, octets(&inner)])
}

fn extensions(names: &[String]) -> Vec<Der> {
    const TRUE: [u8; 1] = [0xff];
    let names: Vec<Der> = names
        .iter()
        .map(|name| match name.parse() {
            Ok(IpAddr::V4(address)) => tagged(0x87, &address.octets()),
            Ok(IpAddr::V6(address)) => tagged(0x87, &address.octets()),
            Err(_) => tagged(0x82, name.as_bytes()),
        })
        .collect();
    let extension = |id: &[u32], critical: bool, value: Der| {
        // Left out it is false, and DER leaves out what is so by default.
        let critical = if critical { tagged(0x01, &TRUE) } else { joined(&[]) };
        sequence(&[oid(id), critical, octets(&value)])
    };
    vec![
        extension(&ALTERNATIVE_NAME, false, sequence(&names)),
        extension(&BASIC_CONSTRAINTS, true, sequence(&[])),
        // digitalSignature: the first of the bits, seven unused.
        extension(&KEY_USAGE, true, tagged(0x03, &[7, 0x80])),
        extension(&EXTENDED_KEY_USAGE, false, sequence(&[oid(&SERVER_AUTH)])),
    ]
}
