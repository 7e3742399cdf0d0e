//! The `ansible_*` variables of a host as facts: how Ansible reaches it.

use crate::inventory::{Host, Var};
use crate::{codes, shlex};
use diag::{Diagnostic, Place, Report};
use py::{Map, Value};
use std::fmt;

/// How a host is reached. Each fact has the place of its value; what no variable says is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connection {
    /// By what.
    pub kind: Option<Fact<Kind>>,
    /// `ansible_host`: an address or a name; without it Ansible takes the host's own name.
    pub address: Option<Fact<String>>,
    /// `ansible_port`.
    pub port: Option<Fact<u16>>,
    /// `ansible_user`.
    pub user: Option<Fact<String>>,
    /// Hosts on the way, first the one nearest to here: `ProxyJump`, or `ssh -W` as a `ProxyCommand`.
    pub jumps: Vec<Fact<Jump>>,
    /// `ansible_ssh_private_key_file`.
    pub key_file: Option<Fact<String>>,
    /// `ansible_python_interpreter`.
    pub python: Option<Fact<String>>,
    /// `ansible_become`.
    pub becomes: Option<Fact<bool>>,
    /// `ansible_become_user`.
    pub become_user: Option<Fact<String>>,
}

/// A value and the place that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub place: Place,
}

/// A connection plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ssh`, `smart`, `paramiko`.
    Ssh,
    /// `local`.
    Local,
    /// `community.general.incus`, or `lxd`.
    Incus {
        /// `ansible_incus_remote`, `local` by default.
        remote: String,
        /// `ansible_incus_project`, `default` by default.
        project: String,
    },
    /// Any other, by its name.
    Other(String),
}

/// A host on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The user there, where one is named.
    pub user: Option<String>,
    /// Its address, name, or alias in ssh_config.
    pub host: String,
    /// Its port, where one is named.
    pub port: Option<u16>,
}

/// Reads a host's connection variables. One that is a template says nothing here, and a note says so.
pub fn read(host: &Host, report: &mut Report) -> Connection {
    let mut reader = Reader { host, report };
    let kind = reader.kind();
    let mut jumps = Vec::new();
    for name in ["ansible_ssh_common_args", "ansible_ssh_extra_args"] {
        if let Some(args) = reader.text(&[name]) {
            jumps.extend(reader.jumps(&args));
        }
    }
    Connection {
        kind,
        address: reader.text(&["ansible_host", "ansible_ssh_host"]),
        port: reader.port(),
        user: reader.text(&["ansible_user", "ansible_ssh_user"]),
        jumps,
        key_file: reader.text(&["ansible_ssh_private_key_file", "ansible_private_key_file"]),
        python: reader.text(&["ansible_python_interpreter"]),
        becomes: reader.boolean("ansible_become"),
        become_user: reader.text(&["ansible_become_user"]),
    }
}

