//! The base image: one Debian tree that every machine's disk lies over, built once and kept by content.

mod build;
mod trim;

use crate::TwinError;
use crate::error::Step;
use crate::paths::CACHE;
use crate::state::Lock;
use crate::watch::Watch;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a base image is made of. Two equal recipes are one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Debian release.
    pub suite: String,
    /// Packages besides the minimal base and systemd; recommended ones are not taken.
    pub packages: Vec<String>,
}

/// What the engines need, as Debian calls it.
const PACKAGES: [&str; 25] = [
    "bird2",
    "ca-certificates",
    "caddy",
    "curl",
    "dns-root-data",
    "dnsmasq-base",
    "dnsutils",
    "iproute2",
    "iputils-ping",
    "kmod",
    "libnss-myhostname",
    "netbase",
    "nftables",
    "openssh-server",
    "pebble",
    "procps",
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-blackbox-exporter",
    "prometheus-node-exporter",
    "sudo",
    "traceroute",
    "unbound",
    "wireguard-go",
    "wireguard-tools",
];

impl Default for Recipe {
    fn default() -> Self {
        Recipe { suite: "bookworm".to_owned(), packages: PACKAGES.map(str::to_owned).to_vec() }
    }
}

impl Recipe {
    /// The default recipe with further packages.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, packages: impl IntoIterator<Item = S>) -> Self {
        self.packages.extend(packages.into_iter().map(Into::into));
        self
    }

    /// What the image is kept under: the packages in any order, and how this program trims an image.
    fn hash(&self) -> String {
        let mut packages = self.packages.clone();
        packages.sort();
        packages.dedup();
        let text = format!("{}\n{}\n{}", self.suite, packages.join(" "), trim::VERSION);
        Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}

/// A finished base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    root: PathBuf,
}

impl Base {
    /// The image of a recipe; built when it is not there, which takes a minute. Of two processes that want it
    /// at once one builds and the other waits.
    ///
    /// # Errors
    /// When it has to be built and the packages cannot be had, or the build is cancelled.
    pub fn ensure(recipe: &Recipe, watch: &Watch) -> Result<Base, TwinError> {
        let hash = recipe.hash();
        let root = folder().join(&hash);
        if root.is_dir() {
            note_use(recipe, &hash);
            return Ok(Base { root });
        }
        watch.say("waiting for the base image");
        let _lock = Lock::wait(folder().join(format!(".{hash}.lock")))?;
        if !root.is_dir() {
            build::build(recipe, &hash, &root, watch)?;
            note_use(recipe, &hash);
            make_room(&hash);
        }
        Ok(Base { root })
    }

    /// True when the image of this recipe is there already.
    pub fn ready(recipe: &Recipe) -> bool {
        folder().join(recipe.hash()).is_dir()
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn folder() -> PathBuf {
    Path::new(CACHE).join("base")
}

/// The file whose time says when an image was last used, and whose content what it was made from.
fn used(hash: &str) -> PathBuf {
    folder().join(format!(".{hash}.used"))
}

/// Only speeds later builds up and says which images are the oldest, so it may fail.
fn note_use(recipe: &Recipe, hash: &str) {
    let made_from = (trim::VERSION, recipe);
    let _ = serde_json::to_vec(&made_from).map(|text| fs::write(used(hash), text));
}

/// The finished image that has most of what a recipe wants and nothing else, with what it has.
fn nearest(recipe: &Recipe) -> Option<(PathBuf, BTreeSet<String>)> {
    let wanted: BTreeSet<&String> = recipe.packages.iter().collect();
    let names = fs::read_dir(folder()).ok()?.flatten().filter_map(|e| e.file_name().into_string().ok());
    let images = names.filter(|n| !n.starts_with('.')).filter_map(|hash| {
        let (version, made_from): (String, Recipe) =
            serde_json::from_slice(&fs::read(used(&hash)).ok()?).ok()?;
        let part = made_from.packages.iter().all(|p| wanted.contains(p));
        let fits = version == trim::VERSION && made_from.suite == recipe.suite && part;
        fits.then(|| (folder().join(&hash), made_from.packages.into_iter().collect::<BTreeSet<_>>()))
    });
    images.max_by_key(|(_, has)| has.len())
}

/// Removes the images that were used longest ago, but for a few and those under a twin. An image is most of a
/// gigabyte. What cannot be removed now can be next time.
fn make_room(new: &str) {
    const KEPT: usize = 4;
    let Ok(entries) = fs::read_dir(folder()) else { return };
    let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
    let used = |hash: &str| fs::metadata(used(hash)).and_then(|m| m.modified()).ok();
    let mut images: Vec<_> =
        names.filter(|n| !n.starts_with('.') && n != new).map(|n| (used(&n), n)).collect();
    images.sort();
    images.reverse();
    let in_use = crate::gc::bases();
    for (_, hash) in images.into_iter().skip(KEPT - 1) {
        let root = folder().join(&hash);
        if !in_use.contains(&root) {
            let _ = fs::remove_file(self::used(&hash));
            // Out of sight first: a half-removed image must not be found.
            let doomed = build::unfinished(&hash);
            let _ = fs::rename(&root, &doomed).and_then(|()| fs::remove_dir_all(&doomed));
        }
    }
}

/// Ends and removes builds whose builder was killed.
pub(crate) fn gc(released: &mut Vec<String>) -> Result<(), TwinError> {
    let Ok(entries) = fs::read_dir(folder()) else { return Ok(()) };
    for name in entries.flatten().filter_map(|e| e.file_name().into_string().ok()) {
        let Some(hash) = name.strip_prefix('.').and_then(|n| n.strip_suffix(".building")) else { continue };
        let Some(_lock) = Lock::attempt_at(folder().join(format!(".{hash}.lock")))? else { continue };
        build::clear(hash).step(|| format!("remove the unfinished base image {hash}"))?;
        released.push(format!("unfinished base image {hash}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_known_by_what_is_in_it() {
        let one = Recipe::default().with(["nfs-common", "tcpdump"]);
        let same = Recipe::default().with(["tcpdump", "nfs-common", "curl"]);
        assert_eq!(one.hash(), same.hash());
        assert_ne!(one.hash(), Recipe::default().hash());
    }
}
