//! A `protocol bgp` as a neighbour of the model: what of it the model can say.

use super::parse::{Body, Stmt};
use super::scope::{Scope, from, name};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A session, its templates put in.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub stmt: &'a Stmt,
    pub name: &'a str,
    pub local_asn: Option<u32>,
    pub remote_asn: Option<u32>,
    pub internal: bool,
    pub remote: Option<IpAddr>,
    /// What the neighbour is to us.
    pub role: Role,
    pub password: bool,
    pub multihop: Option<u8>,
    pub limit: Option<u32>,
    pub bfd: bool,
    pub preference: Option<u32>,
    pub prepend: u8,
    pub communities: Vec<String>,
    /// Words of the export filters, for the prefixes named in them.
    pub exports: Vec<String>,
    /// Each statement of the protocol itself with what becomes of it, and those of its templates.
    pub parts: Vec<(&'a Stmt, Part)>,
}

/// Our role towards a neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Said by `local role`.
    Said(&'static str),
    /// Told from this word of its name, template or description.
    Guessed(&'static str, String),
    Unknown,
}

/// What becomes of one statement of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The neighbour says it; the key and the value as in the model.
    Carried(String),
    /// It does not; why.
    Noted(String),
    /// Both: something of it was carried.
    Both(String, String),
}

/// Words that tell what a neighbour is, the more certain before the others.
const TOLD_BY: [(&str, &str); 14] = [
    ("route-server", "rs-client"),
    ("routeserver", "rs-client"),
    ("route_server", "rs-client"),
    ("transit", "customer"),
    ("upstream", "customer"),
    ("downstream", "provider"),
    ("customer", "provider"),
    ("cust", "provider"),
    ("peering", "peer"),
    ("peers", "peer"),
    ("peer", "peer"),
    ("rs", "rs-client"),
    ("ixp", "peer"),
    ("ix", "peer"),
];

impl<'a> Session<'a> {
    pub(super) fn of(scope: &Scope<'a>, stmt: &'a Stmt) -> Self {
        let mut session = Session {
            stmt,
            name: name(stmt),
            local_asn: None,
            remote_asn: None,
            internal: false,
            remote: None,
            role: Role::Unknown,
            password: false,
            multihop: None,
            limit: None,
            bfd: false,
            preference: None,
            prepend: 0,
            communities: Vec::new(),
            exports: Vec::new(),
            parts: Vec::new(),
        };
        let options = scope.options(stmt);
        // Own AS first: what is prepended is compared with it.
        for option in &options {
            if option.is(&["local"]) {
                session.local_asn = after(scope, option, "as").or(session.local_asn);
            }
        }
        for option in options {
            let part = session.option(scope, option);
            session.parts.push((option, part));
        }
        if session.role == Role::Unknown {
            session.guess();
        }
        session
    }

