//! How a host is reached: what ssh_config says about it, what the fleet knows, and the usual.
//!
//! StrictHostKeyChecking is never looked at: checking is always strict.

mod openssh;
mod read;
mod said;

use super::Destination;
use crate::Reach;
use read::Answer;
use said::{Said, Way, hops};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(super) type Failure = (Reach, String);

/// How one host is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// Address or name to dial.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
    /// User.
    pub(super) user: String,
    /// Key files, where ssh_config names some.
    pub(super) identities: Option<Vec<PathBuf>>,
    /// Certificates besides those that lie beside key files.
    pub(super) certificates: Vec<PathBuf>,
    /// Only these, also when the agent has others.
    pub(super) identities_only: bool,
    /// The agent's socket, where it is another one; `none` for none.
    pub(super) agent: Option<String>,
    /// Hosts on the way, in order.
    pub(super) jump: Vec<Destination>,
    /// A program that is the connection.
    pub(super) command: Option<String>,
    /// The name its key is pinned under.
    pub(super) alias: Option<String>,
    /// known_hosts files besides those of the settings.
    pub(super) known_hosts: Vec<PathBuf>,
    /// Limit to connect, where ssh_config has one.
    pub(super) connect: Option<Duration>,
    /// Between two signs of life, where ssh_config says so.
    pub(super) keepalive: Option<Duration>,
    /// How many may stay away.
    pub(super) keepalive_max: Option<usize>,
}

/// Name, user and port: what an answer depends on.
type Asked = (String, Option<String>, Option<u16>);

/// Answers there were, so that each host is looked up once.
#[derive(Default)]
pub(super) struct Routes {
    known: Mutex<BTreeMap<Asked, Result<Said, Failure>>>,
}

impl Routes {
    /// How a destination is reached.
    ///
    /// # Errors
    /// A wrong line with its place, or what is not supported.
    pub(super) fn route(&self, files: &[PathBuf], to: &Destination) -> Result<Route, Failure> {
        let key = (to.name.clone(), to.user.clone(), to.port);
        let kept = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(&key).cloned();
        let said = match known {
            Some(known) => known?,
            None => {
                let said = said(files, to);
                kept().insert(key, said.clone());
                said?
            }
        };
        resolve(said, to)
    }
}

fn said(files: &[PathBuf], to: &Destination) -> Result<Said, Failure> {
    match read::read(files, &to.name)? {
        Answer::Said(said) => Ok(*said),
        Answer::AskOpenSsh => openssh::ask(files, to),
    }
}

fn resolve(said: Said, to: &Destination) -> Result<Route, Failure> {
    let given = || to.address.clone().unwrap_or_else(|| to.name.clone());
    let host = match said.hostname {
        None => given(),
        Some(text) => {
            let name = text.replace("%%", "\0").replace("%h", &to.name).replace('\0', "%");
            // Nothing but the name itself: what the fleet knows is better.
            if name == to.name { given() } else { name }
        }
    };
    let port = to.port.or(said.port).unwrap_or(22);
    let user = to.user.clone().or(said.user).map_or_else(own_name, Ok)?;
    let filler = Filler { to, host: &host, port, user: &user, alias: said.alias.as_deref() };
    let paths = |all: &[String]| {
        let all = all.iter().filter(|f| !f.eq_ignore_ascii_case("none"));
        all.map(|f| filler.path(f)).collect::<Result<Vec<_>, _>>()
    };
    let (jump, command) = match (&to.jump, said.way) {
        (Some(text), _) => (hops(text)?, None),
        (None, Some(Way::Jump(hops))) => (hops, None),
        (None, Some(Way::Command(command))) => (Vec::new(), command.map(|c| filler.filled(&c)).transpose()?),
        (None, None) => (Vec::new(), None),
    };
    let mut known_hosts = paths(&said.user_known_hosts.unwrap_or_default())?;
    known_hosts.extend(paths(&said.global_known_hosts.unwrap_or_default())?);
    Ok(Route {
        identities: if said.identities.is_empty() { None } else { Some(paths(&said.identities)?) },
        certificates: paths(&said.certificates)?,
        identities_only: said.identities_only.unwrap_or(false),
        agent: said.agent.map(|a| agent(&a, &filler)).transpose()?.flatten(),
        jump,
        command,
        alias: said.alias.clone(),
        known_hosts,
        connect: said.connect_s.flatten().filter(|s| *s > 0).map(Duration::from_secs),
        keepalive: said.alive_s.filter(|s| *s > 0).map(Duration::from_secs),
        keepalive_max: said.alive_max.and_then(|n| usize::try_from(n).ok()),
        host: host.clone(),
        port,
        user: user.clone(),
    })
}

/// The socket; nothing where it is the usual one.
fn agent(said: &str, filler: &Filler<'_>) -> Result<Option<String>, Failure> {
    if said == "SSH_AUTH_SOCK" {
        return Ok(None);
    }
    if said.eq_ignore_ascii_case("none") {
        return Ok(Some("none".to_owned()));
    }
    match said.strip_prefix('$').filter(|v| !v.starts_with('{')) {
        Some(variable) => Ok(Some(std::env::var(variable).unwrap_or_else(|_| "none".to_owned()))),
        None => Ok(Some(filler.path(said)?.to_string_lossy().into_owned())),
    }
}

fn own_name() -> Result<String, Failure> {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .or_else(|e| if rustix::process::geteuid().is_root() { Ok("root".to_owned()) } else { Err(e) })
        .map_err(|_| (Reach::Config, "no user is named, and USER is not set".to_owned()))
}

/// Fills in what `%` and `${}` stand for (ssh_config(5), TOKENS).
struct Filler<'a> {
    to: &'a Destination,
    host: &'a str,
    port: u16,
    user: &'a str,
    alias: Option<&'a str>,
}

impl Filler<'_> {
    fn filled(&self, text: &str) -> Result<String, Failure> {
        let unknown = |c| (Reach::Config, format!("`%{c}` in `{text}` is not supported"));
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next().unwrap_or(' ') {
                '%' => out.push('%'),
                'h' => out.push_str(self.host),
                'n' => out.push_str(&self.to.name),
                'k' => out.push_str(self.alias.unwrap_or(&self.to.name)),
                'p' => out.push_str(&self.port.to_string()),
                'r' => out.push_str(self.user),
                'u' => out.push_str(&own_name()?),
                'd' => out.push_str(&home()),
                'i' => out.push_str(&rustix::process::getuid().as_raw().to_string()),
                'l' => out.push_str(&machine()?),
                'L' => out.push_str(machine()?.split('.').next().unwrap_or_default()),
                other => return Err(unknown(other)),
            }
        }
        Ok(out)
    }

    fn path(&self, text: &str) -> Result<PathBuf, Failure> {
        let mut left = text;
        let mut out = String::new();
        while let Some((before, rest)) = left.split_once("${") {
            let (name, after) = rest
                .split_once('}')
                .ok_or_else(|| (Reach::Config, format!("`{text}`: a brace is not closed")))?;
            let value =
                std::env::var(name).map_err(|_| (Reach::Config, format!("`{text}`: {name} is not set")))?;
            out.push_str(before);
            out.push_str(&value);
            left = after;
        }
        out.push_str(left);
        let out = self.filled(&out)?;
        Ok(match out.strip_prefix("~/") {
            Some(rest) => PathBuf::from(home()).join(rest),
            None => PathBuf::from(out),
        })
    }
}

fn machine() -> Result<String, Failure> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map(|n| n.trim().to_owned()).map_err(|e| (Reach::Config, format!("this machine's name: {e}")))
}

fn home() -> String {
    std::env::home_dir().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
