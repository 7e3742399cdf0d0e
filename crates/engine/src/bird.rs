//! BIRD 2: BGP.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// Its configuration. BIRD gives up root after its start and reads the file again as `bird`.
pub const FILE: &str = "/etc/bird/bird.conf";

/// Debian's unit reloads by `birdc configure`: sessions whose settings stay the same stay up.
pub const DAEMON: Daemon = Daemon {
    engine: "bird",
    packages: &["bird2"],
    unit: "bird.service",
    kind: UnitKind::Service,
    stage: Stage::Routing,
};

/// `bird -p` parses and checks types.
pub fn checked() -> Check {
    check(DAEMON.engine, &[FILE], ["/usr/sbin/bird".to_owned(), "-p".into(), "-c".into(), staged(FILE)])
}

/// It answers on its control socket. Whether sessions come up is the neighbours' matter too and is proved
/// apart.
pub fn seen(why: &Why) -> Health {
    let argv = ["/usr/sbin/birdc", "show", "status"].map(str::to_owned);
    health("bird", Probe::Command(argv.to_vec()), why)
}
