//! The oracle: looks at a machine from outside, through its first process's root and by commands of the
//! distribution run in its namespaces. The agent has no part in it.

use crate::facts::{Facts, file_line, ours};
use crate::state::{LOADED, UNITS};
use remote::Remote;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twin::NamespaceRemote;

/// A look that takes longer is a machine that hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// What a machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What states speak of.
    pub facts: Facts,
    /// Everything else below `/etc`: nobody may touch it.
    pub other: BTreeMap<String, String>,
}

/// Accounts of a machine, by number and by name.
struct Accounts {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

fn table(text: &str) -> BTreeMap<u32, String> {
    let entry = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    text.lines().filter_map(entry).collect()
}

impl Accounts {
    fn line(&self, uid: u32, gid: u32) -> (String, String) {
        let name = |table: &BTreeMap<u32, String>, id: u32| {
            table.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
        };
        (name(&self.users, uid), name(&self.groups, gid))
    }
}

/// Looks at a machine.
///
/// # Errors
/// When it is switched off, or something cannot be read.
pub fn look(host: &NamespaceRemote) -> Result<Seen, String> {
    let pid = host.pid().map_err(|e| e.to_string())?;
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let mut seen = Seen::default();
    let passwd = read(&root, "/etc/passwd")?;
    let group = read(&root, "/etc/group")?;
    let accounts = Accounts { users: table(&passwd), groups: table(&group) };
    users(&root, &passwd, &group, &accounts, &mut seen.facts)?;
    for top in ["/etc", "/srv", "/opt", "/usr/local", "/var/lib/chaos"] {
        walk(&root, Path::new(top), &accounts, &mut seen)
            .map_err(|e| format!("{}: {e}", root.join(&top[1..]).display()))?;
    }
    running(host, &root, &mut seen.facts)?;
    Ok(seen)
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(&path[1..])).map_err(|e| format!("{path}: {e}"))
}

fn users(
    root: &Path,
    passwd: &str,
    group: &str,
    accounts: &Accounts,
    facts: &mut Facts,
) -> Result<(), String> {
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, _, _, _, home, shell] = fields.as_slice() else { continue };
        if !name.starts_with("ka") {
            continue;
        }
        let member = |line: &&str| line.rsplit(':').next().is_some_and(|m| m.split(',').any(|u| u == *name));
        let groups: Vec<&str> = group.lines().filter(member).filter_map(|l| l.split(':').next()).collect();
        facts.insert(format!("user {name}"), format!("{home} {shell} [{}]", groups.join(" ")));
        let keys = format!("{home}/.ssh/authorized_keys");
        let real = root.join(&keys[1..]);
        match fs::read(&real) {
            Ok(bytes) => {
                let meta = fs::symlink_metadata(&real).map_err(|e| format!("{keys}: {e}"))?;
                let (owner, group) = accounts.line(meta.uid(), meta.gid());
                let line = file_line(&bytes, meta.permissions().mode() & 0o7777, &owner, &group);
                facts.insert(format!("file {keys}"), line);
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(format!("{keys}: {e}")),
        }
    }
    Ok(())
}

/// Things a machine, Debian's account tools or the tool itself change: not what states speak of. The account
/// tools leave temporaries and locks (`gshadow.145`, `passwd.lock`) where they are killed.
fn passing(path: &str) -> bool {
    const NAMES: [&str; 7] = ["passwd", "group", "shadow", "gshadow", "subuid", "subgid", ".pwd"];
    let account = path.strip_prefix("/etc/").is_some_and(|name| {
        let (stem, rest) = name.rsplit_once(['-', '+', '.']).unwrap_or((name, ""));
        let number = rest.bytes().all(|b| b.is_ascii_digit());
        NAMES.contains(&stem) && (number || rest == "lock") || NAMES.contains(&name)
    });
    account || path.contains("fleetwright") || path.ends_with(".wants")
}

