//! What is written about signing in and cannot be a word of an `ssh` command line.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Sp, Ssh};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ssh in facts.fleet.hosts.values().filter_map(|h| h.ssh.as_ref()) {
        of_host(ssh, out);
    }
}

fn of_host(ssh: &Ssh, out: &mut Findings) {
    let mut say = |place: &diag::Place, message: String, help: &'static str| {
        out.push(Diagnostic::error(codes::BAD_SSH, place, message).help(help));
    };
    if let Some(address) = ssh.address.as_ref().filter(|a| !is_host(a)) {
        let message = format!("`{}` is neither a name nor an address", address.value);
        say(
            &address.place,
            message,
            "an address without a prefix length, or a DNS name; the port has a key of its own",
        );
    }
    if let Some(user) = ssh.user.as_ref().filter(|u| !is_user(u)) {
        let message = format!("`{}` cannot be an account's name", user.value);
        say(&user.place, message, "letters, digits, `.`, `_` and `-`, a letter or `_` first");
    }
    if let Some(port) = ssh.port.as_ref().filter(|p| p.value == 0) {
        say(&port.place, "nothing listens on port 0".to_owned(), "1 to 65535; 22 when nothing is written");
    }
    let Some(jump) = &ssh.jump else { return };
    for hop in hops(jump).filter(|h| !is_hop(h)) {
        let message = format!("`{hop}` is nothing ssh could jump through");
        say(&jump.place, message, "write `[USER@]HOST[:PORT]`, several with commas between them");
    }
}

/// The parts of a `jump`.
pub(super) fn hops(jump: &Sp<String>) -> impl Iterator<Item = &str> {
    jump.value.split(',').map(str::trim)
}

/// A part's host, without user and port.
pub(super) fn name_of(hop: &str) -> &str {
    let host = hop.rsplit_once('@').map_or(hop, |(_, host)| host);
    if let Some((inner, _)) = host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        return inner;
    }
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        _ => host,
    }
}

fn is_hop(hop: &str) -> bool {
    let host = hop.rsplit_once('@').map_or(Some(hop), |(user, host)| is_user(user).then_some(host));
    let Some(host) = host else { return false };
    let name = name_of(hop);
    let port = host.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
    is_host(name) && port.is_none_or(|(_, port)| port.parse::<u16>().is_ok_and(|p| p > 0))
}

fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.parse::<std::net::IpAddr>().is_ok()
        || (!text.is_empty() && text.len() <= 253 && !text.starts_with('-') && text.chars().all(plain))
}

fn is_user(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && text.len() <= 32 && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_taken_apart() {
        for (hop, name) in [
            ("gw", "gw"),
            ("olena@gw:2222", "gw"),
            ("[2001:db8::1]:22", "2001:db8::1"),
            ("olena@2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(name_of(hop), name);
            assert!(is_hop(hop), "{hop}");
        }
        for hop in ["", "gw:0", "gw:ssh", "-oProxyCommand=x", "a b", "@gw", "olena@"] {
            assert!(!is_hop(hop), "{hop}");
        }
    }
}
