//! A BGP session: settings, what is taken, what is sent.

use super::{Family, community, no_community};
use crate::codes;
use crate::cx::Cx;
use crate::out::Out;
use artifact::{Text, Why};
use derive::fleet::{Bgp, Session, SessionKind};
use diag::Diagnostic;
use engine::secret::bird_of;
use ipnet::IpNet;
use model::BgpRole;

/// Private AS numbers (RFC 6996), which nobody outside may see.
const PRIVATE_AS: &str = "64512..65534, 4200000000..4294967294";

/// Words of BIRD's that our text uses: a protocol of that name would hide them.
const WORDS: &[&str] = &[
    "accept",
    "add",
    "all",
    "as",
    "bfd",
    "bgp",
    "bgp_community",
    "bgp_large_community",
    "bgp_local_pref",
    "bgp_path",
    "connect",
    "customer",
    "delay",
    "delete",
    "device",
    "direct",
    "disable",
    "error",
    "export",
    "false",
    "filter",
    "filtered",
    "function",
    "hold",
    "id",
    "if",
    "import",
    "interface",
    "ipv4",
    "ipv6",
    "keep",
    "kernel",
    "learn",
    "len",
    "limit",
    "local",
    "log",
    "multihop",
    "neighbor",
    "net",
    "next",
    "none",
    "off",
    "on",
    "password",
    "peer",
    "pipe",
    "port",
    "preference",
    "prepend",
    "proto",
    "protocol",
    "provider",
    "receive",
    "reject",
    "remote",
    "retry",
    "return",
    "roa4",
    "roa6",
    "role",
    "route",
    "router",
    "rpki",
    "rr",
    "rs_client",
    "rs_server",
    "self",
    "source",
    "static",
    "syslog",
    "table",
    "then",
    "time",
    "true",
    "unreachable",
    "wait",
    "where",
    "action",
    "client",
    "hop",
];

pub(super) fn render(cx: &Cx<'_>, bgp: &Bgp, session: &Session, text: &mut Text, out: &mut Out<'_>) {
    let why = &Why::new(&session.place, describe(session));
    if WORDS.contains(&session.name.as_str()) {
        out.say(Diagnostic::error(
            codes::CANNOT_SAY,
            &session.place,
            format!("BIRD cannot have a session named `{}`: it is a word of its own", session.name),
        ));
    }
    text.line(format!("\nprotocol bgp {} {{", session.name), why);
    let (asn, outside) = match session.kind {
        SessionKind::External { .. } => (bgp.fleet_asn, true),
        SessionKind::Internal { .. } => (bgp.asn, false),
    };
    text.line(format!("\tlocal {} as {asn};", session.local), why);
    text.line(format!("\tneighbor {} as {};", session.remote, session.remote_asn), why);
    match (session.multihop, &session.interface) {
        (Some(ttl), _) => text.line(format!("\tmultihop {ttl};"), why),
        (None, Some(interface)) => text.line(format!("\tinterface \"{interface}\";\n\tdirect;"), why),
        (None, None) => text.line("\tdirect;", why),
    };
    if let SessionKind::External { role, .. } = session.kind {
        text.line(format!("\tlocal role {};", role_word(role)), why);
    }
    if session.reflect {
        text.line("\trr client;", why);
    }
    if let Some(secret) = &session.password {
        text.secret_line("\tpassword \"", &bird_of(secret), "\";", why);
    }
    if session.bfd {
        text.line("\tbfd on;", why);
    }
    timers(cx, why, text);
    let family = Family::of(&IpNet::from(session.local));
    if let Some((other, why)) = session.sends.iter().find(|(net, _)| Family::of(net) != family) {
        out.say(
            Diagnostic::error(
                codes::CANNOT_SAY,
                &why.place,
                format!(
                    "session {} on {} cannot carry {other}: its addresses are {}",
                    session.name, cx.host.id, family.channel
                ),
            )
            .label(&session.place, "the session")
            .help("a second session with addresses of the other family carries it"),
        );
    }
    text.line(format!("\t{} {{", family.channel), why);
    import(bgp, session, family, outside, why, text);
    export(bgp, session, family, outside, why, text, out);
    if let Some(limit) = session.limit {
        text.line(format!("\t\treceive limit {limit} action disable;"), why);
    }
    text.line("\t\tnext hop self;\n\t};\n}", why);
}

