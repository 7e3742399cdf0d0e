//! known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): whose key is whose.

use hmac::{KeyInit, Mac, SimpleHmac};
use russh::keys::ssh_key::HashAlg;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, PublicKey};
use sha1::Sha1;
use std::path::{Path, PathBuf};

/// A key a host has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// Its line for a known_hosts file, without the line's end.
    pub line: String,
    /// Type, `ssh-ed25519`.
    pub kind: String,
    /// `SHA256:…`, as ssh-keygen -l shows it.
    pub fingerprint: String,
}

impl HostKey {
    pub(super) fn of(name: &str, key: &PublicKey) -> Self {
        let mut bare = key.clone();
        bare.set_comment("");
        let text = bare.to_openssh().unwrap_or_default();
        HostKey {
            line: format!("{name} {}", text.trim_end()),
            kind: key.algorithm().to_string(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }
}

/// Where a line stands.
#[derive(Clone, Debug)]
struct Line {
    file: PathBuf,
    number: usize,
    entry: Entry,
}

/// Lines of several files, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    lines: Vec<Line>,
}

/// What is known about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the host's.
    Good,
    /// Nothing is known about the host.
    Unknown,
    /// The host has another key, there.
    Changed(String),
    /// It was withdrawn, there.
    Revoked(String),
}

impl Known {
    /// Reads files; those that are missing are empty. A line nobody can read counts for nothing, as with ssh(1).
    pub(super) fn read(files: &[PathBuf]) -> Self {
        let mut lines = Vec::new();
        for file in files {
            let Ok(text) = std::fs::read_to_string(file) else { continue };
            lines.extend(Self::parse(file, &text));
        }
        Known { lines }
    }

    fn parse(file: &Path, text: &str) -> Vec<Line> {
        let entries = text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with('#'));
        entries
            .filter_map(|(n, l)| Some((n + 1, l.trim().parse().ok()?)))
            .map(|(number, entry)| Line { file: file.to_owned(), number, entry })
            .collect()
    }

    fn about<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |l| is_about(l.entry.host_patterns(), name))
    }

    /// The names a host may be known by, the one that counts first: the first of these that has a key. The
    /// rest follow, since a key may be revoked under any of them.
    pub(super) fn names(&self, mut names: Vec<String>) -> Vec<String> {
        if let Some(at) = names.iter().position(|n| !self.kinds(n).is_empty()) {
            names[..=at].rotate_right(1);
        }
        names
    }

    /// Judges a host's key by the first of its names; see [`Known::names`].
    pub(super) fn judge(&self, names: &[String], key: &PublicKey) -> Verdict {
        let place = |l: &Line| format!("{}:{}", l.file.display(), l.number);
        let same = |l: &&Line| l.entry.public_key().key_data() == key.key_data();
        let revoked = |l: &&Line| l.entry.marker() == Some(&Marker::Revoked);
        if let Some(line) = names.iter().flat_map(|n| self.about(n)).filter(same).find(revoked) {
            return Verdict::Revoked(place(line));
        }
        let name = names.first().map_or("", String::as_str);
        let plain = || self.about(name).filter(|l| l.entry.marker().is_none());
        if plain().any(|l| same(&l)) {
            return Verdict::Good;
        }
        match plain().next() {
            Some(line) => Verdict::Changed(place(line)),
            None => Verdict::Unknown,
        }
    }

    /// Where an authority is named that would vouch for a host. It is not asked: host certificates are not read.
    pub(super) fn authority(&self, names: &[String]) -> Option<String> {
        let mut lines = names.iter().flat_map(|n| self.about(n));
        let line = lines.find(|l| l.entry.marker() == Some(&Marker::CertAuthority))?;
        Some(format!("{}:{}", line.file.display(), line.number))
    }

    /// The types of keys known of a host, so that it is asked for one that can be judged.
    pub(super) fn kinds(&self, name: &str) -> Vec<Algorithm> {
        let plain = self.about(name).filter(|l| l.entry.marker().is_none());
        plain.map(|l| l.entry.public_key().algorithm()).collect()
    }
}

