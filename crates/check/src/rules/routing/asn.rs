//! Kinds of AS numbers (IANA, Special-Purpose AS Numbers).

/// What is special about an AS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// 0, 23456 (AS_TRANS, RFC 6793), 65535 and 4294967295 (RFC 7300), and the unassigned block behind the
    /// documentation numbers (RFC 5398).
    Reserved,
    /// 64512–65534 and 4200000000–4294967294 (RFC 6996).
    Private,
    /// Anything else; documentation numbers are taken for real ones.
    None,
}

/// What is special about `asn`.
pub(super) fn special(asn: u32) -> Special {
    match asn {
        0 | 23456 | 65535 | 4_294_967_295 | 65552..=131_071 => Special::Reserved,
        64512..=65534 | 4_200_000_000..=4_294_967_294 => Special::Private,
        _ => Special::None,
    }
}
