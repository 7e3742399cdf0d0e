//! A machine's disk: the base image, what all machines of the twin share, and what is its own.

use crate::TwinError;
use crate::error::Step;
use crate::paths::Paths;
use crate::remote::NamespaceRemote;
use crate::state::Seeded;
use remote::{Remote, RemoteError};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Component, Path, PathBuf};

/// Files put on a disk before its machine first boots: content and permission bits by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seed {
    /// The files.
    pub files: BTreeMap<String, (Vec<u8>, u32)>,
}

impl Seed {
    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.files.insert(path.into(), (bytes.into(), mode));
        self
    }
}

/// What disks start with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeds {
    /// Files of every machine, kept once: the agent, certificates of the twin's own authorities.
    pub common: Seed,
    /// Files of one machine.
    pub machines: BTreeMap<String, Seed>,
}

/// What is written down about seeds.
pub(crate) fn digests(seeds: &Seeds) -> Seeded {
    let digest = |(bytes, mode): &(Vec<u8>, u32)| {
        let hash = Sha256::digest(bytes);
        let hex: String = hash.iter().take(12).map(|b| format!("{b:02x}")).collect();
        format!("{hex} {mode:o}")
    };
    let of = |seed: &Seed| seed.files.iter().map(|(path, file)| (path.clone(), digest(file))).collect();
    let machines = seeds.machines.iter().map(|(name, seed)| (name.clone(), of(seed)));
    machines.chain([(String::new(), of(&seeds.common))]).collect()
}

/// The units whose file or drop-in in a seed is new or another one now; all the machine's seeded units when a
/// file of every machine is (their program may be it).
pub(crate) fn units_of_changed(machine: &str, before: &Seeded, now: &Seeded) -> BTreeSet<String> {
    let empty = BTreeMap::new();
    let of = |seeded: &Seeded, key: &str| seeded.get(key).unwrap_or(&empty).clone();
    let changed = |key: &str| {
        let was = of(before, key);
        of(now, key).into_iter().filter(|(p, d)| was.get(p) != Some(d)).map(|(p, _)| p).collect::<Vec<_>>()
    };
    if changed("").is_empty() { units_of(&changed(machine)) } else { units_of(of(now, machine).keys()) }
}

/// The units that files belong to.
pub(crate) fn units_of<'a>(paths: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let unit = |path: &'a String| {
        let unit = path.split_once("/systemd/system/")?.1.split('/').next()?;
        Some(unit.strip_suffix(".d").unwrap_or(unit).to_owned())
    };
    // A target runs nothing by itself.
    paths.into_iter().filter_map(unit).filter(|u| !u.ends_with(".target")).collect()
}

/// Files of a machine whose seed is gone.
pub(crate) fn gone(machine: &str, before: &Seeded, now: &Seeded) -> BTreeSet<String> {
    let still =
        |path: &String| ["", machine].iter().any(|k| now.get(*k).is_some_and(|n| n.contains_key(path)));
    let was = ["", machine].into_iter().filter_map(|k| before.get(k)).flat_map(BTreeMap::keys);
    was.filter(|p| !still(p)).cloned().collect()
}

/// Writes down seeds that are gone and still lie there.
pub(crate) fn keep_gone(before: &Seeded, now: &mut Seeded) {
    for (key, was) in before {
        let is = now.entry(key.clone()).or_default();
        for (path, digest) in was {
            is.entry(path.clone()).or_insert_with(|| digest.clone());
        }
    }
}

/// Writes the seeds of a machine that has booted before where they are new or changed; what the machine itself
/// did to others stays. True when something changed.
pub(crate) fn reseed(
    host: &NamespaceRemote,
    machine: &str,
    before: &Seeded,
    seeds: &Seeds,
    now: &Seeded,
) -> Result<bool, RemoteError> {
    let mut changed = false;
    for (key, seed) in [("", Some(&seeds.common)), (machine, seeds.machines.get(machine))] {
        let none = BTreeMap::new();
        let (old, new) = (before.get(key).unwrap_or(&none), now.get(key).unwrap_or(&none));
        for (path, (bytes, mode)) in seed.iter().flat_map(|s| &s.files) {
            if old.get(path) != new.get(path) {
                host.write(path, bytes, *mode)?;
                changed = true;
            }
        }
    }
    Ok(changed)
}

/// Writes what all machines share.
pub(crate) fn make_common(paths: &Paths, base: &Path, seed: &Seed) -> Result<(), TwinError> {
    let common = paths.common();
    let made = fs::create_dir_all(&common).and_then(|()| plant(base, &common, seed));
    made.step(|| format!("fill {}", common.display()))
}

/// Makes the disk of a machine.
pub(crate) fn make(paths: &Paths, base: &Path, machine: &str, seed: Option<&Seed>) -> Result<(), TwinError> {
    let home = paths.machine(machine);
    let made = (|| {
        for folder in ["upper", "work", "root"] {
            fs::create_dir_all(home.join(folder))?;
        }
        let own = Seed::default()
            .with("/etc/hostname", format!("{machine}\n"), 0o644)
            .with("/etc/machine-id", machine_id(&paths.name, machine), 0o444)
            .with("/etc/hosts", hosts(machine), 0o644);
        plant(base, &home.join("upper"), &own)?;
        seed.map_or(Ok(()), |seed| plant(base, &home.join("upper"), seed))
    })();
    made.step(|| format!("make the disk of {machine}"))
}

