//! Control groups of a twin: one a node in every hierarchy that is mounted, version 1 and 2. They are how
//! every process of a twin is found again, whatever happened to whoever started it.

use crate::TwinError;
use crate::error::Step;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    pub mount: PathBuf,
    pub unified: bool,
    pub controllers: String,
}

/// Every hierarchy mounted on this machine.
pub(crate) fn hierarchies() -> Vec<Hierarchy> {
    parse(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
}

fn parse(mountinfo: &str) -> Vec<Hierarchy> {
    let mut found: Vec<Hierarchy> = Vec::new();
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let mut left = left.split(' ');
        let (root, mount) = (left.nth(3), left.next());
        let mut right = right.split(' ');
        let (kind, options) = (right.next(), right.nth(1));
        let (Some("/"), Some(mount), Some(kind @ ("cgroup" | "cgroup2"))) = (root, mount, kind) else {
            continue;
        };
        let controllers = options.unwrap_or_default().to_owned();
        let one = Hierarchy { mount: mount.into(), unified: kind == "cgroup2", controllers };
        if !found.iter().any(|h| h.unified == one.unified && h.controllers == one.controllers) {
            found.push(one);
        }
    }
    found
}

/// Makes `group` (a relative path) in every hierarchy and opens what a process joins it by.
pub(crate) fn create(group: &str) -> Result<Vec<File>, TwinError> {
    let mut doors = Vec::new();
    for hierarchy in hierarchies() {
        let folder = hierarchy.mount.join(group);
        fs::create_dir_all(&folder).step(|| format!("make the cgroup {}", folder.display()))?;
        if hierarchy.controllers.split(',').any(|c| c == "cpuset") {
            inherit_cpuset(&hierarchy.mount, group);
        }
        let door = folder.join("cgroup.procs");
        doors.push(File::options().write(true).open(&door).step(|| format!("open {}", door.display()))?);
    }
    Ok(doors)
}

/// A new version 1 cpuset is empty and takes no process until it is given processors and memory.
fn inherit_cpuset(mount: &Path, group: &str) {
    let mut folder = mount.to_owned();
    for part in Path::new(group) {
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(value) = fs::read_to_string(folder.join(file)) {
                // A refusal shows when the first process joins.
                let _ = fs::write(folder.join(part).join(file), value);
            }
        }
        folder.push(part);
    }
}

/// Every process in `group` or below, in any hierarchy.
pub(crate) fn members(group: &str) -> BTreeSet<i32> {
    let mut pids = BTreeSet::new();
    for hierarchy in hierarchies() {
        walk(&hierarchy.mount.join(group), &mut |folder| {
            let list = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(list.lines().filter_map(|l| l.parse::<i32>().ok()).filter(|p| *p > 0));
        });
    }
    pids
}

/// Calls `visit` for every folder, inner ones first.
fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            walk(&entry.path(), visit);
        }
    }
    visit(folder);
}

/// Ends every process in `group` at once and waits until none is left.
pub(crate) fn kill(group: &str, deadline: Duration) -> Result<(), TwinError> {
    let started = Instant::now();
    loop {
        for hierarchy in hierarchies().iter().filter(|h| h.unified) {
            // Kernel 5.14 and later: takes forks in flight too. Older ones: the loop below.
            let _ = fs::write(hierarchy.mount.join(group).join("cgroup.kill"), "1");
            // Frozen processes of version 2 are killed without thawing; version 1's are not.
        }
        thaw(group);
        let left = members(group);
        for pid in left.iter().filter_map(|p| Pid::from_raw(*p)) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
        if left.is_empty() {
            return Ok(());
        }
        if started.elapsed() > deadline {
            return Err(TwinError::failed(
                format!("end the processes of {group}"),
                format!("still there: {left:?}"),
            ));
        }
        // A cgroup of version 1 has no event for becoming empty without a release agent.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Stops or continues every process of `group`.
pub(crate) fn freeze(group: &str, frozen: bool) -> Result<(), TwinError> {
    let hierarchies = hierarchies();
    let v2 = hierarchies.iter().find(|h| h.unified).map(|h| h.mount.join(group).join("cgroup.freeze"));
    if let Some(file) = v2.filter(|f| f.exists()) {
        return fs::write(&file, if frozen { "1" } else { "0" }).step(|| format!("write {}", file.display()));
    }
    let v1 = hierarchies.iter().find(|h| h.controllers.split(',').any(|c| c == "freezer"));
    let Some(v1) = v1 else { return Err(TwinError::failed(format!("freeze {group}"), "no freezer here")) };
    let file = v1.mount.join(group).join("freezer.state");
    fs::write(&file, if frozen { "FROZEN" } else { "THAWED" }).step(|| format!("write {}", file.display()))
}

fn thaw(group: &str) {
    for hierarchy in hierarchies() {
        if hierarchy.controllers.split(',').any(|c| c == "freezer") {
            let _ = fs::write(hierarchy.mount.join(group).join("freezer.state"), "THAWED");
        }
    }
}

/// Removes `group` and all below it. The kernel may need a moment after the last process ended.
pub(crate) fn remove(group: &str, deadline: Duration) -> Result<(), TwinError> {
    let started = Instant::now();
    loop {
        let mut refused = None;
        for hierarchy in hierarchies() {
            walk(&hierarchy.mount.join(group), &mut |folder| {
                if let Err(e) = fs::remove_dir(folder)
                    && e.kind() != std::io::ErrorKind::NotFound
                {
                    refused = Some(format!("{}: {e}", folder.display()));
                }
            });
        }
        let Some(refused) = refused else { return Ok(()) };
        if started.elapsed() > deadline {
            return Err(TwinError::failed("remove a cgroup", refused));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The twins that have a cgroup.
pub(crate) fn twins() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for hierarchy in hierarchies() {
        let Ok(entries) = fs::read_dir(hierarchy.mount.join("fw")) else { continue };
        let folders = entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
        names.extend(folders.filter_map(|e| e.file_name().into_string().ok()));
    }
    names
}

/// Takes away the groups above the twins' when no twin is left.
pub(crate) fn forget() {
    for hierarchy in hierarchies() {
        // Refused while a twin is in it.
        let _ = fs::remove_dir(hierarchy.mount.join("fw"));
    }
}

/// Bytes of memory charged to `group`, page cache of its own files included.
pub(crate) fn memory(group: &str) -> Option<u64> {
    for hierarchy in hierarchies() {
        let file = if hierarchy.unified { "memory.current" } else { "memory.usage_in_bytes" };
        let text = fs::read_to_string(hierarchy.mount.join(group).join(file));
        if let Some(bytes) = text.ok().and_then(|t| t.trim().parse().ok()) {
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_read_from_the_mounts() {
        let table = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            36 31 0:32 /fw/x /mnt/part rw,relatime - cgroup cgroup rw,memory\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw\n";
        let found = parse(table);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].controllers, "rw,memory");
        assert_eq!(found[1].mount, Path::new("/sys/fs/cgroup/unified"));
        assert!(found[1].unified);
    }
}
