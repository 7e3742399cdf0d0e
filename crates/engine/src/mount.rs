//! Folders of other hosts, mounted by systemd over NFS 4.

use crate::{Stage, health};
use artifact::{Health, Probe, UnitKind, Why};
use std::fmt::Write;

/// Package with `mount.nfs`.
pub const PACKAGE: &str = "nfs-common";
/// Engine of the modules that export folders.
pub const SERVER: &str = "nfs";
/// After tunnels and routes, before services.
pub const STAGE: Stage = Stage::Names;
/// A mount is brought up anew when its unit file changes.
pub const KIND: UnitKind = UnitKind::Apply;
/// What the exporting host offers; read again by `exportfs -r`, the reload of Debian's `nfs-server.service`.
pub const EXPORTS: &str = "/etc/exports.d/60-fleetwright.exports";

/// The unit of a mount point, escaped as systemd.unit(5) wants it.
pub fn unit(at: &str) -> String {
    let path = at.trim_matches('/');
    let mut out = String::new();
    for (n, byte) in path.bytes().enumerate() {
        match byte {
            b'/' => out.push('-'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' => out.push(char::from(byte)),
            b'.' if n > 0 => out.push('.'),
            other => {
                let _ = write!(out, "\\x{other:02x}");
            }
        }
    }
    if out.is_empty() {
        out.push('-');
    }
    out + ".mount"
}

/// Something is mounted there.
pub fn seen(at: &str, why: &Why) -> Health {
    health(&format!("mount {at}"), Probe::Unit(unit(at)), why)
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn paths_are_escaped_as_systemd_escape_does() {
        assert_eq!(unit("/media"), "media.mount");
        assert_eq!(unit("/srv/my-media/"), "srv-my\\x2dmedia.mount");
        assert_eq!(unit("/.hidden/a.b"), "\\x2ehidden-a.b.mount");
    }
}
