//! Generators as a person writes them: `uuid`, `{random: {length: 32, alphabet: hex}}`,
//! `{hash: {of: admin-password, with: argon2id}}`.

use super::options::Options;
use super::{Alphabet, Generator, KeyKind};
use crate::codes;
use crate::hash::{Scheme, costs};
use diag::{Diagnostic, Report};
use model::{Node, NodeKind};
use std::net::IpAddr;

/// Names of the generators.
const NAMES: [&str; 8] = ["hash", "htpasswd", "jwks", "random", "ssh", "tls", "uuid", "wireguard"];

impl Generator {
    /// Reads one. `None` when there was an error; all of them are reported.
    pub fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let nothing = Node { kind: NodeKind::Null, place: node.place.clone() };
        let (name, place, at) = match &node.kind {
            NodeKind::Scalar { text, .. } => (text.as_str(), &node.place, &nothing),
            NodeKind::Map(entries) if entries.len() == 1 => {
                (entries[0].0.text.as_str(), &entries[0].0.place, &entries[0].1)
            }
            NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Null => {
                let message =
                    format!("a generator is a name, or one name with its options, not {}", node.describe());
                report.push(
                    Diagnostic::error(codes::GENERATOR, &node.place, message)
                        .help("such as `uuid` or `{random: {length: 32, alphabet: hex}}`"),
                );
                return None;
            }
        };
        let before = report.error_count();
        let made = {
            let options = &mut Options { generator: name, at, report };
            match name {
                "hash" => hash(options),
                "htpasswd" => htpasswd(options),
                "jwks" => jwks(options),
                "random" => random(options),
                "ssh" => {
                    options.only(&["comment"]);
                    Generator::Ssh { comment: options.text("comment").unwrap_or_default().to_owned() }
                }
                "tls" => tls(options),
                "uuid" => {
                    options.only(&[]);
                    Generator::Uuid
                }
                "wireguard" => {
                    options.only(&[]);
                    Generator::Wireguard
                }
                _ => {
                    let found =
                        Diagnostic::error(codes::GENERATOR, place, format!("no generator is named `{name}`"));
                    let found = found.help(format!("there are {}", NAMES.join(", ")));
                    report.push(found.suggest(name, NAMES));
                    return None;
                }
            }
        };
        (report.error_count() == before).then_some(made)
    }
}

fn random(options: &mut Options<'_, '_>) -> Generator {
    options.only(&["length", "alphabet", "characters"]);
    let length = options.number("length", 1..=4096, 32);
    let mut alphabet = None;
    if let Some(name) = options.text("alphabet") {
        alphabet = Alphabet::named(name);
        if alphabet.is_none() {
            let message = format!("no alphabet is named `{name}`");
            let names = Alphabet::NAMES.join(", ");
            let at = options.at.get("alphabet").unwrap_or(options.at);
            options.wrong(at, message, &format!("there are {names}; `characters` takes any others"));
        }
    }
    if let Some(characters) = options.text("characters") {
        let at = options.at.get("characters").unwrap_or(options.at);
        match Alphabet::of(characters) {
            _ if options.at.get("alphabet").is_some() => {
                options.wrong(at, "both `alphabet` and `characters` are given".to_owned(), "keep one");
            }
            Ok(own) => alphabet = Some(own),
            Err(why) => options.wrong(at, format!("`characters` cannot be chosen from: {why}"), "change it"),
        }
    }
    Generator::Random {
        length: usize::try_from(length).unwrap_or_default(),
        alphabet: alphabet.unwrap_or_default(),
    }
}

