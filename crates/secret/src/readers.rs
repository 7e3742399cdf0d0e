//! Who may read a secret, and how that is written down beside an encrypted file.
//!
//! An age file does not say for whom it is. So there is a list beside it, of public keys with the names they
//! were given for: whoever looks at a change sees who could read from then on, and what has changed since is found
//! without a private key.

use crate::age::Recipient;
use diag::Place;
use model::{Fleet, GroupId, HostId, Sp};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody with a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// An admin's name, or `host/NAME`.
    pub who: String,
    /// The key.
    pub key: Recipient,
}

/// The name of a host as a reader.
pub fn host_name(host: &HostId) -> String {
    format!("host/{host}")
}

/// Who may read a secret: every admin, the hosts that use it, and whom its `to` names. A host without a key of its
/// own is left out (it gets the value with its configuration). So are keys nothing can be encrypted for, which rules
/// report, and ssh keys of other types.
pub fn readers(fleet: &Fleet, name: &str, used_by: &BTreeSet<HostId>) -> Vec<Reader> {
    let mut hosts = used_by.clone();
    let granted = fleet.secrets.get(name).map(|s| s.to.as_slice()).unwrap_or_default();
    for to in granted {
        if let Some((host, _)) = fleet.hosts.get_key_value(to.value.as_str()) {
            hosts.insert(host.clone());
        }
        members(fleet, &to.value, &mut BTreeSet::new(), &mut hosts);
    }
    let mut all = Vec::new();
    for (name, admin) in &fleet.admins {
        add(&mut all, name.as_str(), admin.age.iter().chain(&admin.keys));
    }
    for (host, written) in fleet.hosts.iter().filter(|(h, _)| hosts.contains(*h)) {
        add(&mut all, &host_name(host), written.age.iter());
    }
    all
}

fn add<'k>(all: &mut Vec<Reader>, who: &str, keys: impl Iterator<Item = &'k Sp<String>>) {
    for key in keys.filter_map(|k| Recipient::read(&k.value, &k.place).ok()) {
        if !all.iter().any(|r| r.who == who && r.key == key) {
            all.push(Reader { who: who.to_owned(), key });
        }
    }
}

/// The hosts of a group and of the groups in it.
fn members<'f>(fleet: &'f Fleet, group: &'f str, seen: &mut BTreeSet<&'f str>, into: &mut BTreeSet<HostId>) {
    if group == "all" {
        into.extend(fleet.hosts.keys().cloned());
    }
    let Some((id, written)) = fleet.groups.get_key_value(group) else { return };
    if !seen.insert(group) {
        return;
    }
    into.extend(written.hosts.iter().map(|h| h.value.clone()));
    let own = |groups: &[Sp<GroupId>]| groups.iter().any(|g| g.value == *id);
    into.extend(fleet.hosts.iter().filter(|(_, h)| own(&h.groups)).map(|(id, _)| id.clone()));
    for inner in &written.groups {
        members(fleet, inner.value.as_str(), seen, into);
    }
}

/// Names by public key, as the list has them.
pub type Listed = BTreeMap<String, String>;

/// The readers as they are listed: a line each, `NAME KEY`, in the order of the names.
pub fn to_text(readers: &[Reader]) -> String {
    let mut lines: Vec<String> = readers.iter().map(|r| format!("{} {}\n", r.who, r.key)).collect();
    lines.sort();
    lines.concat()
}

/// A list as it was written. Lines that are no entry say nothing.
pub fn from_text(text: &str) -> Listed {
    let entry = |line: &str| {
        let (who, key) = line.trim().split_once(' ')?;
        // As it is written today, whatever comment was put behind it.
        let key = Recipient::read(key, &Place::builtin("readers")).ok()?;
        Some((key.to_string(), who.to_owned()))
    };
    text.lines().filter_map(entry).collect()
}

/// What a list and the readers of today do not have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Who should be able to read and is not: names, each once.
    pub missing: BTreeSet<String>,
    /// Who can read and should not.
    pub extra: BTreeSet<String>,
}

impl Difference {
    /// Of a list to the readers there should be.
    pub fn of(listed: &Listed, readers: &[Reader]) -> Self {
        let now: BTreeMap<String, &str> = readers.iter().map(|r| (r.key.to_string(), &*r.who)).collect();
        let missing = now.iter().filter(|(key, _)| !listed.contains_key(*key));
        let extra = listed.iter().filter(|(key, _)| !now.contains_key(*key));
        Difference {
            missing: missing.map(|(_, who)| (*who).to_owned()).collect(),
            extra: extra.map(|(_, who)| who.clone()).collect(),
        }
    }

    /// Nothing.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}
