//! A small fleet whose secrets are known, and looking for them where they must not be.

use super::{Ran, fleet, program, ran};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Two hosts: a router with a password-protected session to the outside, a host with a web page behind a password
/// and a service with secrets in its environment; a tunnel between them.
pub const FLEET: &str = "domain: lab.example
admins:
  olena:
    keys: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDNzfC+/G0SK8YcTV4o3QatQ2LT9kgqyhV0ogmJq3mWs olena@lab.example
    age: age1c6fa986pgt6j7gr29z3u24hkqqg2qmcjuqdywcn6yr8ltcwse9psaahwwc
    sudo: yes
bgp:
  asn: 64500
  originate:
    own: {prefix: 2001:db8:50::/44, at: core}
sites: {ams: {location: Amsterdam}}
hosts:
  core:
    site: ams
    uplink: {ipv4: 198.51.100.10/29, gateway: 198.51.100.9, ipv6: 2001:db8:c1::10/64, gateway6: 2001:db8:c1::1}
    bgp: {asn: 65010}
  edge:
    site: ams
    uplink: {ipv4: 198.51.100.18/29, gateway: 198.51.100.17, ipv6: 2001:db8:a1::10/64, gateway6: 2001:db8:a1::1}
    bgp:
      neighbours:
        transit: {asn: 64497, address: 2001:db8:a1::1, role: customer, password: secret/transit, limit: 1000}
tunnels:
  backbone: {between: [edge, core], network: 2001:db8:50:ffff::/112, carries: [bgp]}
services:
  ingress: {module: caddy, on: core}
  metrics:
    module: prometheus
    on: core
    expose: {host: metrics, auth: {basic: secret/web}, certificate: internal}
  worker:
    module: native
    on: core
    config: {exec: /usr/bin/sleep infinity}
    env: {TOKEN: secret/token, SESSION: secret/session, TOKEN_HASH: secret/token-hash}
  watcher:
    module: native
    on: edge
    config: {exec: /usr/bin/sleep infinity}
    env: {TOKEN: secret/token}
secrets:
  transit: given
  web: given
  session: given
  token: {length: 40, alphabet: printable}
  token-hash: {kind: sha512-crypt, of: secret/token}
";

/// The values somebody else made: all that configuration files like to read as something else.
pub const GIVEN: [(&str, &str); 3] = [
    ("transit", "Tr4=nsit&pass|wo/rd$1'q-77x"),
    ("web", "W3b=pa&ss|w/o$r'd\"q-81z"),
    ("session", "S3ss=i&on|v/al$HOME'u\"e\\n-19k\nsecond l1ne =of& $it\n"),
];

/// Private keys of these tests, the first of which is olena's.
pub fn identity() -> PathBuf {
    super::root().join("crates/secret/tests/age/person.txt")
}

