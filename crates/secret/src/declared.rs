//! Secrets as a fleet describes them: what each is made from, or where its value stands.

use crate::codes;
use crate::generate::{Alphabet, Generator};
use diag::{Diagnostic, Place, Report};
use model::{DeclaredSecret, Key, Node, NodeKind, SecretKind, Sp};

/// How a value comes to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody else made it, and it is kept here.
    Given,
    /// It is made once and kept.
    Made(Generator),
    /// It stands in another file.
    Elsewhere(Elsewhere),
}

/// A value in a file that another tool keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// By which.
    pub tool: Tool,
    /// The file, from the fleet's folder.
    pub file: Sp<String>,
    /// The key in it, with dots between keys in keys; the whole content when there is none.
    pub key: Option<Sp<String>>,
    /// A file with the password, where the tool has one.
    pub password_file: Option<Sp<String>>,
}

/// Tools that keep secrets in files of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Ansible Vault.
    Vault,
    /// sops.
    Sops,
}

impl Origin {
    /// Of a secret that is used and not described.
    pub fn undeclared() -> Self {
        Origin::Made(Generator::Random { length: 32, alphabet: Alphabet::default() })
    }

    /// Of a secret as it is described. `None` when there was an error (`FW1130`, `FW1131`); all are reported.
    pub fn read(declared: &DeclaredSecret, report: &mut Report) -> Option<Self> {
        let kind = declared.kind.as_ref().map_or(SecretKind::Random, |k| k.value);
        let place = declared.kind.as_ref().map_or(&declared.place, |k| &k.place);
        let (generator, with) = match kind {
            SecretKind::Given | SecretKind::Vault | SecretKind::Sops => {
                return kept(kind, place, declared, report);
            }
            SecretKind::Random => ("random", None),
            SecretKind::Uuid => ("uuid", None),
            SecretKind::Wireguard => ("wireguard", None),
            SecretKind::Ssh => ("ssh", None),
            SecretKind::Tls => ("tls", None),
            SecretKind::Jwks => ("jwks", None),
            SecretKind::Argon2 => ("hash", Some("argon2id")),
            SecretKind::Bcrypt => ("hash", Some("bcrypt")),
            SecretKind::Pbkdf2 => ("hash", Some("pbkdf2-sha512")),
            SecretKind::Sha512Crypt => ("hash", Some("sha512-crypt")),
            SecretKind::Htpasswd => ("htpasswd", None),
        };
        // A word of the reader's own names what a person wrote under another one.
        let mut options = written(declared);
        for (key, _) in &mut options {
            if key.text == "algorithm" && generator == "jwks" {
                key.text = "key".to_owned();
            }
        }
        options.extend(with.map(|with| entry("with", with, place)));
        let options = Node { kind: NodeKind::Map(options), place: place.clone() };
        let whole = vec![(Key { text: generator.to_owned(), place: place.clone() }, options)];
        Generator::read(&Node { kind: NodeKind::Map(whole), place: place.clone() }, report).map(Origin::Made)
    }

    /// The secret it is made from.
    pub fn of(&self) -> Option<&str> {
        match self {
            Origin::Made(generator) => generator.of(),
            Origin::Given | Origin::Elsewhere(_) => None,
        }
    }
}

fn entry(key: &str, text: &str, place: &Place) -> (Key, Node) {
    let key = Key { text: key.to_owned(), place: place.clone() };
    (key, Node { kind: NodeKind::Scalar { text: text.to_owned(), quoted: true }, place: place.clone() })
}

/// Every option that is written, whatever the kind.
fn written(d: &DeclaredSecret) -> Vec<(Key, Node)> {
    let mut all = Vec::new();
    all.extend(d.of.as_ref().map(|of| entry("of", &of.value.0, &of.place)));
    for (key, number) in [("length", &d.length), ("days", &d.days)] {
        all.extend(number.as_ref().map(|n| entry(key, &n.value.to_string(), &n.place)));
    }
    for (key, text) in [
        ("user", &d.user),
        ("alphabet", &d.alphabet),
        ("characters", &d.characters),
        ("algorithm", &d.algorithm),
        ("comment", &d.comment),
        ("file", &d.file),
        ("key", &d.key),
        ("password-file", &d.password_file),
    ] {
        all.extend(text.as_ref().map(|t| entry(key, &t.value, &t.place)));
    }
    if let Some(first) = d.names.first() {
        let item = |name: &Sp<String>| entry("", &name.value, &name.place).1;
        let names = NodeKind::List(d.names.iter().map(item).collect());
        let key = Key { text: "names".to_owned(), place: first.place.clone() };
        all.push((key, Node { kind: names, place: first.place.clone() }));
    }
    all
}

/// Values that are not made here.
fn kept(kind: SecretKind, place: &Place, declared: &DeclaredSecret, report: &mut Report) -> Option<Origin> {
    let (tool, known): (_, &[&str]) = match kind {
        SecretKind::Vault => (Some(Tool::Vault), &["file", "key", "password-file"]),
        SecretKind::Sops => (Some(Tool::Sops), &["file", "key"]),
        _ => (None, &[]),
    };
    let before = report.error_count();
    for (key, _) in written(declared) {
        if !known.contains(&key.text.as_str()) {
            let message = format!("`{}` has no option `{}`", kind.word(), key.text);
            let takes = if known.is_empty() {
                "it takes none".to_owned()
            } else {
                format!("it takes {}", known.join(", "))
            };
            report.push(Diagnostic::error(codes::GENERATOR_OPTION, &key.place, message).help(takes));
        }
    }
    let Some(tool) = tool else { return (report.error_count() == before).then_some(Origin::Given) };
    let Some(file) = declared.file.clone() else {
        let message = format!("`{}` needs `file`: where the value stands", kind.word());
        report.push(
            Diagnostic::error(codes::GENERATOR_OPTION, place, message)
                .help("write its path, from the fleet's folder"),
        );
        return None;
    };
    if !stays_inside(&file.value) {
        let message = format!("`{}` leads out of the fleet's folder", file.value);
        report.push(
            Diagnostic::error(codes::GENERATOR_OPTION, &file.place, message)
                .help("write a path in it, without `..`"),
        );
    }
    let elsewhere =
        Elsewhere { tool, file, key: declared.key.clone(), password_file: declared.password_file.clone() };
    (report.error_count() == before).then_some(Origin::Elsewhere(elsewhere))
}

fn stays_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && path.split('/').all(|part| part != "..")
}