/// The same for the same machine of the same twin, so that a journal survives its twin's rebuild.
fn machine_id(twin: &str, machine: &str) -> String {
    let mut id = String::new();
    for byte in Sha256::digest(format!("fleetwright twin {twin} {machine}")).iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    id + "\n"
}

fn hosts(machine: &str) -> String {
    format!("127.0.0.1\tlocalhost\n127.0.1.1\t{machine}\n::1\tlocalhost ip6-localhost ip6-loopback\n")
}

/// Takes a disk away.
pub(crate) fn remove(paths: &Paths, machine: &str) -> Result<(), TwinError> {
    match fs::remove_dir_all(paths.machine(machine)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).step(|| format!("remove the disk of {machine}"))
        }
        _ => Ok(()),
    }
}

/// Writes files into a layer that lies over `base`, with the folders they need.
fn plant(base: &Path, layer: &Path, seed: &Seed) -> io::Result<()> {
    for (path, (bytes, mode)) in &seed.files {
        let target = place(base, path)
            .ok_or_else(|| io::Error::other(format!("{path} is not an absolute path on the disk")))?;
        let file = layer.join(&target);
        if let Some(folder) = target.parent() {
            grow(base, layer, folder)?;
        }
        fs::write(&file, bytes)?;
        fs::set_permissions(&file, Permissions::from_mode(*mode))?;
    }
    Ok(())
}

/// Makes a folder of a layer with the owner and mode it has in the base: the upper one's count.
fn grow(base: &Path, layer: &Path, folder: &Path) -> io::Result<()> {
    let mut relative = PathBuf::new();
    for part in folder {
        relative.push(part);
        let made = layer.join(&relative);
        match fs::create_dir(&made) {
            Ok(()) => {
                if let Ok(like) = fs::metadata(base.join(&relative)) {
                    chown(&made, Some(like.uid()), Some(like.gid()))?;
                    fs::set_permissions(&made, like.permissions())?;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Where a path of the guest is below the root, with the base's own links followed (`/lib` is one): a real
/// folder in an upper layer would hide them. `None` for a path that is not absolute or not on the disk.
fn place(base: &Path, path: &str) -> Option<PathBuf> {
    const NOT_DISK: [&str; 5] = ["run", "tmp", "proc", "sys", "dev"];
    let mut left: Vec<std::ffi::OsString> = parts(Path::new(path.strip_prefix('/')?))?;
    left.reverse();
    let mut done = PathBuf::new();
    // As many as the kernel follows.
    let mut links = 40;
    while let Some(part) = left.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&part);
        match fs::read_link(base.join(&next)) {
            // The last part is replaced, not followed.
            Ok(target) if !left.is_empty() => {
                links -= 1;
                if links == 0 {
                    return None;
                }
                if target.is_absolute() {
                    done = PathBuf::new();
                }
                left.extend(parts(target.strip_prefix("/").unwrap_or(&target))?.into_iter().rev());
            }
            _ => done = next,
        }
    }
    let top = done.components().next()?;
    let on_disk = !NOT_DISK.iter().any(|n| top.as_os_str() == *n);
    on_disk.then_some(done)
}

fn parts(path: &Path) -> Option<Vec<std::ffi::OsString>> {
    let part = |c: Component<'_>| match c {
        Component::Normal(p) => Some(Some(p.to_owned())),
        Component::ParentDir => Some(Some("..".into())),
        Component::CurDir => Some(None),
        Component::RootDir | Component::Prefix(_) => None,
    };
    path.components().map(part).collect::<Option<Vec<_>>>().map(|p| p.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn seeds_follow_the_links_of_the_base() {
        let base = std::env::temp_dir().join(format!("fw-disk-{}", std::process::id()));
        fs::create_dir_all(base.join("usr/lib")).unwrap();
        std::os::unix::fs::symlink("usr/lib", base.join("lib")).unwrap();
        std::os::unix::fs::symlink("/etc/real", base.join("usr/link")).unwrap();
        std::os::unix::fs::symlink("loop", base.join("loop")).unwrap();
        let at = |path| place(&base, path).map(|p| p.display().to_string());
        assert_eq!(at("/lib/x/y").unwrap(), "usr/lib/x/y");
        assert_eq!(at("/lib/../link/a").unwrap(), "usr/link/a".replace("usr/link", "etc/real"));
        assert_eq!(at("/lib").unwrap(), "lib");
        assert_eq!(at("/../../etc/a").unwrap(), "etc/a");
        assert_eq!(at("/run/x"), None);
        assert_eq!(at("/loop/x"), None);
        assert_eq!(at("relative"), None);
        fs::remove_dir_all(&base).unwrap();
    }
}
