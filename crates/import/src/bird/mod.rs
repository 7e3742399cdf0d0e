//! BIRD 2: a router's configuration to its neighbours, what the fleet originates, and raw text for the rest.

mod normal;
mod parse;
mod raw;
mod rest;
mod scope;
mod session;

use crate::ledger::{Id, Ledger, Told};
use crate::yaml::{Map, Yaml, text};
use crate::{Engine, Imported, Input, names};
use parse::Stmt;
use scope::Scope;
use session::{Part, Role, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The engine.
pub const ENGINE: Engine = Engine {
    name: "bird",
    lies: &["/etc/bird/", "/etc/bird.conf"],
    reads: |path| path.ends_with(".conf"),
    read: |input| read(input).0,
    normal: normal::normal,
    compared: |engine, path| engine == "bird" && path.ends_with(".conf"),
};

/// The files to the model, and what became of each of their statements.
pub fn read(input: &Input<'_>) -> (Imported, Vec<Told>) {
    let (mut out, mut ledger) = (Imported::default(), Ledger::default());
    let mut by_host: BTreeMap<String, Vec<Stmt>> = BTreeMap::new();
    for file in crate::ledger::readable(input, ENGINE.reads, &mut out) {
        match names::host(input, &file.path) {
            Some(host) => {
                let stmts = parse::parse(&file.path, &file.text, &mut out.report);
                by_host.entry(host).or_default().extend(stmts);
            }
            None => {
                out.fault(names::no_host(file, "gate/bird.conf"));
            }
        }
    }
    let mut fleet = rest::Fleet::of(input);
    // What all of them originate, before it is said who hears of it.
    let routers: Vec<Router<'_>> =
        by_host.iter().map(|(host, stmts)| Router::of(host, stmts, &mut ledger)).collect();
    fleet.is_in(routers.iter().find_map(Router::asn));
    let mut said = Vec::new();
    for router in routers {
        let bgp = router.bgp(&mut fleet, &mut ledger);
        said.push((router, bgp));
    }
    let mut hosts = Vec::new();
    for (router, bgp) in said {
        let map = router.map(bgp, &fleet, &mut ledger);
        let files: BTreeSet<String> = router.stmts.iter().map(|s| s.place.file.to_string()).collect();
        hosts.push((router.host, map, files.into_iter().collect::<Vec<_>>()));
    }
    ledger.settle();
    for (host, mut map, files) in hosts {
        for line in ledger.comments(&files) {
            map.comment(None, line);
        }
        out.file(format!("hosts/{host}.yaml"), text(&format!("From {}.", files.join(", ")), &map));
    }
    if let Some(map) = fleet.map() {
        out.file("bgp.yaml", text("", &map));
    }
    let told = ledger.close(&mut out);
    (out, told)
}

/// One router's statements.
pub(super) struct Router<'a> {
    host: &'a str,
    stmts: &'a [Stmt],
    ids: Vec<Id>,
    scope: Scope<'a>,
    sessions: Vec<Session<'a>>,
}

impl<'a> Router<'a> {
    fn of(host: &'a str, stmts: &'a [Stmt], ledger: &mut Ledger) -> Self {
        let ids = stmts.iter().map(|s| ledger.read(&s.place, s.last, head(s))).collect();
        let scope = Scope::of(stmts);
        let sessions =
            stmts.iter().filter(|s| s.is(&["protocol", "bgp"])).map(|s| Session::of(&scope, s)).collect();
        Router { host, stmts, ids, scope, sessions }
    }

    fn id(&self, stmt: &Stmt) -> Option<Id> {
        let at = self.stmts.iter().position(|s| std::ptr::eq(s, stmt))?;
        self.ids.get(at).copied()
    }

    /// The AS the host is in: that of its first session with the outside.
    fn asn(&self) -> Option<u32> {
        let outside = self.sessions.iter().filter(|s| !s.is_inside());
        outside.chain(&self.sessions).find_map(|s| s.local_asn)
    }

    fn is_private(&self, n: usize) -> bool {
        let stmt = self.stmts.get(n);
        self.sessions.iter().any(|s| stmt.is_some_and(|stmt| std::ptr::eq(stmt, s.stmt)) && s.is_private())
    }

    /// The host's part in BGP, but for its neighbours.
    fn bgp(&self, fleet: &mut rest::Fleet, ledger: &mut Ledger) -> Map {
        let mut bgp = Map::new();
        if let Some(asn) = self.asn()
            && !fleet.is_ours(asn)
        {
            bgp.set("asn", asn);
        }
        rest::statements(self, fleet, &mut bgp, ledger);
        bgp
    }

