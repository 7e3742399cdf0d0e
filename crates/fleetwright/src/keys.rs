//! WireGuard keys and other secrets of a fleet: which are there, which are made, what the lock says.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::secret_store::{self, Store};
use artifact::Desired;
use derive::{KeyWant, Lock};
use model::HostId;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The prefix of the names of WireGuard private keys, `wireguard/HOST/INTERFACE`.
const WIREGUARD: &str = "wireguard/";

/// Every WireGuard interface of the fleet, whether the lock has its key or not.
pub fn interfaces(model: &model::Fleet, lock: &Lock) -> Vec<KeyWant> {
    let keyless = Lock { keys: BTreeMap::new(), ..lock.clone() };
    derive::wanted_keys(model, &keyless)
}

/// Where values come from: the fleet's own secrets first, then, for a twin, those made for it.
#[derive(Clone, Debug)]
pub struct Keys {
    fleet: Store,
    twin: Option<Store>,
    /// Public keys of pairs that were made for a twin: they stand in for the lock's.
    publics: BTreeMap<(HostId, String), String>,
    /// Secrets that were made for a twin because their values are not on this machine.
    pub stand_ins: BTreeSet<String>,
}

impl Keys {
    /// The fleet's own.
    pub fn of(folder: &Path) -> Self {
        let fleet = Store::of_fleet(folder);
        Keys { fleet, twin: None, publics: BTreeMap::new(), stand_ins: BTreeSet::new() }
    }

    /// For a twin: a private key that is not on this machine, or that has no public key in the lock yet, is
    /// made for the twin and kept beside the fleet's secrets, so that the same twin has the same keys
    /// tomorrow. The fleet's lock stays as it is.
    ///
    /// # Errors
    /// When a secret cannot be read or kept.
    pub fn for_twin(folder: &Path, lock: &Lock, wanted: &[KeyWant]) -> Result<Self, Failure> {
        let (fleet, twin) = (Store::of_fleet(folder), Store::of_twin(folder));
        let (mut publics, mut stand_ins) = (BTreeMap::new(), BTreeSet::new());
        for KeyWant { host, iface: interface, secret: name } in wanted {
            if let Some(private) = fleet.get(name)? {
                let public = public_of(name, &private)?;
                if lock.key(host, interface).is_none_or(|locked| locked == public) {
                    publics.insert((host.clone(), interface.clone()), public);
                    continue;
                }
            }
            let private = match twin.get(name)? {
                Some(private) => private,
                None => {
                    let (private, _) = derive::keys::generate(secret_store::random()?);
                    twin.put(name, &private)?;
                    private
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
    pub fn make_missing(&mut self, names: &BTreeSet<String>) -> Result<(), Failure> {
        let Some(twin) = &self.twin else { return Ok(()) };
        for name in sources(names) {
            if self.stand_ins.contains(&name) || self.fleet.get(&name)?.is_some() {
                continue;
            }
            if twin.get(&name)?.is_none() {
                twin.put(&name, &secret_store::random_text()?)?;
            }
            self.stand_ins.insert(name);
        }
        Ok(())
    }

    /// The values of these secrets.
    ///
    /// # Errors
    /// When one cannot be read or has no value on this machine.
    pub fn values(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, String>, Failure> {
        let mut kept = BTreeMap::new();
        for name in sources(names) {
            let twin = self.twin.as_ref().filter(|_| self.stand_ins.contains(&name));
            let store = twin.unwrap_or(&self.fleet);
            let value = store.get(&name)?.ok_or_else(|| crate::output_tree::no_value(&name))?;
            kept.insert(name, value);
        }
        let lookup = |name: &str| kept.get(name).cloned();
        let value = |name: &String| {
            let value = engine::secret::value(name, &lookup);
            value.map(|v| (name.clone(), v)).ok_or_else(|| crate::output_tree::no_value(name))
        };
        names.iter().map(value).collect()
    }
}

/// The names of all secrets in the files of these hosts.
pub fn used<'d>(hosts: impl IntoIterator<Item = &'d Desired>) -> BTreeSet<String> {
    let files = hosts.into_iter().flat_map(|d| d.files.values());
    files.flat_map(|f| f.text.secrets().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The secrets that these are, or are made from (a hash is made from its password).
fn sources(names: &BTreeSet<String>) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    for name in names {
        let note = |source: &str| {
            asked.borrow_mut().insert(source.to_owned());
            None
        };
        // Without a value nothing is made; only what it would be made from is of interest.
        let _ = engine::secret::value(name, &note);
    }
    asked.into_inner()
}

/// What `lock` did about keys and secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Names of key pairs that were made; their public keys go into the lock.
    pub keys: Vec<String>,
    /// Names of secrets that got a random value.
    pub values: Vec<String>,
    /// Names of private keys whose public key is in the lock and which are not on this machine.
    pub elsewhere: Vec<String>,
}

/// Puts the public key of every wanted interface into the lock, making the pairs that are missing.
///
/// # Errors
/// When a secret cannot be read or kept, or a private key is not the one the lock knows.
pub fn complete(folder: &Path, lock: &mut Lock, wanted: &[KeyWant], made: &mut Made) -> Result<(), Failure> {
    let store = Store::of_fleet(folder);
    for KeyWant { host, iface: interface, secret: name } in wanted {
        let private = store.get(name)?;
        match (lock.key(host, interface), private) {
            (Some(_), None) => made.elsewhere.push(name.clone()),
            (Some(locked), Some(private)) => {
                if public_of(name, &private)? != locked {
                    let path = store.path(name);
                    let message = format!(
                        "{} is not the private key of {interface} on {host} that fleet.lock knows",
                        path.display()
                    );
                    return Err(Failure::bare(Exit::Errors, codes::DAMAGED, message).help(
                        "take the right private key back; or remove the file and the key's line in fleet.lock, and a new pair is made",
                    ));
                }
            }
            (None, Some(private)) => {
                let public = public_of(name, &private)?;
                lock.set_key(host, interface, &public);
            }
            (None, None) => {
                let (private, public) = derive::keys::generate(secret_store::random()?);
                store.put(name, &private)?;
                lock.set_key(host, interface, &public);
                made.keys.push(name.clone());
            }
        }
    }
    Ok(())
}

/// Gives every secret that has no value a random one; WireGuard keys apart.
///
/// # Errors
/// When a secret cannot be read or kept.
pub fn fill(folder: &Path, names: &BTreeSet<String>, made: &mut Made) -> Result<(), Failure> {
    let store = Store::of_fleet(folder);
    for name in sources(names).into_iter().filter(|n| !n.starts_with(WIREGUARD)) {
        if store.get(&name)?.is_none() {
            store.put(&name, &secret_store::random_text()?)?;
            made.values.push(name);
        }
    }
    Ok(())
}

fn public_of(name: &str, private: &str) -> Result<String, Failure> {
    derive::keys::public_of(private).ok_or_else(|| {
        Failure::bare(
            Exit::Errors,
            codes::DAMAGED,
            format!("the secret `{name}` is not a WireGuard private key"),
        )
        .help("a private key is 32 bytes in base64, as `wg genkey` prints it")
    })
}
