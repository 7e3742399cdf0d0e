//! What this machine lacks for a twin, and how to get it.

use crate::ground::{cgroup, limits};
use std::fmt;
use std::fs;
use std::path::Path;

/// Something this machine lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What is missing.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
    /// True when no twin can be built without it.
    pub fatal: bool,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.remedy)
    }
}

/// Bit of CAP_SYS_ADMIN in the sets of /proc/self/status.
const SYS_ADMIN: u32 = 21;

/// Everything this machine lacks for a twin; empty when it is ready.
pub fn preflight() -> Vec<Lack> {
    let mut lacks = Vec::new();
    let mut lack =
        |what: &str, remedy: String, fatal| lacks.push(Lack { what: what.to_owned(), remedy, fatal });
    if !rustix::process::geteuid().is_root() {
        lack("root", "run it as root".to_owned(), true);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let caps = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    let caps = caps.and_then(|c| u64::from_str_radix(c.trim(), 16).ok()).unwrap_or_default();
    if caps >> SYS_ADMIN & 1 == 0 {
        lack("CAP_SYS_ADMIN", "run it outside the container, or in a privileged one".to_owned(), true);
    }
    for (program, package) in [
        ("systemd-nspawn", "systemd-container"),
        ("debootstrap", "debootstrap"),
        ("ip", "iproute2"),
        ("nft", "nftables"),
        ("kill", "procps"),
    ] {
        if !on_path(program) {
            lack(program, format!("apt-get install {package}"), true);
        }
    }
    let filesystems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !filesystems.lines().any(|l| l.trim_start_matches("nodev").trim() == "overlay") {
        lack("overlayfs", "modprobe overlay".to_owned(), true);
    }
    if !Path::new("/dev/net/tun").exists() {
        lack("/dev/net/tun", "modprobe tun".to_owned(), true);
    }
    let hierarchies = cgroup::hierarchies();
    if hierarchies.is_empty() {
        lack("cgroups", "mount -t cgroup2 none /sys/fs/cgroup".to_owned(), true);
    } else if !hierarchies.iter().any(|h| h.unified || h.controllers.contains("name=systemd")) {
        let remedy =
            "mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd";
        lack("a cgroup hierarchy for systemd", remedy.to_owned(), true);
    }
    for low in limits::stuck() {
        let remedy = "raise it by sysctl; twins of many machines fail without".to_owned();
        lack(&low, remedy, false);
    }
    lacks
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    found || ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|f| Path::new(f).join(program).is_file())
}
