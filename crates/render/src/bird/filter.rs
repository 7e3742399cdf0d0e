//! What is refused from every router that is not ours.

use super::Family;
use artifact::Text;
use artifact::Why;
use derive::fleet::{Bgp, SessionKind};
use diag::Place;
use ipnet::IpNet;

/// Longest prefixes the internet carries.
const LONGEST: [(u8, u8); 2] = [(4, 24), (6, 48)];
/// Longest AS path taken; real ones have fewer than 40.
const LONGEST_PATH: u32 = 64;
/// AS numbers that cannot be on the internet: 0 (RFC 7607), AS_TRANS (RFC 6793), private (RFC 6996), the
/// last ones (RFC 7300).
const NO_AS: &str = "0, 23456, 64512..65535, 4200000000..4294967295";

/// Prefixes that cannot be on the internet (RFC 6890 and its updates), with the reason.
const BOGONS: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network (RFC 791)"),
    ("10.0.0.0/8", "private (RFC 1918)"),
    ("100.64.0.0/10", "shared by providers (RFC 6598)"),
    ("127.0.0.0/8", "loopback (RFC 1122)"),
    ("169.254.0.0/16", "link-local (RFC 3927)"),
    ("172.16.0.0/12", "private (RFC 1918)"),
    ("192.0.0.0/24", "protocol assignments (RFC 6890)"),
    ("192.168.0.0/16", "private (RFC 1918)"),
    ("198.18.0.0/15", "benchmarks (RFC 2544)"),
    ("224.0.0.0/3", "multicast and reserved (RFC 5771, RFC 1112)"),
    ("::/8", "loopback, mapped and unspecified (RFC 4291)"),
    ("100::/64", "discard (RFC 6666)"),
    ("2001:2::/48", "benchmarks (RFC 5180)"),
    ("2001:10::/28", "ORCHID (RFC 4843)"),
    ("2002::/16", "6to4 (RFC 7526)"),
    ("5f00::/16", "segment routing (RFC 9602)"),
    ("fc00::/7", "unique local (RFC 4193)"),
    ("fe80::/10", "link-local (RFC 4291)"),
    ("fec0::/10", "site-local (RFC 3879)"),
    ("ff00::/8", "multicast (RFC 4291)"),
];

/// Documentation prefixes: bogons too, but for a fleet that itself lives in them.
const DOCUMENTATION: &[(&str, &str)] = &[
    ("192.0.2.0/24", "documentation (RFC 5737)"),
    ("198.51.100.0/24", "documentation (RFC 5737)"),
    ("203.0.113.0/24", "documentation (RFC 5737)"),
    ("2001:db8::/32", "documentation (RFC 3849)"),
    ("3fff::/20", "documentation (RFC 9637)"),
];

fn nets(list: &'static [(&str, &str)]) -> impl Iterator<Item = (IpNet, &'static str)> {
    list.iter().filter_map(|(net, why)| Some((net.parse().ok()?, *why)))
}

fn lives_in_documentation(bgp: &Bgp) -> bool {
    let addresses = bgp.sessions.iter().flat_map(|s| [IpNet::from(s.local), IpNet::from(s.remote)]);
    let all: Vec<IpNet> = bgp.fleet_prefixes.iter().copied().chain(addresses).collect();
    nets(DOCUMENTATION).any(|(doc, _)| all.iter().any(|net| doc.contains(net)))
}

/// `unwanted4` and `unwanted6`: functions that say whether a route from outside is refused.
pub(super) fn unwanted(bgp: &Bgp, family: Family, why: &Why, text: &mut Text) {
    if !bgp.sessions.iter().any(|s| matches!(s.kind, SessionKind::External { .. })) {
        return;
    }
    let n = family.n;
    text.line(format!("\nfunction unwanted{n}() {{"), why);
    let documentation = if lives_in_documentation(bgp) { &[] } else { DOCUMENTATION };
    let bogons: Vec<_> =
        nets(BOGONS).chain(nets(documentation)).filter(|(b, _)| Family::of(b) == family).collect();
    text.line("\tif net ~ [", why);
    let last = bogons.len().saturating_sub(1);
    for (i, (net, reason)) in bogons.iter().enumerate() {
        let why = Why::new(&Place::builtin("bogons"), format!("{reason}: never on the internet"));
        let comma = if i == last { "" } else { "," };
        text.line(format!("\t\t{net}+{comma}"), &why);
    }
    text.line("\t] then return true;", why);
    let own: Vec<String> =
        bgp.own_space.iter().filter(|p| Family::of(p) == family).map(|p| format!("{p}+")).collect();
    if !own.is_empty() {
        let why = Why::new(&bgp.place, "nobody else originates our prefixes");
        text.line(format!("\tif net ~ [ {} ] then return true;", own.join(", ")), &why);
    }
    for (_, longest) in LONGEST.iter().filter(|(f, _)| *f == n) {
        let why = Why::new(&Place::builtin("longest prefix"), format!("longer than /{longest}"));
        text.line(format!("\tif net.len > {longest} then return true;"), &why);
    }
    path(bgp, text);
    if bgp.reject_invalid && !bgp.rpki.is_empty() {
        let why = Why::new(&bgp.place, "RPKI invalid (RFC 6811)");
        text.line(
            format!("\tif roa_check(roa_v{n}, net, bgp_path.last) = ROA_INVALID then return true;"),
            &why,
        );
    }
    text.line("\treturn false;\n}", why);
}

fn path(bgp: &Bgp, text: &mut Text) {
    let why = Why::new(&Place::builtin("AS path"), "a path no router on the internet has");
    text.line(format!("\tif bgp_path.len > {LONGEST_PATH} then return true;"), &why);
    text.line(format!("\tif bgp_path ~ [ {NO_AS} ] then return true;"), &why);
    if !bgp.never.is_empty() {
        let why = Why::new(&bgp.place, "AS numbers that are never accepted");
        let never: Vec<String> = bgp.never.iter().map(u32::to_string).collect();
        text.line(format!("\tif bgp_path ~ [ {} ] then return true;", never.join(", ")), &why);
    }
}