fn describe(session: &Session) -> String {
    match &session.kind {
        SessionKind::External { neighbour, .. } => {
            format!("BGP session with {neighbour} (AS {})", session.remote_asn)
        }
        SessionKind::Internal { host, tunnel: Some(tunnel) } => {
            format!("BGP session with {host} through tunnel {tunnel}")
        }
        SessionKind::Internal { host, tunnel: None } => format!("BGP session with {host}"),
    }
}

/// Our role, as RFC 9234 and BIRD call it.
fn role_word(role: BgpRole) -> &'static str {
    match role {
        BgpRole::Customer => "customer",
        BgpRole::Provider => "provider",
        BgpRole::Peer => "peer",
        BgpRole::RsClient => "rs_client",
        BgpRole::Rs => "rs_server",
    }
}

fn timers(cx: &Cx<'_>, why: &Why, text: &mut Text) {
    let t = &cx.fleet.timers;
    text.line(format!("\tconnect delay time {};", t.bgp_connect_delay_s), why);
    text.line(format!("\tconnect retry time {};", t.bgp_connect_retry_s), why);
    let longest = t.bgp_error_wait_s.saturating_mul(10);
    text.line(format!("\terror wait time {}, {longest};", t.bgp_error_wait_s), why);
    text.line(format!("\thold time {};", t.bgp_hold_s), why);
}

fn import(bgp: &Bgp, session: &Session, family: Family, outside: bool, why: &Why, text: &mut Text) {
    if outside {
        // Filtered routes are kept, so that a changed ROA counts at once and one can see what was refused.
        text.line("\t\timport table on;\n\t\timport keep filtered on;\n\t\timport filter {", why);
        text.line(format!("\t\t\tif unwanted{}() then reject;", family.n), why);
        if !matches!(session.kind, SessionKind::External { role: BgpRole::Customer, .. }) {
            text.line("\t\t\tif net.len = 0 then reject;", why);
        }
        // Our own communities mean something only when we set them.
        text.line(format!("\t\t\tbgp_large_community.delete([({}, *, *)]);", bgp.fleet_asn), why);
        if bgp.fleet_asn <= 65535 {
            text.line(format!("\t\t\tbgp_community.delete([({}, *)]);", bgp.fleet_asn), why);
        }
    } else {
        text.line("\t\timport filter {", why);
    }
    // Inside one AS the border's preference is kept.
    if outside || session.remote_asn != bgp.asn {
        text.line(format!("\t\t\tbgp_local_pref = {};", session.preference), why);
    }
    text.line("\t\t\taccept;\n\t\t};", why);
}

fn export(
    bgp: &Bgp,
    session: &Session,
    family: Family,
    outside: bool,
    why: &Why,
    text: &mut Text,
    out: &mut Out<'_>,
) {
    let sends: Vec<_> = session.sends.iter().filter(|(net, _)| Family::of(net) == family).collect();
    if sends.is_empty() && !session.sends_default {
        text.line("\t\texport none;", why);
        return;
    }
    text.line("\t\texport filter {", why);
    if session.sends_default {
        let why = Why::new(&session.place, "hosts inside leave by this border");
        text.line("\t\t\tif net.len = 0 then accept;", &why);
    }
    if sends.is_empty() {
        text.line("\t\t\treject;\n\t\t};", why);
        return;
    }
    text.line("\t\t\tif net !~ [", why);
    let last = sends.len() - 1;
    for (i, (net, why)) in sends.iter().enumerate() {
        text.line(format!("\t\t\t\t{net}{}", if i == last { "" } else { "," }), why);
    }
    text.line("\t\t\t] then reject;", why);
    for originated in bgp.originate.iter().filter(|o| sends.iter().any(|(net, _)| *net == o.prefix)) {
        for written in &originated.communities {
            match community(written) {
                Some(add) => {
                    text.line(format!("\t\t\tif net = {} then {add}", originated.prefix), &originated.why);
                }
                None => no_community(written, &originated.why.place, out),
            }
        }
    }
    for written in &session.communities {
        match community(written) {
            Some(add) => {
                text.line(format!("\t\t\t{add}"), why);
            }
            None => no_community(written, &session.place, out),
        }
    }
    if outside {
        text.line(format!("\t\t\tbgp_path.delete([ {PRIVATE_AS} ]);"), why);
    }
    for _ in 0..session.prepend {
        text.line(format!("\t\t\tbgp_path.prepend({});", bgp.fleet_asn), why);
    }
    text.line("\t\t\taccept;\n\t\t};", why);
}
