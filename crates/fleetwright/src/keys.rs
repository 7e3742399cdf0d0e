//! WireGuard keys and other secrets of a fleet: which are there, which are made, what the lock says.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline::Checked;
use crate::secret_store::{self, Local, Store};
use ::secret::Secret;
use ::secret::declared::Origin;
use ::secret::generate::Generator;
use ::secret::readers::{Reader, readers};
use artifact::Desired;
use derive::{KeyWant, Lock};
use diag::{Diagnostic, Report};
use engine::secret::Fault;
use model::HostId;
use plan::SecretUse;
use std::collections::{BTreeMap, BTreeSet};

/// The prefix of the names of WireGuard private keys, `wireguard/HOST/INTERFACE`.
pub const WIREGUARD: &str = "wireguard/";

/// Every WireGuard interface of the fleet, whether the lock has its key or not.
pub fn interfaces(model: &model::Fleet, lock: &Lock) -> Vec<KeyWant> {
    let keyless = Lock { keys: BTreeMap::new(), ..lock.clone() };
    derive::wanted_keys(model, &keyless)
}

/// Where values come from: the fleet's own secrets first, then, for a twin, those made for it.
#[derive(Clone, Debug)]
pub struct Keys {
    fleet: Store,
    twin: Option<Local>,
    /// Public keys of pairs that were made for a twin: they stand in for the lock's.
    publics: BTreeMap<(HostId, String), String>,
    /// Secrets that were made for a twin because their values are not on this machine.
    pub stand_ins: BTreeSet<String>,
}

impl Keys {
    /// The fleet's own.
    pub fn of(checked: &Checked) -> Self {
        let fleet = Store::of_fleet(&checked.folder, &checked.model);
        Keys { fleet, twin: None, publics: BTreeMap::new(), stand_ins: BTreeSet::new() }
    }

    /// For a twin: a private key that is not on this machine, or that has no public key in the lock yet, is
    /// made for the twin and kept beside the fleet's secrets, so that the same twin has the same keys
    /// tomorrow. The fleet's lock stays as it is.
    ///
    /// # Errors
    /// When a secret cannot be read or kept.
    pub fn for_twin(checked: &Checked, lock: &Lock, wanted: &[KeyWant]) -> Result<Self, Failure> {
        let fleet = Store::of_fleet(&checked.folder, &checked.model);
        let twin = Local::of_twin(&checked.folder);
        let (mut publics, mut stand_ins) = (BTreeMap::new(), BTreeSet::new());
        for KeyWant { host, iface: interface, secret: name } in wanted {
            if let Some(private) = fleet.get_here(name)? {
                let public = public_of(name, &private)?;
                if lock.key(host, interface).is_none_or(|locked| locked == public) {
                    publics.insert((host.clone(), interface.clone()), public);
                    continue;
                }
            }
            let private = match twin.get(name)? {
                Some(private) => private,
                None => {
                    let made = secret_store::made(name, &Generator::Wireguard, None)?.value;
                    twin.put(name, &made)?;
                    made
                }
            };
            publics.insert((host.clone(), interface.clone()), public_of(name, &private)?);
            stand_ins.insert(name.clone());
        }
        Ok(Keys { fleet, twin: Some(twin), publics, stand_ins })
    }

    /// The lock with the public keys of these pairs.
    pub fn onto(&self, mut lock: Lock) -> Lock {
        for ((host, interface), public) in &self.publics {
            lock.set_key(host, interface, public);
        }
        lock
    }

