//! Copies of services: packages, volumes, files, environment and the unit. Engines add their own files
//! afterwards.

mod container;
mod environment;
mod native;
mod settings;

use crate::codes;
use crate::cx::Cx;
use crate::fill::fill;
use crate::out::Out;
use artifact::{Probe, Unit, UnitKind, Why};
use derive::fleet::{Instance, InstanceHealth};
use diag::{Diagnostic, Place};
use engine::{Stage, health};
use model::Variant;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Everything but what an engine writes; the engine that is to write the rest, when the module names one.
pub(crate) fn render<'i>(cx: &Cx<'_>, instance: &'i Instance, out: &mut Out<'_>) -> Option<&'i str> {
    let why = Why::new(&instance.place, format!("service {} runs on {}", instance.service, cx.host.id));
    let variants = &instance.definition.variants;
    let engine = match instance.variant {
        Variant::Native => {
            let Some(definition) = &variants.native else {
                out.say(no_variant(instance));
                return None;
            };
            native::render(cx, instance, definition, &why, out);
            engine(instance)
        }
        Variant::Container => {
            container::render(cx, instance, &why, out);
            None
        }
        Variant::Incus | Variant::Nomad => {
            out.say(
                Diagnostic::note(
                    codes::VARIANT,
                    &instance.place,
                    format!(
                        "not supported yet: {} on {} as variant {}",
                        instance.service,
                        cx.host.id,
                        instance.variant.word()
                    ),
                )
                .help("nothing is rendered for it; `variant: native` or `variant: container` runs"),
            );
            return None;
        }
    };
    for path in instance.volumes.values() {
        let rights = match (instance.variant, &variants.native) {
            (Variant::Native, Some(native)) => {
                native.user.as_deref().map_or((0o755, "root", "root"), |user| (0o750, user, user))
            }
            _ => {
                let (user, group) = settings::owner(instance);
                (0o755, user, group)
            }
        };
        out.dir(path, rights, true, &why);
    }
    if let Some(export) = instance.exports.first().filter(|_| engine != Some(engine::mount::SERVER)) {
        out.say(Diagnostic::note(
            codes::CANNOT_SAY,
            &export.why.place,
            format!("not supported yet: folders exported by module {}", instance.module),
        ));
    }
    for name in instance.mounts.iter().map(|m| engine::mount::unit(&m.at)) {
        out.after(&instance.unit, &name);
    }
    for need in &instance.needs {
        if let Some(other) = cx.index.instances.get(&(&need.service, &cx.host.id)) {
            out.after(&instance.unit, &other.unit);
        }
    }
    seen(instance, &why, out);
    engine
}

/// The engine that writes a copy's own files, when its module names one.
pub(crate) fn engine(instance: &Instance) -> Option<&str> {
    let native = instance.definition.variants.native.as_ref();
    native.filter(|_| instance.variant == Variant::Native)?.engine.as_deref()
}

fn no_variant(instance: &Instance) -> Diagnostic {
    Diagnostic::error(
        codes::CANNOT_SAY,
        &instance.place,
        format!("module {} has no {} variant", instance.module, instance.variant.word()),
    )
    .label(&instance.definition.place, "the module")
}

/// The module asks for a renderer that does not exist.
pub(crate) fn no_engine(instance: &Instance, wanted: &str) -> Diagnostic {
    let place = instance.definition.variants.native.as_ref().map_or(&instance.definition.place, |n| &n.place);
    Diagnostic::error(codes::NO_ENGINE, place, format!("there is no renderer `{wanted}`"))
        .label(&instance.place, format!("used by service {}", instance.service))
        .suggest(wanted, crate::table::engines())
}

/// A long-running unit of a service.
fn unit(why: &Why) -> Unit {
    Unit {
        kind: UnitKind::Service,
        enabled: true,
        active: true,
        reload_on: BTreeSet::new(),
        restart_on: BTreeSet::new(),
        reload: Vec::new(),
        after: BTreeSet::new(),
        why: why.clone(),
    }
}

const STAGE: Stage = Stage::Services;

/// Its placeholders filled in; a name without a value is reported and the text left empty.
fn filled(text: &str, place: &Place, cx: &Cx<'_>, instance: &Instance, out: &mut Out<'_>) -> String {
    fill(text, cx, instance).unwrap_or_else(|unknown| {
        for name in unknown {
            let known = instance.params.keys().map(model::Label::as_str);
            out.say(
                Diagnostic::error(
                    codes::NO_PLACEHOLDER,
                    place,
                    format!("`{{{name}}}` has no value in module {}", instance.module),
                )
                .label(&instance.place, format!("used by service {}", instance.service))
                .suggest(&name, known),
            );
        }
        String::new()
    })
}

/// Where a service answers on its own host.
pub(crate) fn local_address(instance: &Instance, port: u16) -> String {
    SocketAddr::new(instance.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port).to_string()
}

fn seen(instance: &Instance, why: &Why, out: &mut Out<'_>) {
    let name = instance.service.as_str();
    out.health(health(name, Probe::Unit(instance.unit.clone()), why));
    let probe = match &instance.health {
        None => return,
        Some(InstanceHealth::Http(port, path)) => {
            let tls = instance.ports.values().any(|p| p.number == *port && p.protocol == "https");
            let address = local_address(instance, *port);
            if tls { Probe::Tcp(address) } else { Probe::Http(format!("http://{address}{path}")) }
        }
        Some(InstanceHealth::Tcp(port)) => Probe::Tcp(local_address(instance, *port)),
        Some(InstanceHealth::Script(script)) => {
            Probe::Command(vec!["/bin/sh".to_owned(), "-c".to_owned(), script.clone()])
        }
    };
    out.health(health(name, probe, why));
}
