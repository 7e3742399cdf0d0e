//! `/etc/default/NAME` of Debian's Prometheus family: one line of arguments.

use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Instance;
use std::net::SocketAddr;

/// The port a service listens on, or the daemon's own default.
pub(crate) fn port(instance: &Instance, default: u16) -> u16 {
    let main = instance.main.as_ref().and_then(|m| instance.ports.get(m));
    main.or_else(|| instance.ports.values().next()).map_or(default, |p| p.number)
}

/// Where a service listens, as these daemons write it: `:9090` for all addresses.
pub(crate) fn listen(instance: &Instance, default: u16) -> String {
    let port = port(instance, default);
    instance.listen.map_or_else(|| format!(":{port}"), |ip| SocketAddr::new(ip, port).to_string())
}

/// systemd splits `$ARGS` at blanks and knows no quotes inside: no argument may hold either, nor a `$`.
pub(crate) fn render(engine: &str, path: &str, args: &[String], why: &Why, out: &mut Out<'_>) {
    let mut text = Text::new();
    text.line(HEADER, why);
    // One argument a line: a backslash at the end goes on with the next.
    text.line("ARGS=\" \\", why);
    for arg in args {
        text.line(format!("{arg} \\"), why);
    }
    text.line("\"", why);
    out.file(engine, path, PUBLIC, text, why);
}
