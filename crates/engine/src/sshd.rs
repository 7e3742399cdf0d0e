//! sshd and people's accounts.

use crate::{Daemon, Stage, check, staged};
use artifact::{Check, UnitKind};

/// Settings beside Debian's own, which it includes first.
pub const FILE: &str = "/etc/ssh/sshd_config.d/60-fleetwright.conf";
/// Who may become root. sudo wants 0440.
pub const SUDOERS: &str = "/etc/sudoers.d/60-fleetwright";

/// Debian's unit checks and reloads by SIGHUP; open connections stay.
pub const DAEMON: Daemon = Daemon {
    engine: "sshd",
    packages: &["openssh-server"],
    unit: "ssh.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// `sshd -t` wants its run-time folder, which is there only while the unit runs, and a host key: a machine
/// that never ran sshd has none yet, so the check brings one of its own and leaves nothing behind.
pub fn checked() -> Check {
    let script = format!(
        "install -d -m 0755 /run/sshd && d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && \
         ssh-keygen -q -t ed25519 -N '' -f \"$d/key\" && /usr/sbin/sshd -t -h \"$d/key\" -f {}",
        staged(FILE)
    );
    check(DAEMON.engine, &[FILE], ["/bin/sh".to_owned(), "-c".into(), script])
}

/// `visudo -c` parses; a broken file would take sudo from everyone.
pub fn sudoers_checked() -> Check {
    check("sudo", &[SUDOERS], ["/usr/sbin/visudo".to_owned(), "-c".into(), "-f".into(), staged(SUDOERS)])
}