/// The program as olena runs it, with nothing of whoever runs the test.
pub fn by_olena(fleet: &Path, args: &[&str]) -> std::process::Command {
    let own = fleet.join(".olena");
    std::fs::create_dir_all(&own).unwrap();
    let key = own.join("identity");
    if !key.exists() {
        std::fs::copy(identity(), &key).unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut command = program();
    for theirs in ["FLEETWRIGHT_AGE_KEY", "FLEETWRIGHT_VAULT_PASSWORD", "ANSIBLE_VAULT_PASSWORD_FILE"] {
        command.env_remove(theirs);
    }
    command.arg("-C").arg(fleet).args(args).env("HOME", &own).env("FLEETWRIGHT_IDENTITY", key);
    command
}

/// Keeps a value, byte for byte, without an argument.
pub fn set(fleet: &Path, args: &[&str], value: &[u8]) -> Ran {
    let mut command = by_olena(fleet, &[&["secrets", "set", "--stdin"], args].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value).unwrap();
    ran(child.wait_with_output().unwrap())
}

/// What to look for: values in every form a program may have put them in.
#[derive(Default)]
pub struct Needles {
    all: Vec<(String, &'static str, Vec<u8>)>,
}

impl Needles {
    /// Also this value. A value of several lines is looked for line by line too.
    pub fn plant(&mut self, name: &str, value: &[u8]) {
        let mut parts = vec![value.to_vec()];
        parts.extend(value.split(|b| *b == b'\n').filter(|l| l.len() >= 8).map(<[u8]>::to_vec));
        parts.sort();
        parts.dedup();
        for part in &parts {
            for (form, needle) in forms(part) {
                self.all.push((name.to_owned(), form, needle));
            }
        }
    }

    /// What is found: `NAME as FORM`.
    pub fn found_in(&self, hay: &[u8]) -> Vec<String> {
        let finds = |needle: &[u8]| {
            let first = needle[0];
            let last = hay.len().checked_sub(needle.len());
            last.is_some_and(|last| {
                let mut at = 0;
                while let Some(next) = hay[at..=last].iter().position(|b| *b == first) {
                    if hay[at + next..].starts_with(needle) {
                        return true;
                    }
                    at += next + 1;
                    if at > last {
                        break;
                    }
                }
                false
            })
        };
        let found = self.all.iter().filter(|(_, _, needle)| finds(needle));
        found.map(|(name, form, _)| format!("{name} as {form}")).collect()
    }

    /// Every form, with what it is.
    pub fn forms(&self) -> impl Iterator<Item = (&str, &'static str, &[u8])> {
        self.all.iter().map(|(name, form, needle)| (&**name, *form, &**needle))
    }
}

fn forms(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool| -> Vec<u8> {
        let one = |b: &u8| if upper { format!("{b:02X}") } else { format!("{b:02x}") };
        value.iter().map(one).collect::<String>().into_bytes()
    };
    let url = |plus: bool| -> Vec<u8> {
        let one = |b: &u8| match b {
            b' ' if plus => "+".to_owned(),
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(b) => char::from(*b).to_string(),
            b => format!("%{b:02X}"),
        };
        value.iter().map(one).collect::<String>().into_bytes()
    };
    let mut all = vec![
        ("plain", value.to_vec()),
        ("hex", hex(false)),
        ("HEX", hex(true)),
        ("url", url(false)),
        ("url+", url(true)),
    ];
    // Wherever it begins in what was encoded: without the characters that its neighbours have a part in.
    for (before, form) in [(0, "base64"), (1, "base64+1"), (2, "base64+2")] {
        let text = STANDARD.encode([vec![0; before], value.to_vec()].concat());
        let from = (before * 8).div_ceil(6);
        let until = (before + value.len()) * 8 / 6;
        all.push((form, text.as_bytes()[from..until].to_vec()));
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let json = serde_json::to_string(text).unwrap();
        all.push(("json", json.as_bytes()[1..json.len() - 1].to_vec()));
        all.push(("shell", text.replace('\'', "'\"'\"'").into_bytes()));
    }
    all.dedup_by(|a, b| a.1 == b.1);
    all
}

/// Every file below a folder, by path, but those at or below these paths.
pub fn files(folder: &Path, but: &[&Path]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if but.iter().any(|b| path.starts_with(b)) {
            continue;
        }
        if path.is_dir() {
            all.extend(files(&path, but));
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.insert(path, bytes);
        }
    }
    all
}

pub fn go(fleet: &Path, args: &[&str]) -> Ran {
    ran(by_olena(fleet, args).output().unwrap())
}

pub fn ask(fleet: &Path, args: &[&str]) -> Value {
    let ran = go(fleet, &[args, &["--json"]].concat());
    let value: Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    assert_eq!(value["exit"], ran.code, "{value:#}");
    value
}

pub fn bytes(fleet: &Path, args: &[&str]) -> Vec<u8> {
    let output = by_olena(fleet, args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub fn done(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// The fleet with a value of each secret, encrypted for olena.
pub fn whole() -> tempfile::TempDir {
    let fleet = fleet(&[("fleet.yaml", FLEET)]);
    for (name, value) in GIVEN {
        done(&set(fleet.path(), &[name, "--age"], value.as_bytes()));
    }
    done(&go(fleet.path(), &["lock"]));
    fleet
}

/// `CODE secret/NAME` of everything that was found.
pub fn found(answer: &Value) -> BTreeSet<String> {
    let one = |d: &Value| {
        let message = d["message"].as_str().unwrap();
        let name = message.split_once("secret/").map_or("", |(_, rest)| rest);
        let name = name.split(|c: char| !(c.is_ascii_alphanumeric() || "-/".contains(c))).next().unwrap();
        format!("{} {name}", d["code"].as_str().unwrap())
    };
    answer["diagnostics"].as_array().unwrap().iter().filter(|d| d["severity"] == "error").map(one).collect()
}
