//! Does an exposure do what it says, for whom it says?

use super::super::ask::health_path;
use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::hop::{Failure, Observed, diagnose};
use super::super::probe::http::{Response, get};
use super::super::probe::tls::Trust;
use super::super::probe::{dns, sockets};
use super::super::question::{Fetch, Via, Want};
use super::super::verdict::Outcome;
use super::wire::{Wire, connect};
use super::{Prover, Root};
use derive::fleet::Exposure;
use model::{Auth, CertificateKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const RESOLVE: Duration = Duration::from_millis(1_500);
/// Signed in at a stand-in for the gate.
const SIGNED_IN: &str = "fleetwright-standin=ok";
/// Who a client claims to be; nobody behind a proxy may believe it.
const INTRUDER: &str = "fleetwright-intruder";

pub(super) fn judge(prover: &Prover<'_>, fetch: &Fetch, last: bool) -> Outcome {
    let ctx = &prover.ctx;
    let Some(exposure) = ctx.fleet.exposures.get(fetch.exposure) else {
        return Outcome::unjudged("no such exposure");
    };
    let visit = Visit { prover, exposure, fetch };
    match &fetch.want {
        Want::Nothing => visit.nothing(),
        Want::Upgrade => visit.upgrade(),
        Want::Service { client } => match visit.service(*client) {
            Ok(seen) => Outcome::proved(seen),
            Err(Trouble::Unable(why)) => Outcome::unjudged(why),
            Err(Trouble::Wrong { probe, address, failure }) => {
                let hop = if last { visit.cause(address, &failure) } else { None };
                let seen = failure.seen().to_owned();
                Outcome::Refuted { host: fetch.from.clone(), probe, seen, hop: hop.map(Box::new) }
            }
        },
    }
}

enum Trouble {
    /// It cannot be asked.
    Unable(String),
    /// It is not as it should be.
    Wrong { probe: String, address: Option<IpAddr>, failure: Failure },
}

struct Visit<'a> {
    prover: &'a Prover<'a>,
    exposure: &'a Exposure,
    fetch: &'a Fetch,
}

