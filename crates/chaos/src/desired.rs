//! A state as the desired state of a host: what goes through the apply under test.

use crate::state::{Flaw, LIVE, LOADED, NFT, SECRET, STATIC, SYSCTL, State};
use artifact::{Check, Desired, Dir, File, Health, Link, Probe, Text, Unit, UnitKind, User, Why};
use diag::Place;
use std::collections::BTreeSet;

fn why() -> Why {
    Why::new(&Place::builtin("chaos"), "the case wants it")
}

fn text_of(text: &str) -> Text {
    let mut lines = Text::new();
    lines.line(text.strip_suffix('\n').unwrap_or(text), &why());
    lines
}

fn file(text: &str, mode: u32, owner: &str) -> File {
    let owner = owner.to_owned();
    File { engine: "chaos".into(), mode, group: owner.clone(), owner, text: text_of(text) }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn unit(kind: UnitKind, reload_on: &[&str], restart_on: &[&str]) -> Unit {
    Unit {
        kind,
        enabled: true,
        active: true,
        reload_on: set(reload_on),
        restart_on: set(restart_on),
        reload: Vec::new(),
        after: BTreeSet::new(),
        why: why(),
    }
}

fn shell(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

/// The long-running service: its process carries what it was started with in its arguments, a reload
/// leaves what it read below `/run`.
fn app(state: &State) -> String {
    let before = match state.flaw {
        Flaw::CheckerLies => format!("ExecStartPre=/bin/sh -c '! grep -q {} {STATIC}'\n", state.fixed),
        _ => String::new(),
    };
    let run = match state.flaw {
        Flaw::CrashLoop => "/bin/false\nRestart=always\nRestartSec=10ms".to_owned(),
        Flaw::DiesAfter(ms) => format!("/bin/sh -c 'sleep {}.{:03}; exit 3'", ms / 1000, ms % 1000),
        _ => "/bin/sleep 1000000${V}".to_owned(),
    };
    let reload = match state.flaw {
        Flaw::ReloadHangs => "/bin/sleep infinity".to_owned(),
        _ => format!("/bin/cp {LIVE} {LOADED}"),
    };
    // Cases follow each other faster than anybody restarts a service by hand.
    let limit = if state.flaw == Flaw::CrashLoop { "" } else { "StartLimitIntervalSec=0\n" };
    format!(
        "[Unit]\nDescription=chaos {}\n{limit}[Service]\nType=exec\nTimeoutStartSec=2\nEnvironmentFile={STATIC}\n{before}ExecStartPre=/bin/cp {LIVE} {LOADED}\n\
         ExecStart={run}\nExecReload={reload}\n[Install]\nWantedBy=multi-user.target\n",
        state.described
    )
}

const SYSCTL_UNIT: &str = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sbin/sysctl -q -p \
    /etc/sysctl.d/90-chaos.conf\n[Install]\nWantedBy=multi-user.target\n";
const NFT_UNIT: &str = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/nft -f /etc/chaos/nft.conf\n\
    ExecStop=-/usr/sbin/nft delete table inet chaos\n[Install]\nWantedBy=multi-user.target\n";
const WORKER_UNIT: &str = "[Unit]\nAfter=chaos-app.service\n[Service]\nType=exec\n\
    EnvironmentFile=/etc/chaos/worker\nExecStart=/bin/sleep 2000000${V}\n[Install]\nWantedBy=multi-user.target\n";
const TICK_UNIT: &str = "[Service]\nType=oneshot\nExecStart=/bin/true\n";

/// The desired state of a host.
pub fn desired(state: &State, host: &str) -> Desired {
    let mut all = Desired { host: host.to_owned(), ..Desired::default() };
    let mut put = |path: &str, text: &str| {
        all.files.insert(path.to_owned(), file(text, 0o644, "root"));
    };
    put("/etc/systemd/system/chaos-app.service", &app(state));
    put("/etc/systemd/system/chaos-sysctl.service", SYSCTL_UNIT);
    put(STATIC, &format!("V={}\n", state.fixed));
    put(LIVE, &format!("{}\n", state.live));
    put(SYSCTL, &format!("net.ipv4.tcp_fin_timeout = {}\n", state.fin_timeout));
    if let Some(port) = state.port {
        put("/etc/systemd/system/chaos-nft.service", NFT_UNIT);
        let table = "table inet chaos";
        put(
            NFT,
            &format!(
                "{table} {{\n}}\ndelete {table}\n{table} {{\n\tchain in {{\n\t\ttype filter hook input priority filter; \
                 policy accept;\n\t\ttcp dport {port} accept\n\t}}\n}}\n"
            ),
        );
    }
    if let Some(worker) = state.worker {
        put("/etc/systemd/system/chaos-worker.service", WORKER_UNIT);
        put("/etc/chaos/worker", &format!("V={worker}\n"));
    }
    if let Some(minute) = state.timer {
        put("/etc/systemd/system/chaos-tick.service", TICK_UNIT);
        let timer =
            format!("[Timer]\nOnCalendar=*-02-30 03:{minute:02}:00\n[Install]\nWantedBy=timers.target\n");
        put("/etc/systemd/system/chaos-tick.timer", &timer);
    }
    for (path, is) in &state.files {
        all.files.insert((*path).to_owned(), file(&is.text, is.mode, is.owner));
    }
    let mut secret = Text::new();
    secret.secret_line("password = ", &state.secret, "", &why());
    let secret = File { text: secret, ..file("", 0o600, "root") };
    all.files.insert(SECRET.to_owned(), secret);
    for (path, target) in &state.links {
        all.links.insert((*path).to_owned(), Link { target: (*target).to_owned(), why: why() });
    }
    for (path, (mode, owner)) in &state.dirs {
        let owner = (*owner).to_owned();
        let dir = Dir { mode: *mode, group: owner.clone(), owner, data: false, why: why() };
        all.dirs.insert((*path).to_owned(), dir);
    }
    for (name, is) in &state.users {
        let user = User {
            system: is.system,
            home: format!("/home/{name}"),
            shell: "/bin/sh".into(),
            groups: if is.adm { set(&["adm"]) } else { BTreeSet::new() },
            keys: is.key.iter().cloned().collect(),
            why: why(),
        };
        all.users.insert((*name).to_owned(), user);
    }
    units(state, &mut all);
    checks(state, &mut all);
    all
}

fn units(state: &State, all: &mut Desired) {
    let mut app = unit(UnitKind::Service, &[LIVE], &[STATIC]);
    if state.flaw == Flaw::CommandHangs {
        app.reload = shell("sleep infinity");
    }
    all.units.insert("chaos-app.service".into(), app);
    all.units.insert("chaos-sysctl.service".into(), unit(UnitKind::Apply, &[], &[SYSCTL]));
    if state.port.is_some() {
        all.units.insert("chaos-nft.service".into(), unit(UnitKind::Apply, &[], &[NFT]));
    }
    if state.worker.is_some() {
        let mut worker = unit(UnitKind::Service, &[], &["/etc/chaos/worker"]);
        worker.after.insert("chaos-app.service".into());
        all.units.insert("chaos-worker.service".into(), worker);
    }
    if state.timer.is_some() {
        all.units.insert("chaos-tick.timer".into(), unit(UnitKind::Service, &[], &[]));
    }
}

fn checks(state: &State, all: &mut Desired) {
    let script = match state.flaw {
        Flaw::CheckerHangs => "sleep infinity".to_owned(),
        Flaw::CheckerRefuses => "echo no; false".to_owned(),
        _ => format!("grep -q . {{stage}}{STATIC}"),
    };
    all.checks.push(Check {
        engine: "chaos".into(),
        files: set(&[STATIC, LIVE, "/etc/chaos/a/one"]),
        argv: shell(&script),
        timeout_s: if state.flaw == Flaw::CheckerHangs { 1 } else { 10 },
    });
    let mut health = |name: &str, probe: Probe, timeout_s| {
        all.health.push(Health { name: name.into(), probe, timeout_s, why: why() });
    };
    health("app", Probe::Unit("chaos-app.service".into()), 10);
    health("loaded", Probe::Command(["/usr/bin/cmp", "-s", LIVE, LOADED].map(str::to_owned).to_vec()), 5);
    if state.flaw == Flaw::ProbeFails {
        health("sick", Probe::Tcp("127.0.0.1:9".into()), 1);
    }
}

/// The values of the secrets.
pub fn secret(name: &str) -> Option<String> {
    Some(format!("value-of-{name}"))
}
