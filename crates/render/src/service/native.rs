//! Services from Debian packages: the package's unit with what we add to it, or a unit we write.

use super::{STAGE, environment, filled, unit};
use crate::codes;
use crate::cx::Cx;
use crate::out::{HEADER, Out, PUBLIC, Rights};
use artifact::{Text, Unit, User, Why};
use derive::fleet::Instance;
use diag::Diagnostic;
use engine::service::{drop_in, unit_file};
use engine::{check, staged};
use model::{ModuleFile, Native};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn render(cx: &Cx<'_>, instance: &Instance, native: &Native, why: &Why, out: &mut Out<'_>) {
    let packages: Vec<&str> = native.packages.iter().map(String::as_str).collect();
    out.packages(&packages, why);
    let mut made = unit(why);
    if let Some(reload) = &native.reload {
        let command = filled(reload, &native.place, cx, instance, out);
        made.reload = vec!["/bin/sh".to_owned(), "-c".to_owned(), command];
    }
    for (path, file) in &native.files {
        one_file(cx, instance, native, &path.0, file, out);
        let set = if native.reload.is_some() { &mut made.reload_on } else { &mut made.restart_on };
        set.insert(path.0.clone());
    }
    let env = environment::render(cx, instance, &BTreeMap::new(), why, out).map(|(_, path)| path);
    made.restart_on.extend(env.clone());
    match &native.exec {
        Some(exec) => {
            let program = Program {
                exec: filled(exec, &native.place, cx, instance, out),
                user: native.user.as_ref().map(|u| filled(u, &native.place, cx, instance, out)),
                packaged: !native.packages.is_empty(),
                env: env.as_deref(),
            };
            own_unit(instance, &program, why, &mut made, out);
        }
        None => additions(instance, env.as_deref(), why, &mut made, out),
    }
    raw(cx, instance, &mut made, out);
    out.unit(&instance.unit, STAGE, made);
}

fn one_file(
    cx: &Cx<'_>,
    instance: &Instance,
    native: &Native,
    path: &str,
    file: &ModuleFile,
    out: &mut Out<'_>,
) {
    let why = Why::new(&file.place, format!("module {} of service {}", instance.module, instance.service));
    let content = filled(&file.content, &file.place, cx, instance, out);
    let mut text = Text::new();
    text.line(content.strip_suffix('\n').unwrap_or(&content), &why);
    let mode = match file.mode.as_deref().map(|m| u32::from_str_radix(m, 8)) {
        None => 0o644,
        Some(Ok(mode)) if mode <= 0o7777 => mode,
        Some(_) => {
            let said = file.mode.clone().unwrap_or_default();
            let message = format!("`{said}` is no file mode");
            out.say(
                Diagnostic::error(codes::CANNOT_SAY, &file.place, message)
                    .help("three or four octal digits, e.g. 0640"),
            );
            0o600
        }
    };
    // Others may not read it: its service must.
    let owner = native.user.as_deref().filter(|_| mode & 0o004 == 0).unwrap_or("root");
    out.file(instance.service.as_str(), path, Rights(mode, owner, owner), text, &why);
    if let Some(command) = &file.check {
        let command = command.replace("{file}", &staged(path));
        out.check(check(
            instance.service.as_str(),
            &[path],
            ["/bin/sh".to_owned(), "-c".to_owned(), command],
        ));
    }
}

/// Lines of `[Service]` and `[Unit]` that follow from the model.
fn limits(instance: &Instance, env: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(path) = env {
        lines.push(format!("EnvironmentFile={path}"));
    }
    if let Some(cores) = instance.limits.0 {
        lines.push(format!("CPUQuota={}%", cores.saturating_mul(100)));
    }
    if let Some(bytes) = instance.limits.1 {
        lines.push(format!("MemoryMax={bytes}"));
    }
    lines
}

pub(super) fn mounts(instance: &Instance) -> Vec<String> {
    instance.mounts.iter().map(|m| format!("RequiresMountsFor={}", m.at)).collect()
}