impl Visit<'_> {
    fn ctx(&self) -> &ProveContext<'_> {
        &self.prover.ctx
    }

    fn name(&self) -> &str {
        self.fetch.name.as_deref().or(self.exposure.name.as_deref()).unwrap_or_default()
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.exposure.certificate == CertificateKind::None { "http" } else { "https" };
        let port = match (scheme, self.exposure.port) {
            ("http", 80) | ("https", 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        format!("{scheme}://{}{port}{path}", self.name())
    }

    /// The broken hop, when the way in is made of hops.
    fn cause(&self, address: Option<IpAddr>, failure: &Failure) -> Option<super::super::verdict::BrokenHop> {
        let (ctx, from) = (self.ctx(), &self.fetch.from);
        let trace = match (failure, address) {
            (Failure::Connect(_) | Failure::Source(_), Some(ip)) => {
                Some(self.prover.trace(self.exposure, from, SocketAddr::new(ip, self.exposure.port)))
            }
            _ => None,
        };
        let nothing = Observed::default();
        let observed = trace.as_ref().and_then(|t| t.get()).unwrap_or(&nothing);
        diagnose(ctx.fleet, self.exposure, from, address, failure, observed)
    }

    fn addresses(&self) -> Result<Vec<IpAddr>, Trouble> {
        let (server, wanted) = match &self.fetch.via {
            Via::Address(ip) => return Ok(vec![*ip]),
            Via::OwnResolver(wanted) => (IpAddr::V4(Ipv4Addr::LOCALHOST), wanted),
            Via::PublicName(wanted) => {
                let all = &self.ctx().world.resolvers;
                let server = all.iter().find(|r| r.is_ipv6() == self.fetch.ipv6).or(all.first());
                (*server.ok_or_else(|| Trouble::Unable("there is no public resolver".to_owned()))?, wanted)
            }
        };
        let (name, ipv6) = (self.name().to_owned(), self.fetch.ipv6);
        let server = SocketAddr::new(server, 53);
        let reply =
            within(self.ctx().ground, &self.fetch.from, || dns::addresses(server, &name, ipv6, RESOLVE));
        let wrong = |seen: String| Trouble::Wrong {
            probe: format!("{name} {} at {server}", if ipv6 { "AAAA" } else { "A" }),
            address: wanted.first().copied(),
            failure: Failure::Dns(seen),
        };
        let reply = reply.map_err(Trouble::Unable)?.map_err(|e| wrong(e.to_string()))?;
        let mut wanted_sorted = wanted.clone();
        wanted_sorted.sort_unstable();
        if reply.addresses == wanted_sorted {
            return Ok(wanted_sorted);
        }
        let list = |ips: &[IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let is = if reply.addresses.is_empty() { "nothing".to_owned() } else { list(&reply.addresses) };
        Err(wrong(format!("{name} gives {is}, not {}", list(&wanted_sorted))))
    }

    fn connect(&self, ip: IpAddr, port: u16) -> Result<TcpStream, String> {
        connect(self.ctx(), &self.fetch.from, SocketAddr::new(ip, port))
    }

    fn is_http(&self) -> bool {
        self.exposure.ingress.is_some() && !self.name().is_empty()
    }

    /// The service answers at every address, as its sign-in says, and sees the client.
    fn service(&self, client: Option<IpAddr>) -> Result<String, Trouble> {
        let mut seen = String::new();
        for ip in self.addresses()? {
            seen = self.at(ip, client)?;
        }
        Ok(seen)
    }

    fn at(&self, ip: IpAddr, client: Option<IpAddr>) -> Result<String, Trouble> {
        let probe = if self.is_http() {
            format!("GET {} at {ip}", self.url("/"))
        } else {
            format!("connect to {}", SocketAddr::new(ip, self.exposure.port))
        };
        let wrong = |failure| Trouble::Wrong { probe: probe.clone(), address: Some(ip), failure };
        let tcp = self.connect(ip, self.exposure.port).map_err(|e| wrong(Failure::Connect(e)))?;
        let own = tcp.local_addr().map_err(|e| Trouble::Unable(e.to_string()))?;
        if !self.is_http() {
            let seen = self.seen_by_server(own, client).map_err(&wrong)?;
            return Ok(format!("connected to {ip}{seen}"));
        }
        let mut wire = if self.exposure.certificate == CertificateKind::None {
            Wire::Plain(tcp)
        } else {
            let root = match (&self.exposure.certificate, &self.exposure.ingress) {
                (CertificateKind::Internal, Some((_, host))) => Root::Proxy(host.to_string()),
                _ => Root::Public,
            };
            let trust = self.prover.trust(root).map_err(Trouble::Unable)?;
            let tls =
                trust.handshake(self.name(), tcp).map_err(|e| wrong(Failure::Tls(format!("TLS: {e}"))))?;
            Wire::Tls(Box::new(tls))
        };
        let seen = self.seen_by_server(own, client).map_err(&wrong)?;
        let mut asked = vec![(health_path(self.ctx().fleet, self.exposure), &self.exposure.auth, Vec::new())];
        for (path, rule) in &self.exposure.paths {
            let groups = rule.groups.iter().map(|g| g.value.as_str()).collect();
            let auth = rule.auth.as_ref().map_or(&self.exposure.auth, |a| &a.value);
            asked.push((path.trim_end_matches('*').to_owned(), auth, groups));
        }
        let mut words = Vec::new();
        for (path, auth, groups) in asked {
            words.push(self.page(&mut wire, &path, auth, &groups, client).map_err(&wrong)?);
        }
        Ok(format!("{} at {ip}{seen}", words.join("; ")))
    }

    /// The true client's socket at whoever accepts the connection. Empty when nobody asks for it.
    fn seen_by_server(&self, own: SocketAddr, client: Option<IpAddr>) -> Result<String, Failure> {
        let Some(client) = client else { return Ok(String::new()) };
        let (hosts, port): (Vec<String>, u16) = match &self.exposure.ingress {
            Some((_, host)) => (vec![host.to_string()], self.exposure.port),
            None => {
                let hosts = self.exposure.backends.iter().map(|(host, _, _)| host.to_string()).collect();
                (hosts, self.exposure.backends.first().map_or(self.exposure.port, |(_, _, port)| *port))
            }
        };
        let mut others = Vec::new();
        for host in &hosts {
            let all = within(self.ctx().ground, host, sockets::tcp).map_err(Failure::Source)?;
            let here = all.iter().filter(|t| !t.listening && t.local.port() == port);
            for socket in here {
                if socket.remote == own {
                    return Ok(format!(", {host} sees {client}"));
                }
                others.push(socket.remote.to_string());
            }
        }
        let others = if others.is_empty() { "nobody".to_owned() } else { others.join(", ") };
        Err(Failure::Source(format!("{} sees {others}, not {own}", hosts.join(" or "))))
    }

    /// One page, as its sign-in demands.
    fn page(
        &self,
        wire: &mut Wire,
        path: &str,
        auth: &Auth,
        groups: &[&str],
        client: Option<IpAddr>,
    ) -> Result<String, Failure> {
        let mut ask = |headers: &[(&str, &str)]| {
            let mut all = vec![("Remote-User", INTRUDER)];
            all.extend_from_slice(headers);
            get(wire, self.name(), path, &all)
                .map_err(|e| Failure::Proxy(format!("GET {}: {e}", self.url(path))))
        };
        match auth {
            Auth::None | Auth::Own => {
                let response = ask(&[])?;
                self.served(&response, client, None)
            }
            Auth::Basic(_) => {
                let response = ask(&[])?;
                if response.status == 401 {
                    Ok("401 without a password".to_owned())
                } else {
                    Err(Failure::Proxy(format!("{} without a password", response.say())))
                }
            }
            Auth::Sso | Auth::OneFactor | Auth::TwoFactor => {
                let stranger = ask(&[])?;
                self.sent_to_sign_in(&stranger)?;
                if let Some(group) = groups.first() {
                    let member = ask(&[("Cookie", SIGNED_IN)])?;
                    if member.status != 403 {
                        let seen = format!("{} for {path} without being in {group}", member.say());
                        return Err(Failure::Proxy(seen));
                    }
                }
                let cookie = match groups.first() {
                    Some(group) => format!("{SIGNED_IN}; fleetwright-groups={group}"),
                    None => SIGNED_IN.to_owned(),
                };
                let response = ask(&[("Cookie", &cookie)])?;
                let served = self.served(&response, client, Some("fleetwright"))?;
                Ok(format!("{} until signed in, then {served}", stranger.status))
            }
        }
    }

    fn sent_to_sign_in(&self, response: &Response) -> Result<(), Failure> {
        let to = response.header("location").unwrap_or_default();
        let right = match &self.ctx().fleet.sign_in {
            Some(name) => to.strip_prefix("https://").is_some_and(|rest| {
                rest.strip_prefix(name.as_str())
                    .is_some_and(|r| r.is_empty() || r.starts_with(['/', '?', ':']))
            }),
            None => true,
        };
        match response.status {
            401 => Ok(()),
            302 | 303 | 307 if right => Ok(()),
            _ => Err(Failure::Proxy(format!("{} instead of sign-in", response.say()))),
        }
    }

    /// An answer of the very service, which was told who asks and believes no claims.
    fn served(
        &self,
        response: &Response,
        client: Option<IpAddr>,
        user: Option<&str>,
    ) -> Result<String, Failure> {
        let say = format!("{} from {}", response.say(), self.exposure.service);
        let Some(json) = response.json().filter(|j| j["stand-in"].is_string()) else {
            return match response.status {
                200..=399 => Ok(say),
                502..=504 => Err(Failure::Service(response.say())),
                _ => {
                    let body = String::from_utf8_lossy(&response.body);
                    let line = body.lines().next().unwrap_or_default().chars().take(80).collect::<String>();
                    Err(Failure::Service(format!("{} {line}", response.say())))
                }
            };
        };
        let who = json["stand-in"].as_str().unwrap_or_default();
        if who != self.exposure.service.as_str() {
            return Err(Failure::Service(format!("{who} answers instead of {}", self.exposure.service)));
        }
        if response.status != 200 {
            return Err(Failure::Service(say));
        }
        let told = json["headers"]["remote-user"].as_str();
        if told.is_some_and(|t| t.contains(INTRUDER)) {
            return Err(Failure::Proxy(format!("a client's own Remote-User gets to {who}")));
        }
        if user.is_some() && told != user {
            return Err(Failure::Proxy(format!("{who} is not told who signed in")));
        }
        if let Some(client) = client {
            let forwarded = json["x-forwarded-for"].as_str().unwrap_or_default();
            let first = forwarded.split(',').next().unwrap_or_default().trim();
            if first.parse::<IpAddr>().ok() != Some(client) {
                return Err(Failure::Source(format!(
                    "{who} is told the client is {forwarded:?}, not {client}"
                )));
            }
        }
        Ok(say)
    }

    /// No service answers, whatever certificate is shown.
    fn nothing(&self) -> Outcome {
        let Via::Address(ip) = self.fetch.via else { return Outcome::unjudged("no address to ask at") };
        let port = if self.is_http() && self.exposure.entries.is_empty() { 443 } else { self.exposure.port };
        let probe = format!("GET {} at {ip}", self.url("/"));
        let refuted = |seen: String| Outcome::refuted(&self.fetch.from, probe.clone(), seen);
        let tcp = match self.connect(ip, port) {
            Ok(tcp) => tcp,
            Err(seen) => return Outcome::proved(seen),
        };
        if !self.is_http() {
            return refuted("accepted".to_owned());
        }
        let trust = match Trust::blind() {
            Ok(trust) => trust,
            Err(e) => return Outcome::unjudged(e),
        };
        let mut tls = match trust.handshake(self.name(), tcp) {
            Ok(tls) => tls,
            Err(e) => return Outcome::proved(format!("TLS: {e}")),
        };
        match get(&mut tls, self.name(), "/", &[("Cookie", SIGNED_IN), ("Connection", "close")]) {
            Err(e) => Outcome::proved(e.to_string()),
            Ok(response) if matches!(response.status, 403 | 404 | 421) => Outcome::proved(response.say()),
            Ok(response) => refuted(response.say()),
        }
    }

    /// Plain HTTP sends the client to HTTPS.
    fn upgrade(&self) -> Outcome {
        let Via::Address(ip) = self.fetch.via else { return Outcome::unjudged("no address to ask at") };
        let probe = format!("GET http://{}/ at {ip}", self.name());
        let answer = self.connect(ip, 80).and_then(|mut tcp| {
            get(&mut tcp, self.name(), "/", &[("Connection", "close")]).map_err(|e| e.to_string())
        });
        let there = format!("https://{}", self.name());
        match answer {
            Ok(r)
                if matches!(r.status, 301 | 302 | 307 | 308)
                    && r.header("location").is_some_and(|l| l.starts_with(&there)) =>
            {
                Outcome::proved(r.say())
            }
            Ok(r) => Outcome::refuted(&self.fetch.from, probe, r.say()),
            Err(e) => Outcome::refuted(&self.fetch.from, probe, e),
        }
    }
}