    fn option(&mut self, scope: &Scope<'a>, option: &'a Stmt) -> Part {
        const TIMER: &str = "timers are the fleet's, the same for all sessions";
        let carried = |words: String| Part::Carried(words);
        let noted = |why: &str| Part::Noted(why.to_owned());
        let word = |n: usize| scope.value(option.word(n));
        match (option.word(0), option.word(1)) {
            ("local", "role") => {
                let role = match option.word(2) {
                    "customer" => "customer",
                    "provider" => "provider",
                    "peer" => "peer",
                    "rs_client" => "rs-client",
                    "rs_server" => "rs",
                    _ => return noted("no role of RFC 9234"),
                };
                self.role = Role::Said(role);
                carried(format!("role: {role}"))
            }
            ("local", _) => {
                let asn = self.local_asn.map(|asn| format!("asn: {asn}"));
                match (asn, option.words.iter().any(|w| w.parse::<IpAddr>().is_ok())) {
                    (Some(asn), false) => carried(asn),
                    (Some(asn), true) => {
                        Part::Both(asn, "our address is the host's on the segment the neighbour is on".into())
                    }
                    (None, _) => noted("our address is the host's on the segment the neighbour is on"),
                }
            }
            ("neighbor", _) => {
                self.remote_asn = after(scope, option, "as").or(self.remote_asn);
                self.internal |= option.words.iter().any(|w| w == "internal");
                let address = option.words.iter().skip(1).find_map(|w| scope.value(w).parse().ok());
                self.remote = address.or(self.remote);
                match (address, option.words.iter().any(|w| w == "port")) {
                    (Some(ip), false) => carried(ip.to_string()),
                    (Some(ip), true) => Part::Both(ip.to_string(), "a session is on port 179".into()),
                    (None, _) if self.remote_asn.is_some() && !option.words.iter().any(|w| w == "range") => {
                        carried(self.remote_asn.map(|a| a.to_string()).unwrap_or_default())
                    }
                    (None, _) => noted("a neighbour has one address"),
                }
            }
            ("description", _) => carried(described(option)),
            ("password", _) => {
                self.password = true;
                noted(
                    "a password is never written into the model: give the secret its value, `password` names it",
                )
            }
            ("multihop", n) => {
                self.multihop = Some(scope.value(n).parse().unwrap_or(64));
                carried(format!("multihop: {}", self.multihop.unwrap_or(64)))
            }
            ("bfd", how) => {
                self.bfd = !matches!(how, "off" | "no");
                let said = carried(format!("bfd: {}", if self.bfd { "yes" } else { "no" }));
                match option.body {
                    Body::None => said,
                    _ => Part::Both("bfd: yes".into(), "intervals of BFD are BIRD's own".into()),
                }
            }
            ("direct", "") => noted("so it is for a neighbour without `multihop`"),
            ("source", "address") | ("interface", _) => noted("follows from the segment the neighbour is on"),
            ("hold" | "keepalive" | "startup", "time") | ("connect" | "error", _) => noted(TIMER),
            ("passive", _) => noted("a session is dialled from both sides"),
            ("rr", _) => {
                self.internal = true;
                noted("inside an AS every border talks to every other over tunnels that carry BGP")
            }
            ("ipv4" | "ipv6", _) => self.channel(scope, option, word(0)),
            _ => noted("the model has no word for it"),
        }
    }

    /// A channel as a whole; its statements are told with it.
    fn channel(&mut self, scope: &Scope<'a>, channel: &'a Stmt, family: &str) -> Part {
        let mut carried: Vec<String> = Vec::new();
        let mut noted: Vec<String> = Vec::new();
        for stmt in channel.inside() {
            match (stmt.word(0), stmt.word(1)) {
                ("import" | "receive", "limit") => match scope.value(stmt.word(2)).parse() {
                    Ok(limit) => {
                        self.limit = Some(limit);
                        carried.push(format!("limit: {limit}"));
                        if !stmt.words.iter().any(|w| w == "disable") {
                            noted.push("a session over its limit is shut".into());
                        }
                    }
                    Err(_) => noted.push(format!("`{}`: no number", stmt.words.join(" "))),
                },
                ("import", "table" | "keep") => {}
                ("next", "hop") if stmt.word(2) == "self" => {}
                ("import", _) => {
                    if let Some(code) = scope.code(stmt) {
                        if let Some(preference) = always_local_pref(&code) {
                            self.preference = Some(preference);
                            carried.push(format!("preference: {preference}"));
                        }
                        noted.push("its import filter: the model makes one from the role (bogons, RPKI, our own prefixes, own communities)".into());
                    }
                }
                ("export", _) => {
                    if let Some(code) = scope.code(stmt) {
                        let own = self.local_asn.unwrap_or(0);
                        let prepends = always(&code).filter(|s| prepended(s) == Some(own)).count();
                        self.prepend = u8::try_from(prepends).unwrap_or(u8::MAX);
                        let added: Vec<String> = always(&code).filter_map(community).collect();
                        carried.extend((self.prepend > 0).then(|| format!("prepend: {}", self.prepend)));
                        carried.extend(added.iter().cloned());
                        self.communities.extend(added);
                        self.exports.extend(code);
                        noted.push("its export filter: the model makes one from what is originated, the role and `announce`".into());
                    }
                }
                _ => noted.push(format!("`{}`: the model has no word for it", stmt.words.join(" "))),
            }
        }
        noted.dedup();
        let why = if noted.is_empty() {
            format!("{family}: its own filters, kept routes and next hop are what the model makes anyway")
        } else {
            noted.join("; ")
        };
        if carried.is_empty() { Part::Noted(why) } else { Part::Both(carried.join("\n"), why) }
    }

