//! `wg` and `wg-quick` files as `wg setconf` (wg 1.0, `config.c`) and `wg-quick` read them: sections and keys in any
//! case, `#` to the end of a line is a comment.

use crate::Imported;
use crate::codes;
use crate::ledger::{Id, Ledger};
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A value with its statement.
#[derive(Clone, Debug)]
pub(super) struct Said<T> {
    pub value: T,
    pub id: Id,
}

/// Where a peer is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Address(SocketAddr),
    Name(String, u16),
}

/// The keys of a file, as `wg` writes them.
const INTERFACE: [&str; 12] = [
    "PrivateKey",
    "ListenPort",
    "FwMark",
    "Address",
    "DNS",
    "MTU",
    "Table",
    "PreUp",
    "PostUp",
    "PreDown",
    "PostDown",
    "SaveConfig",
];
const PEER: [&str; 5] = ["PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive"];

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub place: Place,
    /// The interface: the file's name without `.conf`.
    pub name: String,
    /// Public key of the private one.
    pub public: Option<String>,
    pub private: Option<Id>,
    pub port: Option<Said<u16>>,
    pub mtu: Option<Said<u16>>,
    pub table: Option<Said<String>>,
    pub addresses: Vec<Said<IpNet>>,
    /// Everything else of the interface, by key.
    pub other: Vec<(&'static str, Said<String>)>,
    pub peers: Vec<Peer>,
}

#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub place: Place,
    /// What the comment above the section or in it says first.
    pub comment: Option<String>,
    pub key: Option<Said<String>>,
    /// A `PublicKey` was there, readable or not.
    pub keyed: bool,
    pub preshared: Option<Id>,
    pub allowed: Vec<Said<IpNet>>,
    pub endpoint: Option<Said<Endpoint>>,
    pub keepalive: Option<Said<u16>>,
}

enum Section {
    None,
    Interface,
    Peer,
    /// Said already to be none that there is.
    Unknown,
}

