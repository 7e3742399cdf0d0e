//! Sites that lead to a service, as exposures of it; other sites as raw text of the proxy.

use super::expose::{body, expose, only_inside};
use super::parse::{Directive, is_secret};
use super::sites::{Caddyfile, Site};
use crate::known::Known;
use crate::ledger::{Id, Ledger};
use crate::names;
use crate::yaml::{Map, Yaml};
use model::{Module, PortChoice, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What the sites become.
#[derive(Debug, Default)]
pub(super) struct Out {
    /// Services by name.
    pub services: BTreeMap<String, Made>,
    /// Modules nothing is known of but a port.
    pub modules: BTreeMap<String, Map>,
    pub certificates: Map,
    /// Sites and snippets that the proxy keeps as they are.
    pub raw: Vec<String>,
}

/// A service as far as a proxy knows it.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// `None` where the fleet has the service.
    pub module: Option<String>,
    pub hosts: BTreeSet<String>,
    pub expose: Vec<Yaml>,
    pub raw: Vec<String>,
}

/// Directives that the proxy's raw text of a service may hold: they go into its `route`.
const HANDLERS: [&str; 14] = [
    "header",
    "encode",
    "redir",
    "rewrite",
    "uri",
    "respond",
    "abort",
    "error",
    "vars",
    "request_header",
    "method",
    "try_files",
    "root",
    "file_server",
];

/// Ports that many things use: one alone tells no module.
const COMMON: [u16; 12] = [80, 443, 3000, 3001, 5000, 8000, 8080, 8081, 8443, 8888, 9000, 9090];

pub(super) fn read(known: &Known<'_>, file: &Caddyfile, ledger: &mut Ledger) -> Out {
    let mut out = Out::default();
    for (option, id) in &file.global {
        let arg = option.words.get(1).cloned().unwrap_or_default();
        match option.name() {
            "email" | "acme_ca" if known.fleet.is_some_and(|f| f.certificates.is_some()) => {
                ledger.note(*id, "the fleet says so in `certificates`");
            }
            "email" => {
                out.certificates.set("email", arg.as_str());
                ledger.carried(*id, arg);
            }
            "acme_ca" => {
                out.certificates.set("directory", arg.as_str());
                ledger.carried(*id, arg);
            }
            "admin" => {
                ledger.note(*id, "the proxy is reloaded through its admin interface on 127.0.0.1:2019")
            }
            "servers" | "metrics" => {
                ledger.note(*id, "it speaks HTTP/1.1 and HTTP/2, and serves its metrics")
            }
            "skip_install_trust" | "local_certs" | "auto_https" => {
                ledger.note(
                    *id,
                    "`certificate` of an exposure says who signs; no host's trust store is changed",
                );
            }
            _ => {}
        }
    }
    for site in &file.sites {
        let proxies: Vec<&(Directive, Id)> = site
            .inside
            .iter()
            .filter(|(d, _)| d.name() == "reverse_proxy" && d.matcher().is_none_or(|m| m == "*"))
            .collect();
        match proxies.as_slice() {
            [(proxy, id)] => one(known, site, proxy, *id, &mut out, ledger),
            [] => whole(site, file, "no one service answers for it", &mut out, ledger),
            _ => whole(site, file, "several services answer for it", &mut out, ledger),
        }
    }
    out
}

/// A site that is kept as it is, if it can be.
fn whole(site: &Site, file: &Caddyfile, why: &str, out: &mut Out, ledger: &mut Ledger) {
    let ids = std::iter::once(site.id).chain(site.inside.iter().map(|(_, id)| *id));
    let any = site.addresses.iter().any(|a| a.host.is_empty());
    let secret = site.inside.iter().any(|(d, _)| is_secret(d) || (d.name() == "tls" && !d.block.is_empty()));
    let taken = site.imports.iter().any(|i| matches!(i.as_str(), "lan_only" | "fleet_only" | "no_identity"));
    let reason = if any {
        Some("names nobody exposed are answered with 404, and its port is the proxy's")
    } else if secret {
        Some("it has secrets, which raw text must not hold")
    } else if taken {
        Some("it imports a snippet whose name rendered files have too")
    } else {
        None
    };
    let what = match reason {
        Some(reason) => format!("{why}; {reason}"),
        None => format!("{why}: kept as raw text of the proxy"),
    };
    for id in ids {
        ledger.note(id, what.clone());
    }
    if reason.is_none() {
        let word = site.text.split([' ', ',', '\n', '\t', '"', '`', '\\']).next().unwrap_or("");
        ledger.carried(site.id, word);
        let snippets = site.imports.iter().filter_map(|name| file.snippets.get(name));
        for text in snippets.map(|s| &s.text).chain([&site.text]) {
            let text = text.replace('\t', "  ");
            if !out.raw.contains(&text) {
                out.raw.push(text);
            }
        }
    }
}

/// Where a request goes: host, port, and the name of a container.
struct Upstream {
    host: String,
    port: u16,
    called: Option<String>,
}