    /// The role by the words of the template, the name and the description.
    fn guess(&mut self) {
        let described = self.parts.iter().filter(|(s, _)| s.is(&["description"])).map(|(s, _)| s.word(1));
        let texts: Vec<String> = from(self.stmt)
            .into_iter()
            .chain([self.name])
            .chain(described)
            .map(str::to_ascii_lowercase)
            .collect();
        for (word, role) in TOLD_BY {
            if texts.iter().any(|t| has_word(t, word)) {
                self.role = Role::Guessed(role, word.to_owned());
                return;
            }
        }
    }

    /// A session inside our own AS: tunnels make these.
    pub(super) fn is_inside(&self) -> bool {
        self.internal || (self.remote_asn.is_some() && self.remote_asn == self.local_asn)
    }

    /// Their AS number is a private one (RFC 6996).
    pub(super) fn is_private(&self) -> bool {
        self.remote_asn
            .is_some_and(|a| (64512..=65534).contains(&a) || (4_200_000_000..=4_294_967_294).contains(&a))
    }
}

/// The text of a `description`, fit for a comment.
pub(super) fn described(stmt: &Stmt) -> String {
    stmt.word(1)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim_matches(['"', ' '])
        .to_owned()
}

/// A word in a text, not a part of another: `rs1` and `peer_rs` have `rs`, `users` has not.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
        !letter(before) && !letter(after)
    })
}

/// The number behind a word.
fn after(scope: &Scope<'_>, stmt: &Stmt, word: &str) -> Option<u32> {
    let at = stmt.words.iter().position(|w| w == word)?;
    scope.value(stmt.words.get(at + 1)?).parse().ok()
}

/// Statements of a filter that run for every route that gets that far: those in no `if`, `case` or block.
fn always(code: &[String]) -> impl Iterator<Item = &[String]> {
    let mut depth = 0_usize;
    code.split(|w| w == ";").filter(move |stmt| {
        let before = depth;
        for word in *stmt {
            match word.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        before == 0 && depth == 0 && !stmt.iter().any(|w| matches!(w.as_str(), "if" | "case" | "else"))
    })
}

fn always_local_pref(code: &[String]) -> Option<u32> {
    let set = always(code).filter_map(|stmt| match stmt {
        [name, equals, value] if name == "bgp_local_pref" && equals == "=" => value.parse().ok(),
        _ => None,
    });
    set.last()
}

/// The AS of `bgp_path.prepend(AS)`.
fn prepended(stmt: &[String]) -> Option<u32> {
    match stmt {
        [call, open, asn, close] if call == "bgp_path.prepend" && open == "(" && close == ")" => {
            asn.parse().ok()
        }
        _ => None,
    }
}

/// `bgp_community.add((64500,100))` as `64500:100`.
fn community(stmt: &[String]) -> Option<String> {
    let (call, rest) = stmt.split_first()?;
    let parts = match call.as_str() {
        "bgp_community.add" => 2,
        "bgp_large_community.add" => 3,
        _ => return None,
    };
    let numbers: Option<Vec<u32>> =
        rest.iter().filter(|w| !matches!(w.as_str(), "(" | ")" | ",")).map(|w| w.parse().ok()).collect();
    let numbers = numbers.filter(|n| n.len() == parts)?;
    Some(numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"))
}

/// Neighbours by name, each name once.
pub(super) fn named<'s, 'a>(sessions: &'s [Session<'a>]) -> BTreeMap<String, &'s Session<'a>> {
    let mut taken = std::collections::BTreeSet::new();
    let mut out = BTreeMap::new();
    for session in sessions {
        let plain = session.name.strip_prefix("bgp_").unwrap_or(session.name);
        let wanted = crate::names::name(plain).unwrap_or_else(|| "neighbour".to_owned());
        out.insert(crate::names::unique(&wanted, &mut taken), session);
    }
    out
}