/// Accounts every Debian system has.
const BASE_USERS: [&str; 4] = ["root", "nobody", "daemon", "www-data"];

/// What a unit of ours runs, placeholders filled in.
struct Program<'a> {
    exec: String,
    user: Option<String>,
    /// The package makes the account.
    packaged: bool,
    env: Option<&'a str>,
}

fn own_unit(instance: &Instance, program: &Program<'_>, why: &Why, made: &mut Unit, out: &mut Out<'_>) {
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line(format!("[Unit]\nDescription={}", description(instance)), why);
    text.line("After=network.target", why);
    for line in mounts(instance) {
        text.line(line, why);
    }
    text.line("\n[Service]", why);
    if let Some(user) = &program.user {
        text.line(format!("User={user}"), why);
        if !program.packaged && !BASE_USERS.contains(&user.as_str()) {
            out.user(user, system_user(user, why));
        }
    }
    for line in limits(instance, program.env) {
        text.line(line, why);
    }
    text.line(format!("ExecStart={}", program.exec), why);
    // With this the unit itself can be reloaded, and systemd knows its main process.
    if let Some(reload) = std::mem::take(&mut made.reload).last() {
        text.line(format!("ExecReload=/bin/sh -c {}", quoted(reload)), why);
    }
    text.line("Restart=on-failure\nRestartSec=2\n\n[Install]\nWantedBy=multi-user.target", why);
    let path = unit_file(&instance.unit);
    made.restart_on.insert(path.clone());
    out.file("service", &path, PUBLIC, text, why);
}

/// One argument for systemd's command lines.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '%' => out.push_str("%%"),
            '$' => out.push_str("$$"),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

pub(super) fn description(instance: &Instance) -> String {
    let what = instance.definition.description.lines().next().unwrap_or_default();
    format!("{} ({what})", instance.service).replace('%', "%%")
}

fn system_user(name: &str, why: &Why) -> User {
    User {
        system: true,
        home: format!("/var/lib/{name}"),
        shell: "/usr/sbin/nologin".to_owned(),
        groups: BTreeSet::new(),
        keys: Vec::new(),
        why: why.clone(),
    }
}

/// What the package's unit lacks.
fn additions(instance: &Instance, env: Option<&str>, why: &Why, made: &mut Unit, out: &mut Out<'_>) {
    let (unit_lines, service_lines) = (mounts(instance), limits(instance, env));
    if unit_lines.is_empty() && service_lines.is_empty() {
        return;
    }
    let mut text = Text::new();
    text.line(HEADER, why);
    for (section, lines) in [("[Unit]", unit_lines), ("[Service]", service_lines)] {
        if !lines.is_empty() {
            text.line(section, why);
        }
        for line in lines {
            text.line(line, why);
        }
    }
    let path = drop_in(&instance.unit);
    made.restart_on.insert(path.clone());
    out.file("service", &path, PUBLIC, text, why);
}

/// Raw text for systemd, as a drop-in of its own that wins over ours.
pub(super) fn raw(cx: &Cx<'_>, instance: &Instance, made: &mut Unit, out: &mut Out<'_>) {
    for (engine, (raw, place)) in &instance.overrides {
        let why = Why::new(place, format!("override: raw text for {engine}"));
        match engine.as_str() {
            "systemd" => {
                let path = engine::service::override_file(&instance.unit);
                let mut text = Text::new();
                text.line(HEADER, &why).line(raw.trim_end(), &why);
                made.restart_on.insert(path.clone());
                out.file("service", &path, PUBLIC, text, &why);
                out.check(engine::service::unit_checked(&instance.unit, &path));
            }
            "caddy" if crate::caddy::takes_raw(cx, instance) => {}
            _ => out.say(
                Diagnostic::error(
                    codes::OVERRIDE_UNUSED,
                    place,
                    format!("service {} takes no raw text for {engine}", instance.service),
                )
                .help("raw text is taken for systemd and caddy"),
            ),
        }
    }
}
