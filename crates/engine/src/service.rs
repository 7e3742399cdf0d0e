//! Services without an engine of their own: Debian's unit, a unit we write, or a container under one.

use crate::{check, staged};
use artifact::Check;

/// The file of a unit we write.
pub fn unit_file(unit: &str) -> String {
    format!("/etc/systemd/system/{unit}")
}

/// What we add to a unit that a package brings.
pub fn drop_in(unit: &str) -> String {
    format!("/etc/systemd/system/{unit}.d/60-fleetwright.conf")
}

/// Environment of a service; mode 0600, because it may hold secrets.
pub fn env_file(service: &str) -> String {
    format!("/etc/fleetwright/services/{service}.env")
}

/// The folder of the files that are made for a container, each under the path the container sees.
pub fn files_dir(service: &str) -> String {
    format!("/etc/fleetwright/services/{service}")
}

/// Raw text for systemd; read after what we add.
pub fn override_file(unit: &str) -> String {
    format!("/etc/systemd/system/{unit}.d/70-override.conf")
}

/// systemd reads a unit with the raw text in `path`. Only units with raw text are checked so: it also
/// complains about programs that are not installed yet.
pub fn unit_checked(unit: &str, path: &str) -> Check {
    let argv = [
        "/usr/bin/env".to_owned(),
        format!("SYSTEMD_UNIT_PATH={}:", staged("/etc/systemd/system")),
        "/usr/bin/systemd-analyze".into(),
        "verify".into(),
        "--man=no".into(),
        unit.to_owned(),
    ];
    check("service", &[path], argv)
}