    /// Makes values for a twin of secrets that have none on this machine.
    ///
    /// # Errors
    /// When a secret cannot be read or kept.
    pub fn make_missing<'d>(&mut self, hosts: impl IntoIterator<Item = &'d Desired>) -> Result<(), Failure> {
        let Some(twin) = self.twin.clone() else { return Ok(()) };
        for name in used(hosts) {
            self.stand_in(&twin, &name)?;
        }
        Ok(())
    }

    /// The value of a secret in a twin, made when there is none.
    fn stand_in(&mut self, twin: &Local, name: &str) -> Result<Option<Secret>, Failure> {
        if !self.stand_ins.contains(name)
            && let Some(value) = self.fleet.get_here(name)?
        {
            return Ok(Some(value));
        }
        self.stand_ins.insert(name.to_owned());
        if let Some(value) = twin.get(name)? {
            return Ok(Some(value));
        }
        let generator = match self.fleet.origin(name) {
            Origin::Made(generator) => generator,
            // Whatever it is, some text stands in for it.
            Origin::Given | Origin::Elsewhere(_) => match Origin::undeclared() {
                Origin::Made(generator) => generator,
                Origin::Given | Origin::Elsewhere(_) => return Ok(None),
            },
        };
        let plain = match generator.of() {
            Some(of) => self.stand_in(twin, of)?,
            None => None,
        };
        let value = secret_store::made(name, &generator, plain.as_ref())?.value;
        twin.put(name, &value)?;
        Ok(Some(value))
    }

    /// The values of all secrets in the files of these hosts: as they are, and as the files want them.
    ///
    /// # Errors
    /// When any cannot be read, has no value on this machine, or cannot stand where it is used: all of them, each
    /// with the host and the file.
    pub fn values<'d>(
        &self,
        hosts: impl IntoIterator<Item = &'d Desired>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let hosts: Vec<&Desired> = hosts.into_iter().collect();
        let uses = plan::secret_uses(hosts.iter().copied());
        let mut report = Report::new();
        let mut exit = Exit::Errors;
        let mut kept: BTreeMap<String, String> = BTreeMap::new();
        for (name, uses) in &uses {
            let twin = self.twin.as_ref().filter(|_| self.stand_ins.contains(name));
            let found = match twin {
                Some(twin) => twin.get(name),
                None => self.fleet.get(name),
            };
            match found {
                Ok(Some(value)) => match value.text() {
                    Some(text) => {
                        kept.insert(name.clone(), text.to_owned());
                    }
                    None => report.push(unfit(name, "it is not UTF-8, and the file is text", uses)),
                },
                Ok(None) => report.push(no_value(name, &self.fleet.origin(name), uses)),
                Err(failure) => {
                    exit = exit.max(failure.exit);
                    report.items.extend(failure.report.items.into_iter().map(|d| used_by(d, uses)));
                }
            }
        }
        let lookup = |name: &str| kept.get(name).cloned();
        let mut values = BTreeMap::new();
        for name in forms(hosts) {
            let source = engine::secret::source(&name);
            let uses = uses.get(source).map(Vec::as_slice).unwrap_or_default();
            match engine::secret::value(&name, &lookup) {
                Ok(value) => {
                    values.insert(name, value);
                }
                Err(Fault::Unfit { name, why }) => report.push(unfit(&name, &why, uses)),
                // Told above, with the reason.
                Err(Fault::Missing(_)) => {}
            }
        }
        if report.has_errors() {
            return Err(Failure { exit, report, texts: Default::default() });
        }
        // A twin's other end of a session has the secret itself.
        values.extend(kept);
        Ok(values)
    }
}

/// A secret without a value on this machine.
pub fn no_value(name: &str, origin: &Origin, uses: &[SecretUse]) -> Diagnostic {
    let help = match origin {
        Origin::Made(_) => format!(
            "`fleetwright lock` makes the missing values; `fleetwright secrets set {name}` keeps one that others already use"
        ),
        Origin::Given | Origin::Elsewhere(_) => format!("`fleetwright secrets set {name}` keeps it"),
    };
    let message = format!("the value of `secret/{name}` is not on this machine");
    used_by(Diagnostic::bare(codes::NO_SECRET, message).help(help), uses)
}

/// A value that some file could not hold; it is not told.
pub fn unfit(name: &str, why: &str, uses: &[SecretUse]) -> Diagnostic {
    let message = format!("the value of `secret/{name}` cannot stand where it is used: {why}");
    let found = Diagnostic::bare(codes::SECRET_UNFIT, message);
    used_by(found.help(format!("give it another value: `fleetwright secrets set {name}`")), uses)
}

/// With the host and the file that use it, and the line that says so.
pub fn used_by(mut diagnostic: Diagnostic, uses: &[SecretUse]) -> Diagnostic {
    if let Some(first) = uses.first() {
        let more = match uses.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        diagnostic.message.push_str(&format!("; used by {}:{}{more}", first.host, first.path));
        if first.why.place.is_source() && diagnostic.place.is_none() {
            diagnostic.place = Some(first.why.place.clone());
        }
    }
    diagnostic
}

/// The names in the files of these hosts, as the files want them.
pub fn forms<'d>(hosts: impl IntoIterator<Item = &'d Desired>) -> BTreeSet<String> {
    let files = hosts.into_iter().flat_map(|d| d.files.values());
    files.flat_map(|f| f.text.secrets().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The names of all secrets in the files of these hosts.
pub fn used<'d>(hosts: impl IntoIterator<Item = &'d Desired>) -> BTreeSet<String> {
    forms(hosts).iter().map(|name| engine::secret::source(name).to_owned()).collect()
}

/// What `lock` did about keys and secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Names of key pairs that were made; their public keys go into the lock.
    pub keys: Vec<String>,
    /// Names of secrets whose value was made.
    pub values: Vec<String>,
    /// Names of private keys whose public key is in the lock and which are not on this machine.
    pub elsewhere: Vec<String>,
    /// Names of secrets that somebody else made and nobody has given yet, and of their hashes.
    pub awaited: Vec<String>,
}