fn upstream(known: &Known<'_>, text: &str) -> Result<Upstream, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let usual = if scheme == "https" { 443 } else { 80 };
    let rest = rest.trim_end_matches('/');
    let (at, port) = match rest.rsplit_once(':') {
        Some((at, port)) if !at.contains(':') || at.ends_with(']') => match port.parse() {
            Ok(port) => (at, port),
            Err(_) => return Err(format!("`{text}`: a service is on a port")),
        },
        _ => (rest, usual),
    };
    if rest.starts_with("unix/") || rest.contains(['{', '/']) || at.is_empty() && port == usual {
        return Err(format!("`{text}`: a service is on a host and a port"));
    }
    if let Some(host) = known.host(at) {
        return if known.has_host(&host) {
            Ok(Upstream { host, port, called: None })
        } else {
            Err(format!("the fleet has no host {host}: describe it in `hosts/`, and import again"))
        };
    }
    match names::name(at) {
        // A container's name means something on the proxy's own host only.
        Some(name) if !at.contains('.') && at.parse::<IpAddr>().is_err() && known.has_host(known.own) => {
            Ok(Upstream { host: known.own.to_owned(), port, called: Some(name) })
        }
        _ => Err(format!("no host of the fleet is {at}: describe it in `hosts/`, and import again")),
    }
}

fn one(known: &Known<'_>, site: &Site, proxy: &Directive, id: Id, out: &mut Out, ledger: &mut Ledger) {
    let written: Vec<&String> = proxy.args().iter().collect();
    let mut to: Vec<String> = written.iter().map(|w| (*w).clone()).collect();
    to.extend(proxy.block.iter().filter(|d| d.name() == "to").flat_map(|d| d.args().iter().cloned()));
    let found: Result<Vec<Upstream>, String> = to.iter().map(|t| upstream(known, t)).collect();
    let found = match found {
        Ok(found) if !found.is_empty() => found,
        Ok(_) => return refused(site, "nothing says where requests go", ledger),
        Err(why) => return refused(site, &why, ledger),
    };
    let port = found.first().map_or(80, |u| u.port);
    if found.iter().any(|u| u.port != port) {
        return refused(site, "copies of a service are on one port", ledger);
    }
    let name = service(known, site, &found, port, out, ledger, id);
    let mut exposes = Vec::new();
    let mut raw = Vec::new();
    for address in &site.addresses {
        exposes.extend(expose(address, site, &name, ledger));
    }
    for option in &proxy.block {
        let what = if is_secret(option) { option.name().to_owned() } else { option.words.join(" ") };
        let part = ledger.read(&option.place, option.last, what);
        let why = match option.name() {
            "to" => "where requests go",
            "header_up" | "header_down" => {
                "the service gets requests as the proxy makes them: `Host` and `X-Forwarded-…` as Caddy sets them"
            }
            "transport" => "a service whose port speaks `https` is asked over TLS, its certificate unseen",
            _ => {
                "how requests are shared, tried again and found well is derived from the service's copies and health"
            }
        };
        ledger.note(part, why);
    }
    // Matchers of directives that are kept as raw text.
    let kept = site.inside.iter().filter(|(d, _)| HANDLERS.contains(&d.name()) && !is_secret(d));
    let used: BTreeSet<&str> = kept.filter_map(|(d, _)| d.matcher()).collect();
    for (directive, id) in &site.inside {
        rest(known, directive, *id, &name, &used, &mut raw, ledger);
    }
    let made = out.services.entry(name.clone()).or_default();
    made.expose.extend(exposes);
    made.raw.extend(raw);
    ledger.carried(site.id, name.clone());
    ledger.carried(id, name);
}

fn refused(site: &Site, why: &str, ledger: &mut Ledger) {
    for id in std::iter::once(site.id).chain(site.inside.iter().map(|(_, id)| *id)) {
        ledger.note(id, why);
    }
}

fn number(port: &model::Port) -> Option<u16> {
    match &port.port.value {
        PortChoice::Fixed(spec) => Some(spec.port),
        _ => None,
    }
}

fn listens(service: &Service, module: &Module, port: u16) -> bool {
    let own = service.ports.values().filter_map(number);
    let all = module
        .ports
        .iter()
        .filter(|(name, _)| !service.ports.contains_key(*name))
        .filter_map(|(_, p)| number(&p.port));
    own.chain(all).any(|p| p == port)
}

