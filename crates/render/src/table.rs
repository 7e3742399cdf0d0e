//! The one table of engines.

use crate::cx::Cx;
use crate::out::Out;
use crate::{
    alertmanager, bird, blackbox, caddy, drift, mount, networkd, nftables, node_exporter, prometheus,
    resolver, service, sshd, sysctl, wireguard,
};
use derive::fleet::Instance;

/// How an engine gets its part of a host.
#[derive(Clone, Copy)]
enum Part {
    /// Once a host, when the host has what it is for.
    Host(fn(&Cx<'_>, &mut Out<'_>)),
    /// For each copy of a service whose module names this engine. Packages, the unit and volumes are there
    /// already.
    Module(fn(&Cx<'_>, &Instance, &mut Out<'_>)),
}

const ENGINES: &[(&str, Part)] = &[
    (engine::sysctl::DAEMON.engine, Part::Host(sysctl::render)),
    (engine::nftables::DAEMON.engine, Part::Host(nftables::render)),
    (engine::networkd::DAEMON.engine, Part::Host(networkd::render)),
    (engine::wireguard::DAEMON.engine, Part::Host(wireguard::render)),
    (engine::bird::DAEMON.engine, Part::Host(bird::render)),
    (engine::resolver::DAEMON.engine, Part::Host(resolver::render)),
    ("mount", Part::Host(mount::render)),
    (engine::sshd::DAEMON.engine, Part::Host(sshd::render)),
    (engine::drift::DAEMON.engine, Part::Host(drift::render)),
    (engine::caddy::DAEMON.engine, Part::Module(caddy::render)),
    (engine::prometheus::DAEMON.engine, Part::Module(prometheus::render)),
    (engine::alertmanager::DAEMON.engine, Part::Module(alertmanager::render)),
    (engine::node_exporter::DAEMON.engine, Part::Module(node_exporter::render)),
    (engine::blackbox::DAEMON.engine, Part::Module(blackbox::render)),
    (engine::mount::SERVER, Part::Module(mount::exports)),
];

/// The names a module's `engine` may have.
pub fn engines() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().filter(|(_, part)| matches!(part, Part::Module(_))).map(|(name, _)| *name)
}

/// The names of all engines.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().map(|(name, _)| *name)
}

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    for (name, part) in ENGINES {
        if let Part::Host(render) = part {
            out.begin(name);
            render(cx, out);
        }
    }
    for instance in &cx.host.instances {
        out.begin(service::engine(instance).unwrap_or(instance.service.as_str()));
        let Some(wanted) = service::render(cx, instance, out) else { continue };
        match ENGINES.iter().find(|(name, part)| *name == wanted && matches!(part, Part::Module(_))) {
            Some((_, Part::Module(render))) => render(cx, instance, out),
            _ => out.say(service::no_engine(instance, wanted)),
        }
    }
}
