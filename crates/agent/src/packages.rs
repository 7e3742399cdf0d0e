//! Debian packages: read from dpkg's status file, installed by apt.

use crate::run::{self, Said};
use crate::system::{System, fault};
use crate::tree::{self, Rights};
use artifact::protocol::{Code, Fault};
use std::collections::BTreeSet;
use std::io;
use std::process::Command;
use std::time::Duration;

/// Fetching and unpacking may take this long.
const LIMIT: Duration = Duration::from_secs(600);

/// An apt that a killed agent left running is let finish.
const LOCKED: &str = "--option=DPkg::Lock::Timeout=120";

/// Which of these packages are not installed. One pass over `/var/lib/dpkg/status`, which is what
/// `dpkg-query` reads too; a package that an installed one provides counts as installed.
///
/// # Errors
/// When the status file cannot be read. Without one, nothing is installed.
pub fn missing(system: &System, wanted: &BTreeSet<String>) -> Result<BTreeSet<String>, Fault> {
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let path = "/var/lib/dpkg/status";
    let bytes = match std::fs::read(system.real(path)) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(fault(Code::SwitchFailed, path, &e)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut missing: BTreeSet<String> = wanted.clone();
    let mut names: Vec<&str> = Vec::new();
    let mut installed = false;
    let mut settle = |names: &mut Vec<&str>, installed: &mut bool| {
        if *installed {
            for name in names.iter() {
                missing.remove(*name);
            }
        }
        names.clear();
        *installed = false;
    };
    for line in text.lines() {
        if line.is_empty() {
            settle(&mut names, &mut installed);
        } else if let Some(name) = line.strip_prefix("Package: ") {
            names.push(name);
        } else if let Some(status) = line.strip_prefix("Status: ") {
            installed = status.ends_with(" ok installed");
        } else if let Some(provides) = line.strip_prefix("Provides: ") {
            names.extend(provides.split(',').filter_map(|p| p.split_whitespace().next()));
        }
    }
    settle(&mut names, &mut installed);
    Ok(missing)
}

/// Where Debian's maintainer scripts ask whether a daemon may be started.
const POLICY: &str = "/usr/sbin/policy-rc.d";
const POLICY_TEXT: &str = "#!/bin/sh\n# Written by fleetwright-agent while packages are installed: their daemons start with the fleet's\n\
                           # configuration, in the switch.\nexit 101\n";

/// Daemons of packages are started again as usual. What somebody else wrote there stays.
pub fn allow_starts(system: &System) {
    let path = system.real(POLICY);
    if std::fs::read(&path).is_ok_and(|text| text == POLICY_TEXT.as_bytes()) {
        let _ = std::fs::remove_file(&path);
    }
}

/// Until [`allow_starts`], no daemon of a package is started.
fn forbid_starts(system: &System) -> Result<(), Fault> {
    let path = system.real(POLICY);
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let rights = Rights { mode: 0o755, ..Rights::private() };
    tree::write(&path, POLICY_TEXT.as_bytes(), rights).map_err(|e| fault(Code::SwitchFailed, POLICY, &e))
}

/// Installs packages, configuration files of the host kept as they are. Gives what apt said last. Their daemons are
/// enabled and not started: they would run with the distribution's configuration.
///
/// # Errors
/// [`Code::SwitchFailed`] with what apt said.
pub fn install(system: &System, names: &BTreeSet<String>) -> Result<String, Fault> {
    forbid_starts(system)?;
    let installed = install_now(system, names);
    allow_starts(system);
    installed
}

fn install_now(system: &System, names: &BTreeSet<String>) -> Result<String, Fault> {
    let apt = |args: &[&str]| -> Result<Said, Fault> {
        let mut command = Command::new(system.program("apt-get"));
        command.args(["--yes", "--quiet", "--option=Dpkg::Options::=--force-confold", LOCKED]).args(args);
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        run::bounded(&mut command, LIMIT).map_err(|e| Fault::new(Code::SwitchFailed, format!("apt-get: {e}")))
    };
    let mut args = vec!["install", "--no-install-recommends"];
    args.extend(names.iter().map(String::as_str));
    let mut said = apt(&args)?;
    if said.code != 0 {
        // The lists may be older than what the archive has; once is enough.
        apt(&["update"])?;
        said = apt(&args)?;
    }
    let last: Vec<&str> = said.text.lines().rev().filter(|l| !l.trim().is_empty()).take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    if said.code == 0 {
        return Ok(last.join("; "));
    }
    let list: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(Fault::new(
        Code::SwitchFailed,
        format!("apt-get install {}: exit code {}: {}", list.join(" "), said.code, last.join("; ")),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_status_file_is_read_as_dpkg_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let system = System::new(folder.path());
        std::fs::create_dir_all(system.real("/var/lib/dpkg")).unwrap();
        let status = "Package: a\nStatus: install ok installed\nProvides: b (= 1), c\n\n\
                      Package: d\nStatus: deinstall ok config-files\n\nPackage: e\nStatus: hold ok installed\n";
        std::fs::write(system.real("/var/lib/dpkg/status"), status).unwrap();
        let wanted: BTreeSet<String> = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).into();
        let left: Vec<String> = missing(&system, &wanted).unwrap().into_iter().collect();
        assert_eq!(left, ["d", "f"]);
    }
}
