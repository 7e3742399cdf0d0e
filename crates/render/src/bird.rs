//! BIRD 2, in syntax that 2.0.12 reads and 3 still does.

mod filter;
mod session;

use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, Rights};
use artifact::{Text, Why};
use derive::fleet::{Bgp, SessionKind};
use diag::{Diagnostic, Place};
use engine::bird::{DAEMON, FILE, checked, seen};
use ipnet::IpNet;

/// Seconds after which a lost RPKI server is tried again (RFC 8210 suggests 600; until it is back, nothing
/// is known to be invalid).
const RPKI_RETRY_S: u32 = 10;

/// An address family as BIRD names its things.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Family {
    /// Channel.
    channel: &'static str,
    /// Suffix of names.
    n: u8,
}

const FAMILIES: [Family; 2] = [Family { channel: "ipv4", n: 4 }, Family { channel: "ipv6", n: 6 }];

impl Family {
    fn of(net: &IpNet) -> Self {
        FAMILIES[usize::from(matches!(net, IpNet::V6(_)))]
    }
}

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(bgp) = &cx.host.bgp else { return };
    let why = Why::new(&bgp.place, format!("{} speaks BGP", cx.host.id));
    let mut text = Text::new();
    text.line(format!("{HEADER}\nlog syslog all;\nrouter id {};", bgp.router_id), &why);
    text.line("\nprotocol device {\n}", &why);
    // Next hops are found in it; the kernel has these routes by itself.
    text.line("\nprotocol direct {\n\tipv4;\n\tipv6;\n}", &why);
    rpki(bgp, &mut text);
    originate(bgp, &why, &mut text);
    defaults(bgp, &mut text);
    kernel(bgp, &why, &mut text);
    for family in FAMILIES {
        filter::unwanted(bgp, family, &why, &mut text);
    }
    if bgp.sessions.iter().any(|s| s.bfd) {
        text.line("\nprotocol bfd {\n}", &why);
    }
    for one in &bgp.sessions {
        session::render(cx, bgp, one, &mut text, out);
    }
    if let Some((raw, why)) = out.raw("bird") {
        text.line(format!("\n{}", raw.trim_end()), &why);
    }
    out.file(DAEMON.engine, FILE, Rights(0o600, "bird", "bird"), text, &why);
    out.daemon(&DAEMON, &[FILE], &[], &why);
    out.check(checked());
    out.health(seen(&why));
}

fn rpki(bgp: &Bgp, text: &mut Text) {
    let outside = bgp.sessions.iter().any(|s| matches!(s.kind, SessionKind::External { .. }));
    if bgp.rpki.is_empty() || !outside {
        return;
    }
    let why = Why::new(&bgp.place, "routes are held against ROAs (RFC 6811)");
    text.line("\nroa4 table roa_v4;\nroa6 table roa_v6;", &why);
    for (n, server) in bgp.rpki.iter().enumerate() {
        text.line(format!("\nprotocol rpki rpki{} {{", n + 1), &why);
        text.line("\troa4 {\n\t\ttable roa_v4;\n\t};\n\troa6 {\n\t\ttable roa_v6;\n\t};", &why);
        text.line(format!("\tremote {} port {};", server.ip(), server.port()), &why);
        text.line(format!("\tretry keep {RPKI_RETRY_S};\n}}"), &why);
    }
}

/// Originated prefixes as unreachable routes: more specific ones are connected or learnt, and what is left
/// is answered instead of going round in circles.
fn originate(bgp: &Bgp, why: &Why, text: &mut Text) {
    for family in FAMILIES {
        let routes: Vec<_> = bgp.originate.iter().filter(|o| Family::of(&o.prefix) == family).collect();
        if routes.is_empty() {
            continue;
        }
        text.line(format!("\nprotocol static originate{} {{\n\t{};", family.n, family.channel), why);
        for route in routes {
            text.line(format!("\troute {} unreachable;", route.prefix), &route.why);
        }
        text.line("}", why);
    }
}

/// The default route that hosts inside get from us. It never reaches our own kernel, and a real one that
/// we learn is preferred.
fn defaults(bgp: &Bgp, text: &mut Text) {
    for family in FAMILIES {
        let mut sessions = bgp.sessions.iter();
        let wanted = sessions.find(|s| s.sends_default && s.local.is_ipv4() == (family.n == 4));
        let Some(session) = wanted else { continue };
        let why = Why::new(&session.place, "hosts inside leave by this border");
        let all = if family.n == 4 { "0.0.0.0/0" } else { "::/0" };
        text.line(format!("\nprotocol static default{} {{", family.n), &why);
        text.line(format!("\t{} {{\n\t\tpreference 1;\n\t}};", family.channel), &why);
        text.line(format!("\troute {all} unreachable;\n}}"), &why);
    }
}

/// What goes into the kernel: everything learnt by BGP and the originated prefixes; defaults into a table
/// of their own where the host has an uplink of its own.
fn kernel(bgp: &Bgp, why: &Why, text: &mut Text) {
    // Next hops of multihop sessions lie behind routes that networkd set.
    let learn = bgp.sessions.iter().find(|s| s.multihop.is_some());
    for family in FAMILIES {
        let Family { channel, n } = family;
        text.line(format!("\nprotocol kernel kernel{n} {{"), why);
        if let Some(session) = learn {
            let why = Why::new(&session.place, "the neighbour is reached by the host's own routes");
            text.line("\tlearn;", &why);
        }
        let import = if learn.is_some() { "import all" } else { "import none" };
        text.line(format!("\t{channel} {{\n\t\t{import};\n\t\texport filter {{"), why);
        if bgp.default_table.is_some() {
            text.line("\t\t\tif net.len = 0 then reject;", why);
        }
        text.line("\t\t\tif source = RTS_BGP then accept;", why);
        if bgp.originate.iter().any(|o| Family::of(&o.prefix) == family) {
            text.line(format!("\t\t\tif proto = \"originate{n}\" then accept;"), why);
        }
        text.line("\t\t\treject;\n\t\t};\n\t};\n}", why);
        if let Some(table) = bgp.default_table {
            let why = Why::new(&bgp.place, "packets from the fleet's prefixes leave by a border");
            text.line(format!("\n{channel} table defaults{n};\n\nprotocol pipe to_defaults{n} {{"), &why);
            text.line(format!("\ttable master{n};\n\tpeer table defaults{n};\n\timport none;"), &why);
            text.line("\texport where source = RTS_BGP && net.len = 0;\n}", &why);
            text.line(format!("\nprotocol kernel kernel_defaults{n} {{\n\tkernel table {table};"), &why);
            text.line(format!("\t{channel} {{\n\t\ttable defaults{n};"), &why);
            text.line("\t\timport none;\n\t\texport all;\n\t};\n}", &why);
        }
    }
}

/// `64500:100` or `64500:1:2` as a statement that adds it.
fn community(text: &str) -> Option<String> {
    let parts: Vec<u32> = text.split(':').map(|p| p.trim().parse().ok()).collect::<Option<_>>()?;
    match parts.as_slice() {
        [a, b] if *a <= 65535 && *b <= 65535 => Some(format!("bgp_community.add(({a}, {b}));")),
        [a, b, c] => Some(format!("bgp_large_community.add(({a}, {b}, {c}));")),
        _ => None,
    }
}

fn no_community(text: &str, place: &Place, out: &mut Out<'_>) {
    let message = format!("`{text}` is no community");
    out.say(
        Diagnostic::error(codes::CANNOT_SAY, place, message)
            .help("64500:100 (RFC 1997, both at most 65535) or 64500:1:2 (RFC 8092)"),
    );
}