fn hash(options: &mut Options<'_, '_>) -> Generator {
    const OF: &str = "the name of the secret it is the hash of";
    let with = options.text("with").unwrap_or("argon2id");
    let (names, scheme): (&[&str], _) = match with {
        "bcrypt" => {
            (&["of", "with", "cost"], Scheme::Bcrypt { cost: options.number("cost", costs::BCRYPT, 12) })
        }
        "pbkdf2-sha512" => {
            // Fewer are read, and never made.
            let iterations = options.number("iterations", 1_000..=*costs::PBKDF2.end(), 310_000);
            (&["of", "with", "iterations"], Scheme::Pbkdf2Sha512 { iterations })
        }
        "sha512-crypt" => {
            let rounds = options.number("rounds", costs::CRYPT, 100_000);
            (&["of", "with", "rounds"], Scheme::Sha512Crypt { rounds })
        }
        other => {
            if other != "argon2id" {
                let at = options.at.get("with").unwrap_or(options.at);
                let help = "there are argon2id, bcrypt, pbkdf2-sha512, sha512-crypt";
                options.wrong(at, format!("no hash is named `{other}`"), help);
            }
            let scheme = Scheme::Argon2id {
                memory: options.number("memory", costs::MEMORY, 65_536),
                iterations: options.number("iterations", costs::PASSES, 3),
                parallelism: options.number("parallelism", costs::LANES, 4),
            };
            if let Some(fault) = scheme.fault() {
                options.wrong(options.at, fault, "leave the costs out: the defaults are sound");
            }
            (&["of", "with", "memory", "iterations", "parallelism"], scheme)
        }
    };
    options.only(names);
    Generator::Hash { of: options.needed("of", OF), scheme }
}

fn htpasswd(options: &mut Options<'_, '_>) -> Generator {
    options.only(&["user", "of", "cost"]);
    let user = options.needed("user", "who signs in");
    if user.contains(':') {
        let at = options.at.get("user").unwrap_or(options.at);
        options.wrong(
            at,
            format!("`{user}` cannot stand in an htpasswd file"),
            "a user has no `:` in the name",
        );
    }
    let of = options.needed("of", "the name of the secret that is the password");
    Generator::Htpasswd { user, of, cost: options.number("cost", costs::BCRYPT, 12) }
}

fn jwks(options: &mut Options<'_, '_>) -> Generator {
    let key = match options.text("key").unwrap_or("rsa") {
        "ec" => KeyKind::Ec,
        "ed25519" => KeyKind::Ed25519,
        other => {
            if other != "rsa" {
                let at = options.at.get("key").unwrap_or(options.at);
                options.wrong(at, format!("no signing key is named `{other}`"), "there are rsa, ec, ed25519");
            }
            let bits = options.number("bits", 2048..=4096, 2048);
            if !bits.is_multiple_of(1024) {
                let at = options.at.get("bits").unwrap_or(options.at);
                options.wrong(at, format!("`bits` is {bits}"), "2048, 3072 and 4096 are in use");
            }
            KeyKind::Rsa { bits }
        }
    };
    options.only(if matches!(key, KeyKind::Rsa { .. }) { &["key", "bits"] } else { &["key"] });
    Generator::Jwks { key }
}

fn tls(options: &mut Options<'_, '_>) -> Generator {
    options.only(&["names", "days"]);
    let days = options.number("days", 1..=36_500, 3_650);
    let mut names = Vec::new();
    match options.at.get("names").map(|node| (node, &node.kind)) {
        Some((_, NodeKind::List(items))) if !items.is_empty() => {
            for item in items {
                match item.text().filter(|name| is_name(name)) {
                    Some(name) => names.push(name.to_owned()),
                    None => {
                        let message = format!("a certificate cannot be for {}", item.describe());
                        options.wrong(item, message, "write a DNS name (`*.` may stand first) or an address");
                    }
                }
            }
        }
        Some((node, _)) => {
            let message = format!("`names` is a list of names, not {}", node.describe());
            options.wrong(node, message, "such as `[nas.lan, 192.168.1.2]`");
        }
        None => {
            let message = "`tls` needs `names`: what the certificate is for".to_owned();
            options.wrong(options.at, message, "such as `names: [nas.lan, 192.168.1.2]`");
        }
    }
    Generator::Tls { names, days }
}

fn is_name(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.parse::<IpAddr>().is_ok() || name.len() <= 253 && labels.split('.').all(is_label)
}