/// The service that answers: the fleet's, one of a module that is known by its port, or one of a module of its own.
fn service(
    known: &Known<'_>,
    site: &Site,
    found: &[Upstream],
    port: u16,
    out: &mut Out,
    ledger: &mut Ledger,
    id: Id,
) -> String {
    let host = found.first().map_or(known.own, |u| u.host.as_str());
    let called = found.iter().find_map(|u| u.called.clone());
    if let Some(fleet) = known.fleet {
        let fits = |s: &Service| {
            fleet.modules.get(&s.module.value).is_some_and(|m| listens(s, m, port)) && known.on(s, host)
        };
        let by_name = called.as_ref().and_then(|c| fleet.services.iter().find(|(n, _)| n.as_str() == c));
        if let Some((name, _)) = by_name.or_else(|| fleet.services.iter().find(|(_, s)| fits(s))) {
            return name.as_str().to_owned();
        }
    }
    let label =
        site.addresses.iter().filter_map(|a| names::name(a.host.split('.').next().unwrap_or(""))).next();
    let words: Vec<&String> = called.iter().chain(&label).collect();
    let named = known.modules().find(|(id, m)| {
        words.iter().any(|w| w.as_str() == id.as_str())
            && m.ports.values().filter_map(|p| number(&p.port)).any(|p| p == port)
    });
    let by_port = || {
        let mut all = known
            .modules()
            .filter(|(_, m)| m.ports.values().filter_map(|p| number(&p.port)).any(|p| p == port));
        let first = all.next();
        first.filter(|_| all.next().is_none() && !COMMON.contains(&port))
    };
    let module = named.or_else(by_port).map(|(id, _)| id.as_str().to_owned());
    let name = called.or(module.clone()).or(label).unwrap_or_else(|| format!("port-{port}"));
    let module = module.unwrap_or_else(|| {
        let mut ports = Map::new();
        let (mut web, mut variants, mut native) = (Map::new(), Map::new(), Map::new());
        web.set("port", port).set("protocol", "http");
        ports.set("web", web);
        native.set("unit", format!("{name}.service"));
        variants.set("native", native);
        let mut map = Map::new();
        map.set("description", Yaml::Text(format!("{name}, which answers on port {port}"))).set("ports", ports).set("variants", variants);
        out.modules.insert(name.clone(), map);
        ledger.note(id, format!("nothing says what runs there: module `{name}` takes the unit {name}.service to be there; write how it runs"));
        name.clone()
    });
    let made = out.services.entry(name.clone()).or_default();
    made.module = Some(module);
    made.hosts.extend(found.iter().map(|u| u.host.clone()));
    name
}

/// What becomes of the other directives of a site.
fn rest(
    known: &Known<'_>,
    directive: &Directive,
    id: Id,
    service: &str,
    used: &BTreeSet<&str>,
    raw: &mut Vec<String>,
    ledger: &mut Ledger,
) {
    match directive.name() {
        "reverse_proxy" if directive.matcher().is_none_or(|m| m == "*") => {}
        "reverse_proxy" | "handle" | "handle_path" | "route" => {
            ledger.note(id, "a name leads to one service: `paths` of an exposure changes who may come in, not where it leads");
        }
        "tls" => match directive.args() {
            [one] if one == "internal" => ledger.carried(id, "internal"),
            [one] if one.contains('@') => ledger.note(
                id,
                "the address for the certificates' account is the fleet's (`certificates: {email: …}`)",
            ),
            _ => ledger.note(id, "certificates come by ACME or from the fleet's own CA"),
        },
        "basicauth" | "basic_auth" => {
            let secret = format!("secret/{service}-password");
            ledger.carried(id, secret.clone());
            ledger.note(id, format!("a hash is not written into the model: give {secret} the password; the user is called `{service}`"));
        }
        "forward_auth" => {
            ledger.carried(id, "sso");
            if known.fleet.is_none_or(|f| f.auth.as_ref().is_none_or(|a| a.gate.is_none())) {
                ledger.note(id, "name the service that asks in `auth: {gate: …}`");
            }
        }
        "request_body" => match body(directive) {
            Some(size) => ledger.carried(id, size),
            None => ledger.note(id, "a limit is a size: `limits: {body: 100MiB}`"),
        },
        "log" => ledger.note(id, "the proxy logs to its host's journal"),
        "import" => ledger.note(id, "what it names is read when it is among the files given"),
        _ if only_inside(directive) => ledger.carried(id, "to: lan"),
        "respond" | "abort" | "error"
            if directive.matcher().is_some_and(|m| m.starts_with('@'))
                && directive.words.iter().any(|w| w == "403" || w == "abort") =>
        {
            ledger.note(id, "who is not let in is told so");
        }
        name if (HANDLERS.contains(&name) || name.starts_with('@')) && is_secret(directive) => {
            ledger.note(id, "it may hold a secret, which raw text must not");
        }
        name if name.starts_with('@') && !used.contains(&name) => {
            ledger.note(id, "nothing that is kept asks what it matches")
        }
        name if HANDLERS.contains(&name) || name.starts_with('@') => {
            let text = directive.text.replace('\t', "  ");
            let least = text
                .lines()
                .filter(|l| !l.trim().is_empty())
                .map(|l| l.len() - l.trim_start().len())
                .min()
                .unwrap_or(0);
            let lines: Vec<&str> = text.lines().map(|l| l.get(least..).unwrap_or("").trim_end()).collect();
            ledger.carried(id, directive.name());
            ledger.note(id, "kept as raw text of the service's site");
            raw.push(lines.join("\n"));
        }
        _ => {}
    }
}