impl Connection {
    /// The variables that say these facts to Ansible; [`read`] gives the same facts of them again.
    pub fn to_vars(&self) -> Map {
        let mut vars = Map::new();
        match self.kind.as_ref().map(|fact| &fact.value) {
            None => {}
            Some(Kind::Ssh) => drop(vars.insert("ansible_connection", "ssh")),
            Some(Kind::Local) => drop(vars.insert("ansible_connection", "local")),
            Some(Kind::Incus { remote, project }) => {
                vars.insert("ansible_connection", "community.general.incus");
                vars.insert("ansible_incus_remote", remote.as_str());
                vars.insert("ansible_incus_project", project.as_str());
            }
            Some(Kind::Other(name)) => drop(vars.insert("ansible_connection", name.as_str())),
        }
        let texts = [
            ("ansible_host", &self.address),
            ("ansible_user", &self.user),
            ("ansible_ssh_private_key_file", &self.key_file),
            ("ansible_python_interpreter", &self.python),
            ("ansible_become_user", &self.become_user),
        ];
        for (name, fact) in texts {
            if let Some(fact) = fact {
                vars.insert(name, fact.value.as_str());
            }
        }
        if let Some(port) = &self.port {
            vars.insert("ansible_port", i64::from(port.value));
        }
        if let Some(becomes) = &self.becomes {
            vars.insert("ansible_become", becomes.value);
        }
        if !self.jumps.is_empty() {
            let way: Vec<String> = self.jumps.iter().map(|jump| jump.value.to_string()).collect();
            vars.insert("ansible_ssh_common_args", format!("-o ProxyJump={}", way.join(",")));
        }
        vars
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

struct Reader<'h, 'r> {
    host: &'h Host,
    report: &'r mut Report,
}

impl<'h> Reader<'h, '_> {
    /// The first of these that is set, unless it is a template.
    fn var(&mut self, names: &[&str]) -> Option<(&'h str, &'h Var)> {
        let host = self.host;
        let (name, var) = names.iter().find_map(|name| host.vars.iter().find(|(known, _)| known == name))?;
        let text = var.node.as_scalar().and_then(Value::as_str).unwrap_or_default();
        if !var.node.marks.raw && (text.contains("{{") || text.contains("{%")) {
            self.report.push(
                Diagnostic::note(
                    codes::CONNECTION,
                    &var.origin.place,
                    format!("`{name}` is a template, and says nothing here before it is rendered"),
                )
                .help("write the value itself where it should become a fact of the model"),
            );
            return None;
        }
        Some((name, var))
    }

    fn refuse(&mut self, name: &str, var: &Var, what: &str) {
        self.report.push(
            Diagnostic::error(codes::CONNECTION, &var.origin.place, format!("`{name}` is {what}"))
                .help("correct it here; `ansible-inventory --host NAME` shows what a host has"),
        );
    }

    fn text(&mut self, names: &[&str]) -> Option<Fact<String>> {
        let (name, var) = self.var(names)?;
        match var.node.as_scalar() {
            Some(Value::Str(text)) => Some(Fact { value: text.to_string(), place: var.origin.place.clone() }),
            Some(Value::None) => None,
            Some(number @ Value::Int(_)) => {
                Some(Fact { value: py::str(number), place: var.origin.place.clone() })
            }
            _ => {
                self.refuse(name, var, "no text");
                None
            }
        }
    }

    fn port(&mut self) -> Option<Fact<u16>> {
        let (name, var) = self.var(&["ansible_port", "ansible_ssh_port"])?;
        let port = match var.node.as_scalar() {
            Some(Value::Int(n)) => u16::try_from(*n).ok(),
            Some(Value::Str(text)) => text.trim().parse().ok(),
            Some(Value::None) => return None,
            _ => None,
        };
        match port.filter(|port| *port > 0) {
            Some(value) => Some(Fact { value, place: var.origin.place.clone() }),
            None => {
                self.refuse(name, var, "no port from 1 to 65535");
                None
            }
        }
    }

    /// A boolean as Ansible takes one: `yes`, `on`, `1`, `true` in any letters.
    fn boolean(&mut self, name: &str) -> Option<Fact<bool>> {
        let (name, var) = self.var(&[name])?;
        let value = match var.node.as_scalar() {
            Some(Value::Bool(b)) => Some(*b),
            Some(Value::Int(0)) => Some(false),
            Some(Value::Int(1)) => Some(true),
            Some(Value::Str(text)) => match text.to_lowercase().as_str() {
                "y" | "yes" | "on" | "1" | "true" | "t" => Some(true),
                "n" | "no" | "off" | "0" | "false" | "f" => Some(false),
                _ => None,
            },
            Some(Value::None) => return None,
            _ => None,
        };
        match value {
            Some(value) => Some(Fact { value, place: var.origin.place.clone() }),
            None => {
                self.refuse(name, var, "neither true nor false");
                None
            }
        }
    }

    fn kind(&mut self) -> Option<Fact<Kind>> {
        let named = self.text(&["ansible_connection"])?;
        let name = named.value.rsplit('.').next().unwrap_or_default();
        let value = match name {
            "ssh" | "smart" | "paramiko" | "paramiko_ssh" => Kind::Ssh,
            "local" => Kind::Local,
            "incus" | "lxd" => {
                let mut of = |what: &str, default: &str| {
                    let names = [format!("ansible_{name}_{what}")];
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.text(&names).map_or_else(|| default.to_owned(), |fact| fact.value)
                };
                Kind::Incus { remote: of("remote", "local"), project: of("project", "default") }
            }
            _ => Kind::Other(named.value.clone()),
        };
        Some(Fact { value, place: named.place })
    }

    /// The jumps in arguments of ssh.
    fn jumps(&mut self, args: &Fact<String>) -> Vec<Fact<Jump>> {
        let Ok(words) = shlex::split(&args.value) else { return Vec::new() };
        let mut found = Vec::new();
        let mut unread = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let option = if let Some(list) = word.strip_prefix("-J") {
                let list = if list.is_empty() { words.next().map_or("", String::as_str) } else { list };
                Some(("proxyjump".to_owned(), list.to_owned()))
            } else if let Some(option) = word.strip_prefix("-o") {
                let option = if option.is_empty() { words.next().map_or("", String::as_str) } else { option };
                option.split_once(['=', ' ']).map(|(key, value)| {
                    (key.trim().to_lowercase(), value.trim_start_matches([' ', '=']).to_owned())
                })
            } else {
                None
            };
            match option {
                Some((key, list)) if key == "proxyjump" && list != "none" => {
                    let jumps: Vec<Option<Jump>> = list.split(',').map(jump).collect();
                    unread |= jumps.iter().any(Option::is_none);
                    found.extend(jumps.into_iter().flatten());
                }
                Some((key, command)) if key == "proxycommand" && command != "none" => {
                    match proxy_command(&command) {
                        Some(jump) => found.push(jump),
                        None => unread = true,
                    }
                }
                _ => {}
            }
        }
        if unread {
            self.report.push(
                Diagnostic::note(
                    codes::CONNECTION,
                    &args.place,
                    "how ssh jumps to this host cannot be read from its arguments",
                )
                .help("`-o ProxyJump=user@host:port` can"),
            );
        }
        found.into_iter().map(|value| Fact { value, place: args.place.clone() }).collect()
    }
}

