//! Accounts: read from `/etc/passwd` and `/etc/group`, changed by Debian's own tools.

use crate::run::{self, Said};
use crate::store::Manifest;
use crate::system::System;
use artifact::protocol::{Code, Fault};
use artifact::{User, UserDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::process::Command;
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
    /// Name of the primary group.
    #[serde(default)]
    pub group: String,
}

impl Account {
    /// What has to be the same for the account to be the same.
    pub fn essence(&self) -> (u32, u32, &str, &str, &BTreeSet<String>) {
        (self.uid, self.gid, &self.home, &self.shell, &self.groups)
    }
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
            let (home, shell) = (home.to_owned(), shell.to_owned());
            let account = Account { uid, gid, home, shell, groups: BTreeSet::new(), group: String::new() };
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
        let names: BTreeMap<u32, &String> = accounts.groups.iter().map(|(n, g)| (*g, n)).collect();
        for account in accounts.users.values_mut() {
            account.group = names.get(&account.gid).map(|n| (*n).clone()).unwrap_or_default();
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
            groups_extra: BTreeSet::new(),
            groups_missing: wanted.groups.difference(&account.groups).cloned().collect(),
            keys: false,
        }
    }
}

/// Makes a user as wanted, whatever it is now: creates or changes it, with its groups and without `extra`.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn make(system: &System, name: &str, wanted: &User, extra: &BTreeSet<String>) -> Result<(), Fault> {
    let accounts = system.accounts()?;
    let now = accounts.users.get(name).map(|a| a.groups.clone()).unwrap_or_default();
    let diff = accounts.differs(name, wanted);
    for group in wanted.groups.iter().filter(|g| accounts.gid(g).is_none()) {
        tool(system, "groupadd", &["--system", group])?;
    }
    let groups: BTreeSet<&str> =
        wanted.groups.union(&now).filter(|g| !extra.contains(*g)).map(String::as_str).collect();
    let groups = groups.into_iter().collect::<Vec<_>>().join(",");
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
    let leaves = extra.iter().any(|g| now.contains(g));
    if leaves || !diff.groups_missing.is_empty() || diff.missing && !groups.is_empty() {
        args.extend(["--groups", &groups]);
    }
    if args.is_empty() {
        return Ok(());
    }
    args.push(name);
    tool(system, if diff.missing { "useradd" } else { "usermod" }, &args)
}

/// Gives a user back what it had: home, shell and groups, or the whole account, under its numbers so that what
/// it owned is its own again, with its password.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn put_back(system: &System, name: &str, was: &Account, password: Option<&str>) -> Result<(), Fault> {
    let accounts = system.accounts()?;
    let Some(is) = accounts.users.get(name) else {
        return make_again(system, &accounts, name, was, password);
    };
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

fn make_again(
    system: &System,
    accounts: &Accounts,
    name: &str,
    was: &Account,
    password: Option<&str>,
) -> Result<(), Fault> {
    let (uid, gid) = (was.uid.to_string(), was.gid.to_string());
    // The tool that removed the account took its own group along.
    if !accounts.groups.values().any(|g| *g == was.gid) {
        let group = if was.group.is_empty() { name } else { &was.group };
        tool(system, "groupadd", &["--gid", &gid, group])?;
    }
    let groups: Vec<&str> = was.groups.iter().map(String::as_str).collect();
    let groups = groups.join(",");
    let mut args = vec!["--no-create-home", "--uid", &uid, "--gid", &gid, "--home-dir", &was.home];
    args.extend(["--shell", &was.shell]);
    if !groups.is_empty() {
        args.extend(["--groups", &groups]);
    }
    if was.uid < 1000 {
        args.push("--system");
    }
    args.push(name);
    tool(system, "useradd", &args)?;
    let Some(password) = password else { return Ok(()) };
    // Not as an argument, where everybody on the host could read it.
    let mut command = Command::new(system.program("chpasswd"));
    let input = format!("{name}:{password}\n");
    said("chpasswd --encrypted", run::fed(command.arg("--encrypted"), input.as_bytes(), LIMIT))
}

/// The encrypted password of a user who has one.
///
/// # Errors
/// When `/etc/shadow` cannot be read.
pub fn password(system: &System, name: &str) -> io::Result<Option<String>> {
    let text = match std::fs::read_to_string(system.real("/etc/shadow")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    let password = line.and_then(|l| l.split(':').next()).unwrap_or_default();
    Ok(Some(password.to_owned()).filter(|p| !matches!(p.as_str(), "" | "!" | "!!" | "*")))
}

/// Takes away a group the fleet made, unless somebody is in it by now.
///
/// # Errors
/// [`Code::SwitchFailed`] with what the tool said.
pub fn remove_group(system: &System, name: &str) -> Result<(), Fault> {
    let accounts = system.accounts()?;
    let used = accounts.users.values().any(|a| a.groups.contains(name) || a.group == name);
    if used || accounts.gid(name).is_none() { Ok(()) } else { tool(system, "groupdel", &[name]) }
}

/// Groups the fleet put a user in and no longer wants: those of the generation on record, without those the
/// user was in before the fleet.
pub fn extra_groups(record: Option<&Manifest>, name: &str, wanted: &User, now: &Account) -> BTreeSet<String> {
    let Some(record) = record else { return BTreeSet::new() };
    let Some(recorded) = record.desired.users.get(name) else { return BTreeSet::new() };
    let before = record.found.groups.get(name);
    // A record of an older agent does not tell; what the fleet made itself was in no group before.
    if before.is_none() && !record.found.users.contains(name) {
        return BTreeSet::new();
    }
    let kept = |g: &&String| wanted.groups.contains(*g) || before.is_some_and(|b| b.contains(*g));
    recorded.groups.iter().filter(|g| now.groups.contains(*g) && !kept(g)).cloned().collect()
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
    let mut command = Command::new(system.program(name));
    said(&format!("{name} {}", args.join(" ")), system.run_to_its_end(command.args(args), LIMIT))
}

fn said(command: &str, said: io::Result<Said>) -> Result<(), Fault> {
    let failed = |what: String| Err(Fault::new(Code::SwitchFailed, format!("{command}: {what}")));
    match said {
        Ok(said) if said.code == 0 => Ok(()),
        Ok(said) => failed(format!("exit code {}: {}", said.code, said.text.trim())),
        Err(e) => failed(e.to_string()),
    }
}