    /// The host's file.
    fn map(&self, mut bgp: Map, fleet: &rest::Fleet, ledger: &mut Ledger) -> Map {
        let mut map = Map::new();
        let mut neighbours = Map::new();
        let mut raw: Vec<usize> = Vec::new();
        for (name, session) in session::named(&self.sessions) {
            match self.neighbour(&name, session, fleet, ledger) {
                Some(neighbour) => {
                    neighbours.set(name, neighbour);
                }
                None if !session.is_inside() => {
                    raw.extend(self.stmts.iter().position(|s| std::ptr::eq(s, session.stmt)));
                }
                None => {}
            }
        }
        bgp.unless_empty("neighbours", neighbours);
        map.unless_empty("bgp", bgp);
        if let Some(text) = raw::text(self, raw, ledger) {
            let mut inner = Map::new();
            inner.set("bird", text);
            map.set("override", inner);
        }
        map
    }

    /// A session as a neighbour; `None` where the model cannot say it.
    fn neighbour(
        &self,
        name: &str,
        session: &Session<'_>,
        fleet: &rest::Fleet,
        ledger: &mut Ledger,
    ) -> Option<Yaml> {
        let id = self.id(session.stmt)?;
        if session.is_inside() {
            let other = session.remote.map_or_else(|| "the other router".to_owned(), |ip| ip.to_string());
            ledger.note(
                id,
                format!("a session inside the fleet: it is made by a tunnel between {} and the host of {other} that says `carries: bgp`", self.host),
            );
            return None;
        }
        let (asn, address) = (session.remote_asn?, session.remote?);
        let role = match &session.role {
            Role::Said(role) => *role,
            Role::Guessed(role, by) => {
                ledger.note(
                    id,
                    format!(
                        "its role is not said: `{role}` is taken from the word `{by}`; see that it is right"
                    ),
                );
                role
            }
            Role::Unknown => return None,
        };
        let mut map = Map::new();
        map.set("asn", asn).set("address", address.to_string()).set("role", role);
        if session.password {
            map.set("password", format!("secret/{}", self.secret(name)));
        }
        map.maybe("multihop", session.multihop).maybe("limit", session.limit);
        let announced = fleet.announced(&session.exports);
        map.unless_empty("announce", Yaml::one_or_list(announced));
        map.maybe("prepend", (session.prepend > 0).then_some(session.prepend));
        map.maybe("preference", session.preference);
        map.unless_empty(
            "communities",
            Yaml::List(session.communities.iter().map(|c| c.as_str().into()).collect()),
        );
        if session.bfd {
            map.set("bfd", true);
        }
        for (stmt, part) in &session.parts {
            if stmt.is(&["description"]) {
                map.comment(None, session::described(stmt));
            }
            let own = ledger.read(&stmt.place, stmt.last, self.shown(name, stmt));
            let elsewhere =
                stmt.is(&["local"]) && !stmt.is(&["local", "role"]) && session.local_asn != self.asn();
            match part {
                _ if elsewhere => ledger.note(own, "a host is in one AS; its other sessions say which"),
                Part::Carried(words) => ledger.carried(own, words.lines().next().unwrap_or("").to_owned()),
                Part::Noted(why) => ledger.note(own, self.with_secret(name, stmt, why)),
                Part::Both(words, why) => {
                    for line in words.lines() {
                        ledger.carried(own, line.to_owned());
                    }
                    ledger.note(own, why.clone());
                }
            }
        }
        ledger.carried(id, format!("asn: {asn}"));
        Some(map.into())
    }

    fn secret(&self, name: &str) -> String {
        format!("bgp-{}-{name}", self.host)
    }

    fn with_secret(&self, name: &str, stmt: &Stmt, why: &str) -> String {
        if stmt.is(&["password"]) { format!("{why} secret/{}", self.secret(name)) } else { why.to_owned() }
    }

    fn shown(&self, name: &str, stmt: &Stmt) -> String {
        format!("{name}: {}", head(stmt))
    }
}

/// A statement's words before its block, without secrets.
fn head(stmt: &Stmt) -> String {
    if stmt.is(&["password"]) {
        return "password".to_owned();
    }
    let words = stmt.words.join(" ").replace(" ;", ";");
    match stmt.body {
        parse::Body::None => words,
        parse::Body::Code(_) | parse::Body::Stmts(_) => format!("{words} {{ … }}"),
    }
}

/// An address as the configuration may have it, or nothing.
fn address(word: &str) -> Option<IpAddr> {
    word.trim_matches('"').parse().ok()
}
