//! Services as containers: a systemd unit around podman.

use super::native::{description, mounts, quoted, raw};
use super::settings::{self, Settings};
use super::{STAGE, environment, filled, unit};
use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC};
use artifact::{Text, Why};
use derive::fleet::Instance;
use diag::Diagnostic;
use engine::service::unit_file;
use std::collections::BTreeMap;

pub(super) fn render(cx: &Cx<'_>, instance: &Instance, why: &Why, out: &mut Out<'_>) {
    let definition = instance.definition.variants.container.as_ref();
    let image = match instance.image.clone().or_else(|| definition.and_then(|c| c.image.clone())) {
        Some(image) => image,
        None => {
            out.say(
                Diagnostic::error(
                    codes::CANNOT_SAY,
                    &instance.place,
                    format!("service {} is a container without an image", instance.service),
                )
                .help("write `image:` in the service or a container variant in its module"),
            );
            return;
        }
    };
    out.packages(&["podman"], why);
    let nothing = BTreeMap::new();
    let defaults = definition.map_or(&nothing, |c| &c.env);
    let env = environment::render(cx, instance, defaults, why, out);
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line(format!("[Unit]\nDescription={}\nAfter=network.target", description(instance)), why);
    for line in mounts(instance) {
        text.line(line, why);
    }
    text.line("\n[Service]", why);
    if let Some((_, path)) = &env {
        text.line(format!("EnvironmentFile={path}"), why);
    }
    let name = instance.service.as_str();
    text.line(format!("ExecStartPre=-/usr/bin/podman rm --force --ignore {name}"), why);
    let mut command = format!("ExecStart=/usr/bin/podman run --rm --name {name} --network host");
    // By name only: podman takes the values from the unit's environment.
    for variable in env.iter().flat_map(|(names, _)| names) {
        command.push_str(&format!(" --env {variable}"));
    }
    for (volume, path) in &instance.volumes {
        let inside = instance.seen.get(volume).unwrap_or(path);
        command.push_str(&format!(" --volume {}", quoted(&format!("{path}:{inside}"))));
    }
    for mount in &instance.mounts {
        let mode = if mount.read_only { ":ro" } else { "" };
        command.push_str(&format!(" --volume {}", quoted(&format!("{}:{}{mode}", mount.at, mount.at))));
    }
    if let Some(cores) = instance.limits.0 {
        command.push_str(&format!(" --cpus {cores}"));
    }
    if let Some(bytes) = instance.limits.1 {
        command.push_str(&format!(" --memory {bytes}"));
    }
    let Settings { flags, args, files, restart, stop_s } = settings::render(cx, instance, why, out);
    command.extend(flags.iter().map(|flag| format!(" {flag}")));
    command.push_str(&format!(" {}", quoted(&image)));
    command.extend(args.iter().map(|arg| format!(" {}", quoted(arg))));
    if args.is_empty() {
        for arg in definition.iter().flat_map(|c| c.args.iter().map(|a| (a, &c.place))) {
            let arg = filled(arg.0, arg.1, cx, instance, out);
            command.push_str(&format!(" {}", quoted(&arg)));
        }
    }
    text.line(command, why);
    text.line(format!("ExecStop=/usr/bin/podman stop --time {stop_s} {name}"), why);
    if stop_s > 60 {
        // systemd waits 90 s by itself.
        text.line(format!("TimeoutStopSec={}", stop_s + 30), why);
    }
    text.line(format!("Restart={restart}\nRestartSec=2\n\n[Install]\nWantedBy=multi-user.target"), why);
    let path = unit_file(&instance.unit);
    let mut made = unit(why);
    made.restart_on.insert(path.clone());
    made.restart_on.extend(env.map(|(_, path)| path));
    made.restart_on.extend(files);
    raw(cx, instance, &mut made, out);
    out.file("service", &path, PUBLIC, text, why);
    out.unit(&instance.unit, STAGE, made);
}
