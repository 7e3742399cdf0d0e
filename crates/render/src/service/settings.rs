//! A container's settings as arguments of podman (podman-run(1), 4.3), and the files made for it.

use super::environment::verbatim;
use super::filled;
use super::native::quoted;
use crate::codes;
use crate::cx::Cx;
use crate::out::{Out, Rights, SECRET};
use artifact::{Text, Why};
use derive::fleet::Instance;
use diag::{Diagnostic, Place};
use engine::service::files_dir;
use model::{ContainerSettings, RestartWhen, Sp};

/// How long a container may take to stop when nothing says it, in seconds; podman's own.
const STOP_S: u64 = 10;

/// What the unit says of a container's settings.
pub(super) struct Settings {
    /// Arguments of `podman run`, quoted for systemd.
    pub flags: Vec<String>,
    /// Words after the image, if the service has its own.
    pub args: Vec<String>,
    /// Files whose change starts it again.
    pub files: Vec<String>,
    /// systemd's `Restart=`.
    pub restart: &'static str,
    /// Seconds it may take to stop.
    pub stop_s: u64,
}

pub(super) fn render(cx: &Cx<'_>, instance: &Instance, why: &Why, out: &mut Out<'_>) -> Settings {
    let mut made = Settings {
        flags: Vec::new(),
        args: Vec::new(),
        files: Vec::new(),
        restart: "on-failure",
        stop_s: STOP_S,
    };
    let Some(container) = &instance.container else { return made };
    made.restart = match container.restart.as_ref().map(|r| r.value) {
        Some(RestartWhen::Always) => "always",
        Some(RestartWhen::Never) => "no",
        Some(RestartWhen::OnFailure) | None => "on-failure",
    };
    made.stop_s = container.stop_grace.map_or(STOP_S, |grace| grace.ms.div_ceil(1000));
    let mut words = |texts: &[Sp<String>]| -> Vec<String> {
        let one = |text: &Sp<String>| match verbatim(instance) {
            true => text.value.clone(),
            false => filled(&text.value, &text.place, cx, instance, out),
        };
        texts.iter().map(one).collect()
    };
    made.args = words(&container.args);
    let entrypoint = words(&container.entrypoint);
    if !entrypoint.is_empty() {
        // A list of texts is always JSON.
        let list = serde_json::Value::from(entrypoint).to_string();
        made.flags.push(format!("--entrypoint {}", quoted(&list)));
    }
    if container.init == Some(true) {
        out.packages(&["catatonit"], why);
    }
    plain(container, &mut made.flags);
    paths(instance, container, &mut made, why, out);
    made
}

/// Who owns what is made for a container: its user and group where they are numbers, which mean the same on the
/// host; names are the image's own.
pub(super) fn owner(instance: &Instance) -> (&str, &str) {
    let user =
        instance.container.as_ref().and_then(|c| c.user.as_ref()).map_or("", |user| user.value.as_str());
    let (user, group) = user.split_once(':').unwrap_or((user, "0"));
    let number = |text: &str| text.parse::<u32>().is_ok_and(|n| n > 0);
    let group = if number(group) { group } else { "root" };
    if number(user) { (user, group) } else { ("root", "root") }
}

/// What is one argument each.
fn plain(container: &ContainerSettings, flags: &mut Vec<String>) {
    let mut flag = |name: &str, value: &str| flags.push(format!("--{name} {}", quoted(value)));
    let texts = [
        ("user", container.user.as_ref()),
        ("workdir", container.working_dir.as_ref()),
        ("stop-signal", container.stop_signal.as_ref()),
    ];
    for (name, value) in texts {
        value.into_iter().for_each(|value| flag(name, value));
    }
    let lists = [
        ("cap-drop", &container.cap_drop),
        ("cap-add", &container.cap_add),
        ("device", &container.devices),
        ("tmpfs", &container.tmpfs),
    ];
    for (name, values) in lists {
        values.iter().for_each(|value| flag(name, value));
    }
    for (name, address) in &container.hosts {
        flag("add-host", &format!("{name}:{}", address.value));
    }
    if let Some(size) = container.shm_size {
        flag("shm-size", &format!("{}b", size.0));
    }
    let switches = [
        ("--read-only", container.read_only),
        ("--init", container.init),
        ("--security-opt no-new-privileges", container.no_new_privileges),
    ];
    flags.extend(switches.into_iter().filter(|(_, on)| *on == Some(true)).map(|(text, _)| text.to_owned()));
}

/// Paths of the host, and files that are made for it.
fn paths(
    instance: &Instance,
    container: &ContainerSettings,
    made: &mut Settings,
    why: &Why,
    out: &mut Out<'_>,
) {
    let mut mount = |from: &str, at: &str, read_only: bool, place: &Place, out: &mut Out<'_>| {
        let Some(bad) = [from, at].into_iter().find(|path| !is_plain(path)) else {
            let mode = if read_only { ":ro" } else { "" };
            made.flags.push(format!("--volume {}", quoted(&format!("{from}:{at}{mode}"))));
            return true;
        };
        let message = format!("`{bad}` cannot be mounted in a container");
        out.say(
            Diagnostic::error(codes::CANNOT_SAY, place, message)
                .help("a whole path, without `.`, `..`, `:` and empty parts"),
        );
        false
    };
    for (at, bind) in &container.binds {
        mount(&bind.from, &at.0, bind.read_only == Some(true), &bind.place, out);
    }
    let folder = files_dir(instance.service.as_str());
    if !(container.files.is_empty() && container.secrets.is_empty()) {
        out.dir("/etc/fleetwright", (0o755, "root", "root"), false, why);
        out.dir("/etc/fleetwright/services", (0o700, "root", "root"), false, why);
    }
    for (at, file) in &container.files {
        let path = format!("{folder}{}", at.0);
        if !mount(&path, &at.0, true, &file.place, out) {
            continue;
        }
        let mode = match file.mode.as_ref().map(|m| (m, u32::from_str_radix(m, 8))) {
            None => 0o644,
            Some((_, Ok(mode))) if mode <= 0o7777 => mode,
            Some((said, _)) => {
                out.say(
                    Diagnostic::error(
                        codes::CANNOT_SAY,
                        &said.place,
                        format!("`{}` is no file mode", said.value),
                    )
                    .help("three or four octal digits, e.g. 0640"),
                );
                continue;
            }
        };
        let why = Why::new(&file.content.place, format!("a file of service {}", instance.service));
        let mut text = Text::new();
        text.line(file.content.strip_suffix('\n').unwrap_or(&file.content), &why);
        out.file("service", &path, Rights(mode, "root", "root"), text, &why);
        made.files.push(path);
    }
    for (at, secret) in &container.secrets {
        let path = format!("{folder}{}", at.0);
        if !mount(&path, &at.0, true, &secret.place, out) {
            continue;
        }
        let why = Why::new(&secret.place, format!("a secret of service {}", instance.service));
        let mut text = Text::new();
        text.secret_line("", &secret.value.0, "", &why);
        let (user, group) = owner(instance);
        out.file("service", &path, Rights(SECRET.0, user, group), text, &why);
        made.files.push(path);
    }
}

/// A path that stands for itself, also in an argument of podman.
fn is_plain(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        rest.is_empty() || rest.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(':'))
    })
}
