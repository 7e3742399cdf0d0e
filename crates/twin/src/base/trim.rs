//! What is taken out of a base image so that a machine boots in a twentieth of a second of processor time,
//! and what is put in. Units are not masked: a fleet can still enable and start them.

use std::fs;
use std::io;
use std::path::Path;

/// Part of an image's hash: raise it when anything here changes.
pub(crate) const VERSION: &str = "trim 3";

/// Units that systemd itself pulls in and that do something in a container worth having. All others in its
/// `.wants` folders are for hardware, first boots, consoles and kernels that a machine of a twin has not.
const WANTED: [&str; 7] = [
    "systemd-journald.service",
    "systemd-sysctl.service",
    "systemd-tmpfiles-setup.service",
    "systemd-journald-dev-log.socket",
    "systemd-journald.socket",
    "dbus.socket",
    "dbus.service",
];

/// Generators worth their fork: the mounts of /etc/fstab. Services that have an init script only are not
/// found without the one for them.
const GENERATORS: [&str; 1] = ["systemd-fstab-generator"];

/// Removed: what keeps people from logging in until boot is over (and the service that then lets them in is
/// one fork less), and the remounting of a root that is no device, which the fstab generator always asks for.
const REMOVED: [&str; 2] =
    ["usr/lib/tmpfiles.d/systemd-nologin.conf", "usr/lib/systemd/system/systemd-remount-fs.service"];

/// Trims the tree at `root`.
pub(crate) fn trim(root: &Path) -> io::Result<()> {
    // What packages enabled when they were installed: the fleet enables what it needs.
    for folder in entries(&root.join("etc/systemd/system"))? {
        let name = folder.to_string_lossy().into_owned();
        if name.ends_with(".wants") || name.ends_with(".requires") {
            fs::remove_dir_all(root.join("etc/systemd/system").join(&folder))?;
        }
    }
    let units = root.join("usr/lib/systemd/system");
    for folder in entries(&units)? {
        if !folder.to_string_lossy().ends_with(".target.wants") {
            continue;
        }
        for unit in entries(&units.join(&folder))? {
            if !WANTED.iter().any(|w| unit.as_os_str() == *w) {
                fs::remove_file(units.join(&folder).join(&unit))?;
            }
        }
    }
    let generators = root.join("usr/lib/systemd/system-generators");
    for generator in entries(&generators)? {
        if !GENERATORS.iter().any(|g| generator.as_os_str() == *g) {
            fs::remove_file(generators.join(&generator))?;
        }
    }
    for path in REMOVED {
        remove(&root.join(path))?;
    }
    replace_link(
        &root.join("etc/systemd/system/default.target"),
        "/usr/lib/systemd/system/multi-user.target",
    )?;
    add(root)?;
    forget(root)
}

/// Settings of a machine in a twin, below /usr/lib where a fleet's own files override them.
fn add(root: &Path) -> io::Result<()> {
    let files = [
        // The journal in memory, in small files: journald allocates each in full.
        (
            "usr/lib/systemd/journald.conf.d/10-twin.conf",
            "[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\nRuntimeMaxFileSize=1M\nAudit=no\nReadKMsg=no\n",
        ),
        ("usr/lib/systemd/system.conf.d/10-twin.conf", "[Manager]\nDefaultTimeoutStopSec=10s\n"),
        // Host keys are a machine's own: made when its sshd first starts, of one kind, because making an
        // RSA key takes longer than booting.
        (
            "usr/lib/systemd/system/ssh.service.d/10-twin.conf",
            "[Service]\nExecStartPre=\n\
             ExecStartPre=/bin/sh -c 'test -e /etc/ssh/ssh_host_ed25519_key || \
             exec /usr/bin/ssh-keygen -q -t ed25519 -N \"\" -f /etc/ssh/ssh_host_ed25519_key'\n\
             ExecStartPre=/usr/sbin/sshd -t\n",
        ),
    ];
    for (path, text) in files {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}

/// What must be each machine's own, or is of no use.
fn forget(root: &Path) -> io::Result<()> {
    for name in entries(&root.join("etc/ssh"))? {
        if name.to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(root.join("etc/ssh").join(name))?;
        }
    }
    for path in ["etc/machine-id", "var/lib/dbus/machine-id", "usr/sbin/policy-rc.d", "etc/resolv.conf"] {
        remove(&root.join(path))?;
    }
    fs::write(root.join("etc/machine-id"), "uninitialized\n")?;
    // An empty file rather than a link, so that an outside's own can be laid over it.
    fs::write(root.join("etc/resolv.conf"), "")?;
    for folder in ["var/lib/apt/lists", "var/cache/apt", "var/log", "usr/share/doc", "usr/share/man"] {
        for name in entries(&root.join(folder))? {
            let path = root.join(folder).join(name);
            if path.is_dir() && folder != "var/log" {
                fs::remove_dir_all(path)?
            } else if !path.is_dir() {
                remove(&path)?
            }
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn replace_link(link: &Path, target: &str) -> io::Result<()> {
    remove(link)?;
    std::os::unix::fs::symlink(target, link)
}

/// The names in a folder; none when there is no such folder.
fn entries(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|e| e.map(|e| e.file_name())).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}
