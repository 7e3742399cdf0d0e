//! Accounts: read from `/etc/passwd` and `/etc/group`, changed by Debian's own tools.

use crate::run::{self, Said};
use crate::system::System;
use artifact::protocol::{Code, Fault};
use artifact::{User, UserDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// Supplementary groups.
    pub groups: BTreeSet<String>,
}

/// The accounts of a system.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// By name.
    pub users: BTreeMap<String, Account>,
    groups: BTreeMap<String, u32>,
}

impl Accounts {
    /// Reads them.
    ///
    /// # Errors
    /// When the files cannot be read; a missing file has no entries.
    pub fn read(system: &System) -> io::Result<Self> {
        let text = |path: &str| match std::fs::read(system.real(path)) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(e) => Err(e),
        };
        let mut accounts = Accounts::default();
        for line in text("/etc/passwd")?.lines() {
            let [name, _, uid, gid, _, home, shell] = line.split(':').collect::<Vec<_>>()[..] else {
                continue;
            };
            let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse()) else { continue };
            let account =
                Account { uid, gid, home: home.to_owned(), shell: shell.to_owned(), groups: BTreeSet::new() };
            accounts.users.insert(name.to_owned(), account);
        }
        for line in text("/etc/group")?.lines() {
            let [name, _, gid, members] = line.split(':').collect::<Vec<_>>()[..] else { continue };
            let Ok(gid) = gid.parse() else { continue };
            accounts.groups.insert(name.to_owned(), gid);
            for member in members.split(',') {
                if let Some(account) = accounts.users.get_mut(member) {
                    account.groups.insert(name.to_owned());
                }
            }
        }
        Ok(accounts)
    }

    /// The number of a user given by name or number.
    pub fn uid(&self, name: &str) -> Option<u32> {
        self.users.get(name).map(|a| a.uid).or_else(|| name.parse().ok())
    }
    /// The number of a group given by name or number.
    pub fn gid(&self, name: &str) -> Option<u32> {
        self.groups.get(name).copied().or_else(|| name.parse().ok())
    }
    /// The name of a user, or the number where it has none.
    pub fn user_name(&self, uid: u32) -> String {
        let found = self.users.iter().find(|(_, a)| a.uid == uid).map(|(n, _)| n.clone());
        found.unwrap_or_else(|| uid.to_string())
    }
    /// The name of a group, or the number where it has none.
    pub fn group_name(&self, gid: u32) -> String {
        let found = self.groups.iter().find(|(_, g)| **g == gid).map(|(n, _)| n.clone());
        found.unwrap_or_else(|| gid.to_string())
    }

    /// What differs of one user, `authorized_keys` aside.
    pub fn differs(&self, name: &str, wanted: &User) -> UserDiff {
        let Some(account) = self.users.get(name) else {
            return UserDiff { missing: true, ..UserDiff::default() };
        };
        let unequal = |is: &str, want: &str| (is != want).then(|| is.to_owned());
        UserDiff {
            missing: false,
            home: unequal(&account.home, &wanted.home),
            shell: unequal(&account.shell, &wanted.shell),
            groups_missing: wanted.groups.difference(&account.groups).cloned().collect(),
            keys: false,
        }
    }
}

/// Makes a user as wanted, whatever it is now: creates or changes it, with its groups.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn make(system: &System, name: &str, wanted: &User) -> Result<(), Fault> {
    let accounts = system.accounts()?;
    let diff = accounts.differs(name, wanted);
    for group in wanted.groups.iter().filter(|g| accounts.gid(g).is_none()) {
        tool(system, "groupadd", &["--system", group])?;
    }
    let groups: Vec<&str> = wanted.groups.iter().map(String::as_str).collect();
    let groups = groups.join(",");
    let mut args: Vec<&str> = Vec::new();
    if diff.missing {
        if wanted.system {
            args.push("--system");
        }
        // The home is made by the switch, without what lies in /etc/skel, so that it can be taken back.
        args.push("--no-create-home");
        match accounts.gid(name) {
            Some(_) => args.extend(["--gid", name]),
            None => args.push("--user-group"),
        }
    }
    if diff.missing || diff.home.is_some() {
        args.extend([if diff.missing { "--home-dir" } else { "--home" }, &wanted.home]);
    }
    if diff.missing || diff.shell.is_some() {
        args.extend(["--shell", &wanted.shell]);
    }
    if !groups.is_empty() && (diff.missing || !diff.groups_missing.is_empty()) {
        if !diff.missing {
            args.push("--append");
        }
        args.extend(["--groups", &groups]);
    }
    if args.is_empty() {
        return Ok(());
    }
    args.push(name);
    tool(system, if diff.missing { "useradd" } else { "usermod" }, &args)
}

/// Gives a user back the home, shell and groups it had.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn put_back(system: &System, name: &str, was: &Account) -> Result<(), Fault> {
    let accounts = system.accounts()?;
    let Some(is) = accounts.users.get(name) else { return Ok(()) };
    let mut args: Vec<&str> = Vec::new();
    let groups: Vec<&str> = was.groups.iter().map(String::as_str).collect();
    let groups = groups.join(",");
    if is.home != was.home {
        args.extend(["--home", &was.home]);
    }
    if is.shell != was.shell {
        args.extend(["--shell", &was.shell]);
    }
    if is.groups != was.groups {
        args.extend(["--groups", &groups]);
    }
    if args.is_empty() {
        return Ok(());
    }
    args.push(name);
    tool(system, "usermod", &args)
}

/// Takes away an account the fleet made; its home stays.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn remove(system: &System, name: &str) -> Result<(), Fault> {
    if !system.accounts()?.users.contains_key(name) {
        return Ok(());
    }
    tool(system, "userdel", &[name])
}

fn tool(system: &System, name: &str, args: &[&str]) -> Result<(), Fault> {
    let mut command = std::process::Command::new(system.program(name));
    command.args(args);
    let Said { code, text } = run::bounded(&mut command, LIMIT)
        .map_err(|e| Fault::new(Code::SwitchFailed, format!("{name}: {e}")))?;
    if code == 0 {
        return Ok(());
    }
    Err(Fault::new(
        Code::SwitchFailed,
        format!("{name} {}: exit code {code}: {}", args.join(" "), text.trim()),
    ))
}
