//! Named network namespaces, and threads that stand in one.

use crate::TwinError;
use crate::error::Step;
use crate::paths::NETNS;
use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountPropagationFlags, UnmountFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Runs `work` on a plain thread of its own and gives back what it made. Namespaces belong to a thread, so
/// one that has changed them is never used for anything else.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, TwinError> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .map_err(|_| TwinError::failed("a thread of the twin", "it panicked"))
}

/// Gives the calling thread namespaces of its own.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: only ever called on a thread made for the purpose (`aside`), with flags among NEWNS, NEWNET
    // and FS. None of them unshares the file descriptor table, which is what I/O safety rests on.
    #[allow(unsafe_code)]
    unsafe {
        rustix::thread::unshare_unsafe(flags)
    }
}

/// The file that stands for a namespace.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(NETNS).join(name)
}

/// Makes `/run/netns` a mount of its own, as iproute2 does, so that it can be detached as a whole in the
/// private mount namespace of each machine: a copy of a namespace's mount would keep it alive.
pub(crate) fn prepare() -> Result<(), TwinError> {
    fs::create_dir_all(NETNS).step(|| format!("make {NETNS}"))?;
    if mounted()? {
        return Ok(());
    }
    rustix::mount::mount_bind_recursive(NETNS, NETNS).step(|| format!("bind {NETNS}"))?;
    rustix::mount::mount_change(NETNS, MountPropagationFlags::SHARED | MountPropagationFlags::REC)
        .step(|| format!("share {NETNS}"))
}

fn mounted() -> Result<bool, TwinError> {
    let table = fs::read_to_string("/proc/self/mountinfo").step(|| "read the mounts".to_owned())?;
    Ok(table.lines().any(|line| line.split(' ').nth(4) == Some(NETNS)))
}

/// Takes the mount of `/run/netns` away again when no namespace is left in it.
pub(crate) fn forget() {
    let empty = fs::read_dir(NETNS).is_ok_and(|mut entries| entries.next().is_none());
    if empty && mounted().unwrap_or(false) {
        // A namespace that another program makes at this moment keeps it busy: then it stays.
        let _ = rustix::mount::unmount(NETNS, UnmountFlags::empty());
    }
}

/// Makes a namespace; `inside` runs in it before anybody else can.
pub(crate) fn create(
    name: &str,
    inside: impl FnOnce() -> std::io::Result<()> + Send,
) -> Result<(), TwinError> {
    let file = path(name);
    aside(|| {
        fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
        unshare(UnshareFlags::NEWNET)?;
        inside()?;
        rustix::mount::mount_bind("/proc/thread-self/ns/net", &file)?;
        Ok(())
    })?
    .map_err(|e: std::io::Error| {
        let _ = fs::remove_file(&file);
        TwinError::failed(format!("make the network namespace {name}"), e)
    })
}

/// Removes a namespace's name; it ends when its last process does. Nothing to remove is fine.
pub(crate) fn remove(name: &str) -> Result<(), TwinError> {
    let file = path(name);
    // A file that was made but never became a mount gives EINVAL.
    let _ = rustix::mount::unmount(&file, UnmountFlags::DETACH);
    match fs::remove_file(&file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).step(|| format!("remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// The names of all namespaces that begin with `prefix`.
pub(crate) fn list(prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(NETNS) else { return Vec::new() };
    let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
    names.filter(|n| n.starts_with(prefix)).collect()
}

/// An open namespace.
pub(crate) fn open(name: &str) -> Result<OwnedFd, TwinError> {
    rustix::fs::open(path(name), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .step(|| format!("open the network namespace {name}"))
}

/// Moves the calling thread into a network namespace.
pub(crate) fn enter(netns: &OwnedFd) -> rustix::io::Result<()> {
    use std::os::fd::AsFd;
    rustix::thread::move_into_link_name_space(netns.as_fd(), Some(LinkNameSpaceType::Network))
}

/// Runs `work` on a thread of its own that stands in the namespace.
pub(crate) fn within<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> Result<T, TwinError> {
    let netns = open(name)?;
    aside(|| enter(&netns).map(|()| work()))?.step(|| format!("enter the network namespace {name}"))
}

/// Writes sysctls (`net.ipv4.ip_forward`, `1`) of the calling thread's network namespace. One that the
/// kernel does not have is passed over when it is ours to wish for, never silently when it is the fleet's.
pub(crate) fn sysctl(key: &str, value: &str) -> std::io::Result<()> {
    // In a key's dotted form an interface name's own dots are written as slashes.
    let file: String = key
        .chars()
        .map(|c| {
            if c == '.' {
                '/'
            } else if c == '/' {
                '.'
            } else {
                c
            }
        })
        .collect();
    fs::write(format!("/proc/sys/{file}"), value)
        .map_err(|e| std::io::Error::new(e.kind(), format!("sysctl {key}={value}: {e}")))
}
