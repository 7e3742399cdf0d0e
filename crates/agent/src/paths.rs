//! Which paths a fleet may own.

use artifact::FlatDesired;
use artifact::protocol::{Code, Fault};

/// Folders no fleet may own anything in: what the package manager, the kernel or the agent owns.
const FOLDERS: [&str; 14] = [
    "/bin",
    "/boot",
    "/dev",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/dpkg",
    "/var/lib/fleetwright",
    "/etc/systemd/system.control",
];
/// Folders within those that it may.
const ALLOWED: [&str; 2] = ["/usr/local", "/usr/lib/fleetwright"];
/// Files that make a host unusable or belong to the agent; accounts go through `users`.
const FILES: [&str; 12] = [
    "/",
    "/etc",
    "/root",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/machine-id",
    "/usr/lib/fleetwright/fleetwright-agent",
    RECOVER_UNIT,
];

/// The unit that finishes or undoes a transaction at boot; the agent writes it itself.
pub const RECOVER_UNIT: &str = "/etc/systemd/system/fleetwright-recover.service";

/// Why a fleet must not own this path.
fn refusal(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("it is not absolute");
    }
    let plain = path.len() == 1 || path.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if !plain || path.contains(['\0', '\n']) {
        return Some("it is not in plain form");
    }
    let within =
        |folder: &str| path == folder || path.strip_prefix(folder).is_some_and(|r| r.starts_with('/'));
    if FILES.contains(&path) {
        return Some("it belongs to the system");
    }
    if FOLDERS.iter().any(|f| within(f)) && !ALLOWED.iter().any(|f| within(f)) {
        return Some("it is in a folder that belongs to the system");
    }
    None
}

/// Checks every path, unit, user and package name of a desired state.
///
/// # Errors
/// [`Code::PathRefused`] naming all that are refused.
pub fn check(desired: &FlatDesired) -> Result<(), Fault> {
    let mut refused = Vec::new();
    let paths = desired.files.keys().chain(desired.links.keys()).chain(desired.dirs.keys());
    for path in paths {
        if let Some(why) = refusal(path) {
            refused.push(format!("{path}: {why}"));
        }
    }
    for path in desired.files.keys() {
        if desired.links.contains_key(path) || desired.dirs.contains_key(path) {
            refused.push(format!("{path}: wanted twice, as a file and as something else"));
        }
    }
    let odd = |name: &str, more: &str| {
        name.is_empty()
            || name.starts_with('-')
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c) || more.contains(c))
    };
    refused.extend(desired.packages.iter().filter(|n| odd(n, ":")).map(|n| format!("package {n:?}")));
    refused.extend(desired.users.keys().filter(|n| odd(n, "")).map(|n| format!("user {n:?}")));
    refused.extend(desired.units.keys().filter(|n| odd(n, "@:\\")).map(|n| format!("unit {n:?}")));
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Fault::new(Code::PathRefused, format!("the fleet must not own {}", refused.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_paths_are_refused_and_configuration_is_not() {
        for path in [
            "/",
            "/etc",
            "/etc/passwd",
            "/usr/bin/x",
            "/proc/sys/x",
            "relative",
            "/etc/../etc/passwd",
            "/etc//x",
            "/etc/x/",
            "/var/lib/fleetwright/journal",
            "/usr/lib/fleetwright/fleetwright-agent",
            RECOVER_UNIT,
            "/usr",
        ] {
            assert!(refusal(path).is_some(), "{path}");
        }
        for path in [
            "/etc/caddy/Caddyfile",
            "/etc/systemd/system/x.service",
            "/usr/local/lib/x",
            "/var/lib/prometheus",
            "/usr/lib/fleetwright/stand-in",
            "/srv/x",
            "/etc/resolv.conf",
            "/binary",
        ] {
            assert_eq!(refusal(path), None, "{path}");
        }
    }
}