/// A host's name in known_hosts: with its port where that is not 22.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

fn is_about(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            let Ok(mut mac) = SimpleHmac::<Sha1>::new_from_slice(salt) else { return false };
            mac.update(name.as_bytes());
            mac.verify_slice(hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let is = |p: &String| matches(&p.to_lowercase(), name);
            let not = patterns.iter().filter_map(|p| p.strip_prefix('!')).any(|p| is(&p.to_owned()));
            !not && patterns.iter().filter(|p| !p.starts_with('!')).any(is)
        }
    }
}

/// `*` is any text, `?` any one character.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                p = at + 1;
                t = from + 1;
                star = Some((at, from + 1));
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDNzfC+/G0SK8YcTV4o3QatQ2LT9kgqyhV0ogmJq3mWs";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMr0Y4vJ9mQZ3C9ZrW9s8bJ9rXvX5nq0q0y6m1H0k1aB";

    fn key(text: &str) -> PublicKey {
        text.parse().unwrap()
    }
    fn known(text: &str) -> Known {
        Known { lines: Known::parse(Path::new("known"), text) }
    }

    #[test]
    fn names_patterns_ports_and_markers() {
        let all = known(&format!(
            "# comment\n\nnas,192.0.2.5 {A} a comment\n[gw]:2222 {A}\n*.example.net,!evil.example.net {A}\n\
             @revoked old {B}\nold {A}\n@cert-authority * {B}\nnot a line\n"
        ));
        let (a, b) = (key(A), key(B));
        for (host, port, verdict) in [
            ("nas", 22, Verdict::Good),
            ("NAS", 22, Verdict::Good),
            ("192.0.2.5", 22, Verdict::Good),
            ("nas", 2222, Verdict::Unknown),
            ("gw", 2222, Verdict::Good),
            ("gw", 22, Verdict::Unknown),
            ("a.example.net", 22, Verdict::Good),
            ("evil.example.net", 22, Verdict::Unknown),
        ] {
            assert_eq!(all.judge(&[name(host, port)], &a), verdict, "{host} {port}");
        }
        assert_eq!(all.judge(&["nas".into()], &b), Verdict::Changed("known:3".into()));
        assert_eq!(all.judge(&["old".into()], &b), Verdict::Revoked("known:6".into()));
        let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let found = all.names(names(&["x", "nas", "old"]));
        assert_eq!(found, names(&["nas", "x", "old"]), "the first that has a key counts");
        assert_eq!(all.judge(&found, &b), Verdict::Revoked("known:6".into()), "under whatever name");
        assert_eq!(all.kinds("nas").len(), 1);
        assert_eq!(all.authority(&names(&["elsewhere"])), Some("known:8".into()));
        assert_eq!(all.kinds("elsewhere").len(), 0, "an authority's key is no host's");
    }

    #[test]
    fn names_hashed_by_ssh_keygen_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known");
        std::fs::write(&file, format!("nas.example.net {A}\n[gw]:2222 {A}\n")).unwrap();
        let hashed = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file).status().unwrap();
        assert!(hashed.success());
        assert!(std::fs::read_to_string(&file).unwrap().starts_with("|1|"));
        let all = Known::read(&[file]);
        assert_eq!(all.judge(&["nas.example.net".into()], &key(A)), Verdict::Good);
        assert_eq!(all.judge(&[name("gw", 2222)], &key(A)), Verdict::Good);
        assert_eq!(all.judge(&["gw".into()], &key(A)), Verdict::Unknown);
    }

    #[test]
    fn a_fingerprint_is_what_ssh_keygen_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pub");
        std::fs::write(&file, A).unwrap();
        let said = Command::new("ssh-keygen").arg("-lf").arg(&file).output().unwrap();
        let host = HostKey::of("nas", &key(A));
        assert!(String::from_utf8_lossy(&said.stdout).contains(&host.fingerprint), "{host:?}");
        assert_eq!(host.line, format!("nas {A}"));
    }
}
