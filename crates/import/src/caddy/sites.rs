//! Sites with their imports put in, and what stands in each.

use super::parse::{Directive, is_secret};
use crate::ledger::{Id, Ledger};
use std::collections::BTreeMap;

/// A site: its addresses and what it does.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub addresses: Vec<Address>,
    /// Its directives, snippets put in, each with its statement.
    pub inside: Vec<(Directive, Id)>,
    /// Snippets it imports, by name.
    pub imports: Vec<String>,
    pub id: Id,
    pub text: String,
}

/// An address of a site: `https://photos.example.org:8443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// `http`, `https`, or nothing.
    pub scheme: String,
    /// Empty for any name.
    pub host: String,
    pub port: Option<u16>,
}

impl Address {
    fn of(text: &str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let rest = rest.split('/').next().unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().ok()),
            _ => (rest, None),
        };
        Address { scheme: scheme.to_owned(), host: host.to_ascii_lowercase(), port }
    }
    /// As Caddy takes it: `:443` is a name on HTTPS.
    pub(super) fn shown(&self) -> String {
        let port = match (self.port, self.scheme.as_str()) {
            (Some(443), "" | "https") | (Some(80), "http") | (None, _) => String::new(),
            (Some(port), _) => format!(":{port}"),
        };
        let scheme = match (self.scheme.as_str(), self.port) {
            ("http", _) | ("", Some(80)) => "http://",
            _ => "",
        };
        let port = if scheme == "http://" && self.port == Some(80) { String::new() } else { port };
        format!("{scheme}{}{port}", self.host)
    }
}

/// What the files hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Caddyfile {
    /// Options of the global block.
    pub global: Vec<(Directive, Id)>,
    pub snippets: BTreeMap<String, Directive>,
    pub sites: Vec<Site>,
}

/// Sorts what stands at the top, and puts imports in.
pub(super) fn read(top: Vec<Directive>, ledger: &mut Ledger) -> Caddyfile {
    let mut out = Caddyfile::default();
    let snippet = |d: &Directive| match d.words.as_slice() {
        [name] => name.strip_prefix('(').and_then(|n| n.strip_suffix(')')).map(str::to_owned),
        _ => None,
    };
    for directive in &top {
        if let Some(name) = snippet(directive) {
            let id = ledger.read(&directive.place, directive.last, format!("({name})"));
            ledger.note(id, "what it says is put in where it is imported");
            out.snippets.insert(name, directive.clone());
        }
    }
    for directive in top {
        if snippet(&directive).is_some() {
            continue;
        }
        if directive.words.is_empty() {
            for option in directive.block {
                let what = if is_secret(&option) { option.name().to_owned() } else { option.words.join(" ") };
                let id = ledger.read(&option.place, option.last, what);
                out.global.push((option, id));
            }
        } else if directive.name() == "import" {
            let id = ledger.read(&directive.place, directive.last, directive.words.join(" "));
            ledger.note(id, "what it names is read when it is among the files given");
        } else {
            let id = ledger.read(&directive.place, directive.head, directive.words.join(" "));
            let addresses =
                directive.words.iter().flat_map(|w| w.split(',')).filter(|w| !w.is_empty()).map(Address::of);
            let addresses = addresses.collect();
            let mut inside = Vec::new();
            let mut imports = Vec::new();
            for one in &directive.block {
                put_in(one, &out.snippets, &mut inside, &mut imports, ledger, 0);
            }
            out.sites.push(Site { addresses, inside, imports, id, text: directive.text });
        }
    }
    out
}

/// A directive, or those of the snippet it imports; wrappers without a matcher are opened.
fn put_in(
    directive: &Directive,
    snippets: &BTreeMap<String, Directive>,
    out: &mut Vec<(Directive, Id)>,
    imports: &mut Vec<String>,
    ledger: &mut Ledger,
    depth: usize,
) {
    if directive.name() == "import"
        && let Some(snippet) = directive.words.get(1).and_then(|name| snippets.get(name))
        // Snippets that import each other end here.
        && depth < 8
    {
        let id = ledger.read(&directive.place, directive.last, directive.words.join(" "));
        ledger.note(id, "what the snippet says is told of where it is put in");
        imports.extend(directive.words.get(1).cloned());
        let args = directive.words.get(2..).unwrap_or_default();
        for inner in &snippet.block {
            put_in(&filled(inner, args), snippets, out, imports, ledger, depth + 1);
        }
        return;
    }
    let wrapper = matches!(directive.name(), "route" | "handle") && directive.words.len() == 1;
    if wrapper && depth < 8 {
        let id = ledger.read(&directive.place, directive.place.line, directive.name());
        ledger.note(id, "what stands in it is told of one by one");
        for inner in &directive.block {
            put_in(inner, snippets, out, imports, ledger, depth + 1);
        }
        return;
    }
    let what = if is_secret(directive) { directive.name().to_owned() } else { directive.words.join(" ") };
    let id = ledger.read(&directive.place, directive.last, what);
    out.push((directive.clone(), id));
}

/// `{args[0]}` and `{args.0}` of a snippet.
fn filled(directive: &Directive, args: &[String]) -> Directive {
    let fill = |text: &str| {
        let mut text = text.to_owned();
        for (n, arg) in args.iter().enumerate() {
            text = text.replace(&format!("{{args[{n}]}}"), arg).replace(&format!("{{args.{n}}}"), arg);
        }
        text
    };
    Directive {
        words: directive.words.iter().map(|w| fill(w)).collect(),
        block: directive.block.iter().map(|d| filled(d, args)).collect(),
        text: fill(&directive.text),
        ..directive.clone()
    }
}