/// `user@host:port`, `ssh://user@host:port`.
fn jump(text: &str) -> Option<Jump> {
    let text = text.trim();
    let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    let (host, port) = if let Some((host, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        (host, after.strip_prefix(':'))
    } else {
        match rest.split_once(':') {
            // More than one colon is an IPv6 address without a port.
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (rest, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    (!host.is_empty() && !host.contains(char::is_whitespace)).then(|| Jump {
        user,
        host: host.to_owned(),
        port,
    })
}

/// `ssh -W %h:%p [-p PORT] [-l USER] [USER@]HOST`, with flags that say nothing about the way.
fn proxy_command(command: &str) -> Option<Jump> {
    let words = shlex::split(command).ok()?;
    let (program, words) = words.split_first()?;
    if program.rsplit('/').next() != Some("ssh") {
        return None;
    }
    let mut way = false;
    let mut port = None;
    let mut user = None;
    let mut host = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-W" => way = words.next().is_some_and(|to| to == "%h:%p" || to == "[%h]:%p"),
            "-p" => port = Some(words.next()?.parse().ok()?),
            "-l" => user = Some(words.next()?.clone()),
            "-i" | "-o" | "-F" | "-E" | "-c" | "-m" => {
                words.next()?;
            }
            flag if flag.starts_with('-') => {}
            name if host.is_none() => host = Some(jump(name)?),
            _ => return None,
        }
    }
    let jump = host.filter(|_| way)?;
    Some(Jump { user: jump.user.or(user), port: jump.port.or(port), host: jump.host })
}
