//! What ssh_config says about one host, as it was written.

use super::Destination;
use crate::Reach;

/// Only what some file says; what none says is absent. Tokens and `~` are not resolved yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) hostname: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    /// In order; `none` alone for none.
    pub(super) identities: Vec<String>,
    pub(super) certificates: Vec<String>,
    pub(super) identities_only: Option<bool>,
    /// A socket, `none`, `SSH_AUTH_SOCK` or `$VARIABLE`.
    pub(super) agent: Option<String>,
    /// The first of the two that is said counts.
    pub(super) way: Option<Way>,
    pub(super) alias: Option<String>,
    pub(super) user_known_hosts: Option<Vec<String>>,
    pub(super) global_known_hosts: Option<Vec<String>>,
    /// Seconds; `Some(None)` for `none`.
    pub(super) connect_s: Option<Option<u64>>,
    /// Seconds; 0 for never.
    pub(super) alive_s: Option<u64>,
    pub(super) alive_max: Option<u64>,
}

/// What lies between here and the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Hosts, as written; empty for `none`.
    Jump(Vec<Destination>),
    /// A program; `None` for `none`.
    Command(Option<String>),
}

/// Sets what is not said yet.
fn first<T>(slot: &mut Option<T>, value: T) {
    if slot.is_none() {
        *slot = Some(value);
    }
}

impl Said {
    /// Takes a keyword with its words; `rest` is the same as one text. Keywords that say nothing about how a
    /// host is reached are passed over.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub(super) fn take(&mut self, keyword: &str, words: &[String], rest: &str) -> Result<(), String> {
        let word = || words.first().cloned().ok_or_else(|| format!("{keyword} says nothing"));
        match keyword {
            "hostname" => first(&mut self.hostname, word()?),
            "port" => first(&mut self.port, port(&word()?)?),
            "user" => first(&mut self.user, word()?),
            "identityfile" => add(&mut self.identities, word()?),
            "certificatefile" => add(&mut self.certificates, word()?),
            "identitiesonly" => first(&mut self.identities_only, yes(keyword, &word()?)?),
            "identityagent" => first(&mut self.agent, word()?),
            "proxyjump" => first(&mut self.way, Way::Jump(hops(&word()?).map_err(|(_, e)| e)?)),
            "proxycommand" => {
                let command = (!rest.eq_ignore_ascii_case("none")).then(|| rest.to_owned());
                first(&mut self.way, Way::Command(command));
            }
            "hostkeyalias" => first(&mut self.alias, word()?),
            "userknownhostsfile" => first(&mut self.user_known_hosts, words.to_vec()),
            "globalknownhostsfile" => first(&mut self.global_known_hosts, words.to_vec()),
            "connecttimeout" => first(&mut self.connect_s, seconds(&word()?)?),
            "serveraliveinterval" => first(&mut self.alive_s, seconds(&word()?)?.unwrap_or(0)),
            "serveralivecountmax" => {
                first(&mut self.alive_max, word()?.parse().map_err(|_| format!("bad number in {keyword}"))?);
            }
            _ => {}
        }
        Ok(())
    }
}

fn add(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

fn port(word: &str) -> Result<u16, String> {
    word.parse().ok().filter(|p| *p > 0).ok_or_else(|| format!("`{word}` is no port"))
}

fn yes(keyword: &str, word: &str) -> Result<bool, String> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("{keyword} is `yes` or `no`, not `{word}`")),
    }
}

/// A time as in sshd_config(5), TIME FORMATS: `90`, `1m30s`.
fn seconds(word: &str) -> Result<Option<u64>, String> {
    if word == "none" {
        return Ok(None);
    }
    let bad = || format!("`{word}` is no time");
    let (mut all, mut number) = (0u64, String::new());
    for c in word.chars() {
        let unit = match c.to_ascii_lowercase() {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(bad()),
        };
        all = all.saturating_add(number.parse::<u64>().map_err(|_| bad())?.saturating_mul(unit));
        number.clear();
    }
    if !number.is_empty() {
        all = all.saturating_add(number.parse().map_err(|_| bad())?);
    }
    Ok(Some(all))
}

/// Hosts to jump over: `user@host:port,…`, or `ssh://user@host:port`; none for `none`.
pub(super) fn hops(text: &str) -> Result<Vec<Destination>, (Reach, String)> {
    let bad = |hop: &str| (Reach::Config, format!("`{hop}` is no host to jump over"));
    let mut all = Vec::new();
    for hop in text.split(',').map(str::trim).filter(|h| !h.is_empty() && !h.eq_ignore_ascii_case("none")) {
        let bare = hop.strip_prefix("ssh://").unwrap_or(hop).trim_end_matches('/');
        let (user, at) = match bare.rsplit_once('@') {
            Some((user, at)) => (Some(user.to_owned()), at),
            None => (None, bare),
        };
        let (name, port) = match at.strip_prefix('[').and_then(|r| r.split_once(']')) {
            Some((name, rest)) => (name, rest.strip_prefix(':')),
            None if at.matches(':').count() == 1 => {
                at.split_once(':').map_or((at, None), |(n, p)| (n, Some(p)))
            }
            None => (at, None),
        };
        if name.is_empty() {
            return Err(bad(hop));
        }
        let port = port.map(|p| p.parse().map_err(|_| bad(hop))).transpose()?;
        all.push(Destination { name: name.to_owned(), user, port, ..Destination::default() });
    }
    Ok(all)
}
