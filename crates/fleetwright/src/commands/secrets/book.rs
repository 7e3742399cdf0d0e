//! What every command about secrets needs: which there are, who uses them, and keeping a value.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::{self, readers_of};
use crate::pipeline::{self, Checked, Rendered};
use crate::secret_store::{Kept, Store};
use crate::{Cx, codes, lock_file};
use ::secret::Secret;
use ::secret::declared::Origin;
use ::secret::readers::Reader;
use derive::{KeyWant, Lock};
use diag::{Diagnostic, Place};
use engine::secret::Fault;
use model::{Node, NodeKind, SecretKind};
use plan::SecretUse;
use std::collections::{BTreeMap, BTreeSet};

/// A fleet with its secrets.
pub(super) struct Book {
    /// The fleet.
    pub rendered: Rendered,
    /// Where values lie.
    pub store: Store,
    /// Files that hold each secret, or something made of it.
    pub uses: BTreeMap<String, Vec<SecretUse>>,
    /// Places of the sources that name it.
    pub mentions: BTreeMap<String, Vec<Place>>,
    /// WireGuard interfaces, each with its private key.
    interfaces: Vec<KeyWant>,
}

/// Reads, checks and renders the fleet.
///
/// # Errors
/// When it has errors.
pub(super) fn open(cx: &Cx) -> Result<Book, Failure> {
    let rendered = pipeline::render(cx)?;
    let checked = &rendered.chosen.checked;
    let mut mentions = BTreeMap::new();
    if let Some(tree) = source::tree(&checked.sources) {
        named(&tree, &mut mentions);
    }
    Ok(Book {
        store: Store::of_fleet(&checked.folder, &checked.model),
        uses: plan::secret_uses(rendered.hosts.values()),
        mentions,
        interfaces: keys::interfaces(&checked.model, &rendered.chosen.lock),
        rendered,
    })
}

/// Every `secret/NAME` in the sources.
fn named(node: &Node, into: &mut BTreeMap<String, Vec<Place>>) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => {
            if let Some(name) = text.strip_prefix("secret/").filter(|n| model::ids::name_fault(n).is_none()) {
                into.entry(name.to_owned()).or_default().push(node.place.clone());
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| named(item, into)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| named(value, into)),
        NodeKind::Null => {}
    }
}

impl Book {
    pub fn checked(&self) -> &Checked {
        &self.rendered.chosen.checked
    }

    /// Every secret the fleet has: described, named in the sources, or used by a file.
    pub fn names(&self) -> BTreeSet<String> {
        let declared = self.store.declared().map(|(name, _)| name.to_owned());
        let used = self.uses.keys().chain(self.mentions.keys()).cloned();
        declared.chain(used).chain(self.interfaces.iter().map(|i| i.secret.clone())).collect()
    }

    /// Something is made with it.
    pub fn is_used(&self, name: &str) -> bool {
        self.uses.contains_key(name)
            || self.mentions.contains_key(name)
            || self.interfaces.iter().any(|i| i.secret == name)
    }

    /// The name that is meant; `secret/NAME` is `NAME`.
    ///
    /// # Errors
    /// When the fleet has no such secret.
    pub fn name(&self, text: &str) -> Result<String, Failure> {
        let name = text.strip_prefix("secret/").unwrap_or(text);
        let names = self.names();
        if names.contains(name) {
            return Ok(name.to_owned());
        }
        let unknown = Diagnostic::bare(codes::NO_SUCH, format!("the fleet has no secret `{name}`"))
            .help(format!("describe it in secrets.yaml: `{name}: given`"))
            .suggest(name, names.iter().map(String::as_str));
        Err(Failure::new(Exit::Errors, unknown))
    }