/// Reads a file. All faults are in the report of `out`.
pub(super) fn parse(path: &str, text: &str, ledger: &mut Ledger, out: &mut Imported) -> Config {
    let file: Arc<str> = Arc::from(path);
    let stem = path.rsplit('/').next().unwrap_or(path);
    let mut config = Config {
        place: Place::file(Arc::clone(&file)),
        name: stem.strip_suffix(".conf").unwrap_or(stem).to_owned(),
        public: None,
        private: None,
        port: None,
        mtu: None,
        table: None,
        addresses: Vec::new(),
        other: Vec::new(),
        peers: Vec::new(),
    };
    let mut section = Section::None;
    let mut seen = false;
    let mut comment: Option<String> = None;
    for (number, raw) in (1..).zip(text.lines()) {
        let (line, said) = match raw.split_once('#') {
            Some((line, said)) => (line.trim(), Some(said.trim_matches(['#', ' ', '\t']))),
            None => (raw.trim(), None),
        };
        let column = u32::try_from(raw.chars().take_while(|c| c.is_whitespace()).count()).unwrap_or(0) + 1;
        let place = Place::new(Arc::clone(&file), number, column);
        if line.is_empty() {
            match said.and_then(comment_name) {
                Some(name) if inside_unnamed(&section, &config) => {
                    if let Some(peer) = config.peers.last_mut() {
                        peer.comment = Some(name);
                    }
                }
                Some(name) => comment = Some(name),
                None if raw.trim().is_empty() => comment = None,
                None => {}
            }
            continue;
        }
        if line.starts_with('[') {
            section = match line.to_ascii_lowercase().as_str() {
                "[interface]" => {
                    seen = true;
                    Section::Interface
                }
                "[peer]" => {
                    let comment = said.and_then(comment_name).or_else(|| comment.take());
                    config.peers.push(Peer {
                        place: place.clone(),
                        comment,
                        key: None,
                        keyed: false,
                        preshared: None,
                        allowed: Vec::new(),
                        endpoint: None,
                        keepalive: None,
                    });
                    Section::Peer
                }
                _ => {
                    out.fault(
                        Diagnostic::error(
                            codes::WG_LINE,
                            &place,
                            format!("`{line}` is no section of WireGuard"),
                        )
                        .help("[Interface] or [Peer]"),
                    );
                    Section::Unknown
                }
            };
            comment = None;
            continue;
        }
        comment = None;
        let Some((key, value)) = line.split_once('=') else {
            out.fault(
                Diagnostic::error(codes::WG_LINE, &place, "no `KEY = VALUE`")
                    .help("`wg` refuses the file as it is: mend the line, or put `#` before it"),
            );
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let known: &[&'static str] = match section {
            Section::Interface => &INTERFACE,
            Section::Peer => &PEER,
            Section::None => {
                out.fault(Diagnostic::error(
                    codes::WG_LINE,
                    &place,
                    format!("`{key}` stands before any section"),
                ));
                continue;
            }
            Section::Unknown => continue,
        };
        let Some(key) = known.iter().find(|k| k.eq_ignore_ascii_case(key)) else {
            out.fault(
                Diagnostic::error(codes::WG_LINE, &place, format!("WireGuard has no key `{key}` here"))
                    .suggest(key, known.iter().copied()),
            );
            continue;
        };
        let hidden = matches!(*key, "PrivateKey" | "PresharedKey");
        let what = if hidden { (*key).to_owned() } else { format!("{key} = {value}") };
        let id = ledger.read(&place, number, what);
        let bad = match config.peers.last_mut().filter(|_| matches!(section, Section::Peer)) {
            Some(peer) => peer_value(peer, key, value, id),
            None => interface_value(&mut config, key, value, id),
        };
        if let Err(wanted) = bad {
            let shown = if hidden { String::new() } else { format!(" `{value}`") };
            out.fault(Diagnostic::error(codes::WG_VALUE, &place, format!("`{key}`{shown} is not {wanted}")));
        }
    }
    if !seen {
        out.fault(Diagnostic::error(codes::WG_MISSING, &config.place, "there is no [Interface]"));
    }
    for peer in config.peers.iter().filter(|p| !p.keyed) {
        out.fault(Diagnostic::error(codes::WG_MISSING, &peer.place, "the peer has no PublicKey"));
    }
    config
}

fn inside_unnamed(section: &Section, config: &Config) -> bool {
    // `# Name = laptop` right below `[Peer]`, before its first key.
    matches!(section, Section::Peer)
        && config.peers.last().is_some_and(|p| p.comment.is_none() && p.key.is_none() && p.allowed.is_empty())
}

/// The name a comment begins with: `# kyiv-gw (old)`, `# Name = laptop`, `### Client phone`. A whole sentence or a
/// setting that was put out of use is none.
fn comment_name(text: &str) -> Option<String> {
    let text = text.trim();
    let key = text.split(['=', ':']).next().unwrap_or("").trim().to_ascii_lowercase();
    let known = INTERFACE.iter().chain(&PEER).any(|k| k.eq_ignore_ascii_case(&key));
    if known || text.starts_with('[') {
        return None;
    }
    let named = ["name", "friendly_name", "client", "peer"]
        .iter()
        .find_map(|word| {
            let rest = text
                .get(..word.len())
                .filter(|w| w.eq_ignore_ascii_case(word))
                .map(|_| &text[word.len()..])?;
            rest.starts_with(['=', ':', ' ']).then(|| rest.trim_start_matches(['=', ':', ' ']))
        })
        .unwrap_or(text);
    let short = named.split(['(', ',', ';']).next().unwrap_or(named).trim();
    if short.split_whitespace().count() > 3 {
        return None;
    }
    crate::names::name(short)
}

fn interface_value(config: &mut Config, key: &'static str, value: &str, id: Id) -> Result<(), &'static str> {
    match key {
        "PrivateKey" => {
            // A key that was hidden when the file was written down is a key all the same.
            config.private = Some(id);
            config.public = derive::keys::public_of(value);
            if config.public.is_none() && !value.contains('‹') && !value.chars().all(|c| c == '*') {
                return Err("32 bytes in base64");
            }
        }
        "ListenPort" => config.port = Some(Said { value: value.parse().map_err(|_| "a port")?, id }),
        "MTU" => config.mtu = Some(Said { value: value.parse().map_err(|_| "a number of bytes")?, id }),
        "Table" => config.table = Some(Said { value: value.to_owned(), id }),
        "Address" => {
            for one in list(value) {
                config.addresses.push(Said { value: net(one)?, id });
            }
        }
        "FwMark" => {
            let hex = value.strip_prefix("0x").map(|h| u32::from_str_radix(h, 16).is_ok());
            if value != "off" && !hex.unwrap_or_else(|| value.parse::<u32>().is_ok()) {
                return Err("a number or `off`");
            }
            config.other.push((key, Said { value: value.to_owned(), id }));
        }
        _ => config.other.push((key, Said { value: value.to_owned(), id })),
    }
    Ok(())
}

fn peer_value(peer: &mut Peer, key: &str, value: &str, id: Id) -> Result<(), &'static str> {
    match key {
        "PublicKey" => {
            peer.keyed = true;
            // Any 32 bytes have a public key of their own, so this holds the form.
            if derive::keys::public_of(value).is_none() {
                return Err("32 bytes in base64");
            }
            peer.key = Some(Said { value: value.to_owned(), id });
        }
        "PresharedKey" => peer.preshared = Some(id),
        "AllowedIPs" => {
            for one in list(value) {
                peer.allowed.push(Said { value: net(one.trim_start_matches('+'))?, id });
            }
        }
        "Endpoint" => peer.endpoint = Some(Said { value: endpoint(value)?, id }),
        _ => {
            let seconds = if value.eq_ignore_ascii_case("off") { Ok(0) } else { value.parse() };
            peer.keepalive = Some(Said { value: seconds.map_err(|_| "a number of seconds or `off`")?, id });
        }
    }
    Ok(())
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|v| !v.is_empty())
}

/// An address with or without a prefix length.
fn net(text: &str) -> Result<IpNet, &'static str> {
    let text: String = text.split_whitespace().collect();
    match text.parse::<IpNet>() {
        Ok(net) => Ok(net),
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| "a list of addresses or prefixes"),
    }
}

fn endpoint(text: &str) -> Result<Endpoint, &'static str> {
    const WANTED: &str =
        "an address or a name, and a port: 192.0.2.1:51820, [2001:db8::1]:51820, vpn.example:51820";
    if let Ok(address) = text.parse() {
        return Ok(Endpoint::Address(address));
    }
    let (host, port) = text.rsplit_once(':').ok_or(WANTED)?;
    let port = port.parse().map_err(|_| WANTED)?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(named) {
        return Err(WANTED);
    }
    Ok(Endpoint::Name(host.to_owned(), port))
}