/// Puts the public key of every wanted interface into the lock, making the pairs that are missing.
///
/// # Errors
/// When a secret cannot be read or kept, or a private key is not the one the lock knows.
pub fn complete(
    checked: &Checked,
    lock: &mut Lock,
    wanted: &[KeyWant],
    made: &mut Made,
) -> Result<(), Failure> {
    let store = Store::of_fleet(&checked.folder, &checked.model);
    for KeyWant { host, iface: interface, secret: name } in wanted {
        // Whoever has no right to a key that is there needs none: its public half is in the lock.
        let private = match lock.key(host, interface) {
            Some(_) => store.get_here(name)?,
            None => store.get(name)?,
        };
        match (lock.key(host, interface), private) {
            (Some(_), None) => made.elsewhere.push(name.clone()),
            (Some(locked), Some(private)) => {
                if public_of(name, &private)? != locked {
                    let message = format!(
                        "secret/{name} is not the private key of {interface} on {host} that fleet.lock knows"
                    );
                    return Err(Failure::bare(Exit::Errors, codes::DAMAGED, message).help(
                        "take the right private key back; or remove it and the key's line in fleet.lock, and a new pair is made",
                    ));
                }
            }
            (None, Some(private)) => {
                let public = public_of(name, &private)?;
                lock.set_key(host, interface, &public);
            }
            (None, None) => {
                let pair = secret_store::made(name, &Generator::Wireguard, None)?;
                store.put(name, &pair.value, &readers(&checked.model, name, &[host.clone()].into()))?;
                lock.set_key(host, interface, &public_of(name, &pair.value)?);
                made.keys.push(name.clone());
            }
        }
    }
    Ok(())
}

/// Makes every value that is missing, of the secrets in these hosts' files and of all that are described; WireGuard
/// keys of interfaces apart.
///
/// # Errors
/// When a secret cannot be read or kept.
pub fn fill<'d>(
    checked: &Checked,
    hosts: impl IntoIterator<Item = &'d Desired>,
    made: &mut Made,
) -> Result<(), Failure> {
    let store = Store::of_fleet(&checked.folder, &checked.model);
    let uses = plan::secret_uses(hosts);
    let mut names: BTreeSet<String> = uses.keys().cloned().collect();
    names.extend(store.declared().map(|(name, _)| name.to_owned()));
    for name in names.iter().filter(|n| !n.starts_with(WIREGUARD)) {
        let for_whom = |name: &str| readers_of(&checked.model, name, &uses);
        ensure(&store, name, &for_whom, made)?;
    }
    Ok(())
}

/// Who may read a secret.
pub fn readers_of(model: &model::Fleet, name: &str, uses: &BTreeMap<String, Vec<SecretUse>>) -> Vec<Reader> {
    let mut hosts: BTreeSet<HostId> =
        uses.get(name).into_iter().flatten().map(|u| HostId::new(&u.host)).collect();
    // A private key is for its host also before anything is rendered with it.
    if let Some((host, _)) = name.strip_prefix(WIREGUARD).and_then(|rest| rest.split_once('/')) {
        hosts.insert(HostId::new(host));
    }
    readers(model, name, &hosts)
}

/// A value, made when there is none. False when it cannot be made here.
fn ensure(
    store: &Store,
    name: &str,
    for_whom: &dyn Fn(&str) -> Vec<Reader>,
    made: &mut Made,
) -> Result<bool, Failure> {
    if store.kept(name)?.is_some() {
        return Ok(true);
    }
    let Origin::Made(generator) = store.origin(name) else {
        if !made.awaited.iter().any(|n| n == name) {
            made.awaited.push(name.to_owned());
        }
        return Ok(false);
    };
    let plain = match generator.of() {
        Some(of) if ensure(store, of, for_whom, made)? => store.get(of)?,
        Some(_) => {
            made.awaited.push(name.to_owned());
            return Ok(false);
        }
        None => None,
    };
    keep(store, name, &generator, plain.as_ref(), for_whom)?;
    made.values.push(name.to_owned());
    Ok(true)
}

/// Makes a value now and keeps it.
///
/// # Errors
/// When it cannot be made or kept.
pub fn keep(
    store: &Store,
    name: &str,
    generator: &Generator,
    plain: Option<&Secret>,
    for_whom: &dyn Fn(&str) -> Vec<Reader>,
) -> Result<(), Failure> {
    let fresh = secret_store::made(name, generator, plain)?;
    store.put(name, &fresh.value, &for_whom(name))?;
    fresh.public.map_or(Ok(()), |public| store.put_public(name, &public))
}

/// The public half of a WireGuard private key.
///
/// # Errors
/// When it is none.
pub fn public_of(name: &str, private: &Secret) -> Result<String, Failure> {
    private.text().and_then(derive::keys::public_of).ok_or_else(|| {
        Failure::bare(
            Exit::Errors,
            codes::DAMAGED,
            format!("the secret `{name}` is not a WireGuard private key"),
        )
    })
}