    /// The word of its kind.
    pub fn kind(&self, name: &str) -> &'static str {
        let declared = self.checked().model.secrets.get(name).and_then(|d| d.kind.as_ref());
        match declared {
            Some(kind) => kind.value.word(),
            None if self.interface(name).is_some() => SecretKind::Wireguard.word(),
            None => SecretKind::Random.word(),
        }
    }

    /// The interface whose private key it is.
    pub fn interface(&self, name: &str) -> Option<&KeyWant> {
        self.interfaces.iter().find(|i| i.secret == name)
    }

    /// Who may read it.
    pub fn readers(&self, name: &str) -> Vec<Reader> {
        readers_of(&self.checked().model, name, &self.uses)
    }

    /// Where it is described or, else, first named.
    pub fn place(&self, name: &str) -> Option<&Place> {
        let declared = self.checked().model.secrets.get(name).map(|d| &d.place);
        declared.or_else(|| self.mentions.get(name).and_then(|places| places.first()))
    }

    /// The hashes of it, and their hashes, each after what it is made from.
    pub fn hashes(&self, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut from = vec![name.to_owned()];
        while let Some(of) = from.pop() {
            for (hash, _) in self.store.declared().filter(|(_, o)| o.of() == Some(of.as_str())) {
                // Rules let no circle through; this ends in one as well.
                if !all.iter().any(|known| known == hash) {
                    all.push(hash.to_owned());
                    from.push(hash.to_owned());
                }
            }
        }
        all
    }

    /// Whether every file that uses a secret can hold this value.
    ///
    /// # Errors
    /// When one cannot: the value is not told.
    pub fn fits(&self, name: &str, value: &Secret) -> Result<(), Failure> {
        let Some(uses) = self.uses.get(name) else { return Ok(()) };
        let text = value.text();
        let lookup = |_: &str| text.map(str::to_owned);
        for form in keys::forms(self.rendered.hosts.values()) {
            if engine::secret::source(&form) == name {
                let why = match engine::secret::value(&form, &lookup) {
                    Ok(_) => continue,
                    Err(Fault::Unfit { why, .. }) => why,
                    Err(Fault::Missing(_)) => "it is not UTF-8, and the file is text".to_owned(),
                };
                return Err(Failure::new(Exit::Errors, keys::unfit(name, &why, uses)));
            }
        }
        Ok(())
    }

    /// Keeps a value somebody gave or that was made, its public half, what `fleet.lock` says of it, and its hashes.
    /// Gives where it lies and which hashes were made anew.
    ///
    /// # Errors
    /// When it does not fit where it is used, or cannot be kept.
    pub fn keep(
        &self,
        name: &str,
        value: &Secret,
        public: Option<&str>,
        to: Option<Kept>,
    ) -> Result<(Kept, Vec<String>), Failure> {
        self.fits(name, value)?;
        let lock = match self.interface(name) {
            Some(interface) => {
                let mut lock: Lock = lock_file::read(&self.checked().folder)?.unwrap_or_default();
                lock.set_key(&interface.host, &interface.iface, &keys::public_of(name, value)?);
                Some(lock)
            }
            None => None,
        };
        let readers = self.readers(name);
        let kept = match to {
            Some(to) => {
                self.store.put_in(to, name, value, &readers)?;
                to
            }
            None => self.store.put(name, value, &readers)?,
        };
        if let Some(public) = public {
            self.store.put_public(name, public)?;
        }
        if let Some(lock) = lock {
            lock_file::write(&self.checked().folder, &lock)?;
        }
        let mut followed = Vec::new();
        for hash in self.hashes(name) {
            if let Origin::Made(generator) = self.store.origin(&hash) {
                let plain = generator.of().map(|of| self.store.get(of)).transpose()?.flatten();
                keys::keep(&self.store, &hash, &generator, plain.as_ref(), &|name| self.readers(name))?;
                followed.push(hash);
            }
        }
        Ok((kept, followed))
    }
}

/// A kind with which something cannot be done.
pub(super) fn of_this_kind(place: Option<&Place>, message: String, help: String) -> Failure {
    let mut found = Diagnostic::bare(codes::SECRET_KIND, message).help(help);
    found.place = place.cloned();
    Failure::new(Exit::Errors, found)
}
