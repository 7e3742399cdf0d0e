//! Caddy: the ingress.

use crate::{Daemon, Stage, check, health, staged};
use artifact::{Check, Health, Probe, UnitKind, Why};

/// Its configuration.
pub const FILE: &str = "/etc/caddy/Caddyfile";
/// Its admin API: only on loopback; the reload goes through it.
pub const ADMIN: &str = "127.0.0.1:2019";

/// What Debian's unit does to reload. Not by way of systemd: when Caddy refuses a configuration it never says
/// that it is ready again, and the unit stays in `reloading`, where every further reload waits for ever.
pub const RELOAD: [&str; 5] = ["/usr/bin/caddy", "reload", "--config", FILE, "--force"];

/// Debian's unit reloads through the admin API, without closing a listener.
pub const DAEMON: Daemon = Daemon {
    engine: "caddy",
    packages: &["caddy"],
    unit: "caddy.service",
    kind: UnitKind::Service,
    stage: Stage::Services,
};

/// `caddy validate` provisions every module, and so may make an internal CA: it gets a home in the staged
/// tree for that.
pub fn checked() -> Check {
    let argv = [
        "/usr/bin/env".to_owned(),
        "HOME={stage}/.caddy".into(),
        "XDG_DATA_HOME={stage}/.caddy".into(),
        "XDG_CONFIG_HOME={stage}/.caddy".into(),
        "/usr/bin/caddy".into(),
        "validate".into(),
        "--adapter".into(),
        "caddyfile".into(),
        "--config".into(),
        staged(FILE),
    ];
    check(DAEMON.engine, &[FILE], argv)
}

/// It runs a configuration.
pub fn seen(why: &Why) -> Health {
    health("ingress", Probe::Http(format!("http://{ADMIN}/config/")), why)
}