fn walk(root: &Path, path: &Path, accounts: &Accounts, seen: &mut Seen) -> io::Result<()> {
    let real = root.join(path.strip_prefix("/").unwrap_or(path));
    let meta = match fs::symlink_metadata(&real) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let shown = path.display().to_string();
    let (owner, group) = accounts.line(meta.uid(), meta.gid());
    let mode = meta.permissions().mode() & 0o7777;
    let mine = ours(&shown);
    // A unit is enabled by a link of systemd's making; whether it is, systemd is asked.
    let wanted = shown.contains(".wants/chaos-");
    if meta.is_symlink() {
        let target = fs::read_link(&real)?.display().to_string();
        if mine {
            seen.facts.insert(format!("link {shown}"), target);
        } else if !wanted && !passing(&shown) {
            seen.other.insert(shown, target);
        }
    } else if meta.is_dir() {
        if mine {
            seen.facts.insert(format!("dir {shown}"), format!("{mode:o} {owner}:{group}"));
        } else if !passing(&shown) {
            seen.other.insert(shown, format!("{mode:o} {owner}:{group}"));
        }
        for entry in fs::read_dir(&real)? {
            walk(root, &path.join(entry?.file_name()), accounts, seen)?;
        }
    } else if mine {
        let bytes = fs::read(&real)?;
        seen.facts.insert(format!("file {shown}"), file_line(&bytes, mode, &owner, &group));
    } else if !passing(&shown) {
        let line = format!("{mode:o} {owner}:{group} {} {}", meta.len(), meta.mtime());
        seen.other.insert(shown, line);
    }
    Ok(())
}

fn running(host: &NamespaceRemote, root: &Path, facts: &mut Facts) -> Result<(), String> {
    let units = UNITS.join(" ");
    let script = format!(
        "systemctl show -p Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,MainPID,TimersCalendar {units} && \
         echo ---- && cat /proc/sys/net/ipv4/tcp_fin_timeout && echo ---- && nft list ruleset"
    );
    let said = host.run(&["/bin/sh", "-c", &script], b"", LIMIT).map_err(|e| e.to_string())?;
    if !said.ok() {
        return Err(format!("the machine cannot be asked: {}", said.error_text()));
    }
    let text = said.text();
    let mut parts = text.split("----");
    for block in parts.next().unwrap_or_default().split("\n\n") {
        unit(block, root, facts);
    }
    facts.insert("kernel tcp_fin_timeout".to_owned(), parts.next().unwrap_or_default().trim().to_owned());
    ruleset(parts.next().unwrap_or_default(), facts);
    if let Ok(read) = fs::read_to_string(root.join(&LOADED[1..])) {
        facts.insert(format!("read {LOADED}"), read.trim().to_owned());
    }
    Ok(())
}

fn unit(block: &str, root: &Path, facts: &mut Facts) {
    let value = |name: &str| {
        let line = block.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().to_owned()
    };
    let id = value("Id");
    let (load, active, enabled) = (value("LoadState"), value("ActiveState"), value("UnitFileState"));
    if load == "not-found" && active == "inactive" {
        return;
    }
    let stale = if value("NeedDaemonReload") == "yes" { " stale" } else { "" };
    facts.insert(format!("unit {id}"), format!("{load} {active} {enabled}{stale}"));
    let pid = value("MainPID");
    if pid != "0" && !pid.is_empty() {
        let line = fs::read(root.join(format!("proc/{pid}/cmdline"))).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        facts.insert(format!("process {id}"), line.trim_end().to_owned());
    }
    let calendar = value("TimersCalendar");
    if let Some(at) = calendar.split("OnCalendar=").nth(1).and_then(|c| c.split(" ;").next()) {
        facts.insert(format!("calendar {id}"), at.to_owned());
    }
}

/// Rules of the table states have; any other table is a fact of its own.
fn ruleset(text: &str, facts: &mut Facts) {
    for table in text.split("table ").filter(|t| !t.trim().is_empty()) {
        let name = table.split(" {").next().unwrap_or_default();
        let rules: Vec<&str> = table.lines().map(str::trim).filter(|l| l.starts_with("tcp ")).collect();
        let name = name.strip_prefix("inet ").unwrap_or(name);
        facts.insert(format!("nft {name}"), rules.join("; "));
    }
}
