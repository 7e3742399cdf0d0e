//! What a program in an outside namespace sees: its network, and the base image read-only, with a `/run` and
//! `/tmp` shared by the programs of that outside and `/srv` as the directory of its daemons. Made anew for
//! each program in a mount namespace of its own, so there is nothing to undo.

use crate::ground::netns;
use rustix::fd::OwnedFd;
use rustix::mount::mount_remount;
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
};
use rustix::thread::UnshareFlags;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a daemon finds its directory, and `birdc` its socket.
pub(crate) const SRV: &str = "/srv";

/// What the view is made of.
pub(crate) struct View<'a> {
    /// The outside's network namespace.
    pub netns: &'a OwnedFd,
    /// The base image.
    pub base: &'a Path,
    /// The outside's own directory.
    pub home: PathBuf,
}

impl View<'_> {
    /// Makes the directories the view shows.
    pub fn prepare(home: &Path, resolv_conf: &str) -> io::Result<()> {
        for folder in ["srv", "run", "tmp", "root"] {
            fs::create_dir_all(home.join(folder))?;
        }
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(home.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        fs::write(home.join("resolv.conf"), resolv_conf)
    }

    /// Puts the calling thread into the view, for good; a thread made by `netns::aside`.
    pub fn enter(&self) -> io::Result<()> {
        netns::enter(self.netns)?;
        netns::unshare(UnshareFlags::NEWNS)?;
        mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
        let root = self.home.join("root");
        let inside = |path: &str| root.join(path);
        mount_bind(self.base, &root)?;
        mount_remount(&root, MountFlags::BIND | MountFlags::RDONLY, c"")?;
        mount_bind_recursive("/proc", inside("proc"))?;
        mount_bind_recursive("/dev", inside("dev"))?;
        // A fresh one: sysfs shows the devices of the network namespace it was mounted in.
        mount("sysfs", inside("sys"), "sysfs", MountFlags::RDONLY, None)?;
        for (own, seen) in [("srv", "srv"), ("run", "run"), ("tmp", "tmp"), ("tmp", "var/tmp")] {
            mount_bind(self.home.join(own), inside(seen))?;
        }
        mount_bind(self.home.join("resolv.conf"), inside("etc/resolv.conf"))?;
        rustix::process::chroot(&root)?;
        rustix::process::chdir("/")?;
        Ok(())
    }
}
