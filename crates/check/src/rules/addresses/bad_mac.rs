//! A hardware address that is none.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Host, Sp};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for mac in facts.fleet.hosts.values().flat_map(macs) {
        if let Err(fault) = parse(mac) {
            out.push(
                Diagnostic::error(
                    codes::BAD_MAC,
                    &mac.place,
                    format!("`{}` is no hardware address: {fault}", mac.value),
                )
                .help("six pairs of hexadecimal digits, for example 02:00:5e:10:00:01"),
            );
        }
    }
}

/// Every hardware address written for a host or kept by it for others.
pub(super) fn macs(host: &Host) -> impl Iterator<Item = &Sp<String>> {
    let reserved = host.router.iter().flat_map(|r| &r.dhcp).flat_map(|d| d.reserve.values()).map(|r| &r.mac);
    host.interfaces.values().filter_map(|i| i.mac.as_ref()).chain(reserved)
}

/// The six bytes of a hardware address.
pub(super) fn parse(text: &str) -> Result<[u8; 6], &'static str> {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let mut bytes = [0; 6];
    if parts.len() != bytes.len() {
        return Err("it has six parts, with : between them");
    }
    for (byte, part) in bytes.iter_mut().zip(parts) {
        let hex = part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
        *byte = u8::from_str_radix(part, 16)
            .ok()
            .filter(|_| hex)
            .ok_or("each part has two hexadecimal digits")?;
    }
    if bytes[0] & 1 == 1 {
        return Err("its first byte is odd, which is for groups");
    }
    Ok(bytes)
}
