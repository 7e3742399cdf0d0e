//! Applies on a machine with a real systemd. Needs root and the twin's engines, and fails without.
#![allow(clippy::unwrap_used, clippy::panic)]

use apply::{AgentBinary, HostOutcome, Options, Target, apply_fleet, status_fleet};
use artifact::protocol::Status;
use artifact::{Desired, Dir, File, Health, Probe, Text, Unit, UnitKind, User, Why};
use diag::Place;
use remote::{Output, Remote, RemoteError, Stream};
use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use twin::topology::Machine;
use twin::{Base, NamespaceRemote, PowerOff, Seeds, Topology, Twin, Watch};

const LIMIT: Duration = Duration::from_secs(20);

/// A way onto the machine that can refuse commands and make the agent die.
struct Way {
    inner: NamespaceRemote,
    deaf_to: Mutex<Vec<&'static str>>,
    die_at: Mutex<Option<String>>,
}

impl Way {
    fn through(&self, argv: &[&str]) -> Result<Vec<String>, RemoteError> {
        if self.deaf_to.lock().unwrap().iter().any(|d| argv.contains(d)) {
            return Err(RemoteError::Unreachable {
                host: "web".into(),
                reason: remote::Reach::NoRoute,
                detail: "cut off".into(),
            });
        }
        let mut words: Vec<String> = argv.iter().map(|a| (*a).to_owned()).collect();
        if let Some(point) = self.die_at.lock().unwrap().as_ref().filter(|_| argv.contains(&"apply")) {
            words.splice(0..0, ["env".to_owned(), format!("FLEETWRIGHT_DIE_AT={point}")]);
        }
        Ok(words)
    }
}

impl Remote for Way {
    fn name(&self) -> &str {
        "web"
    }
    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        let words = self.through(argv)?;
        self.inner.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), stdin, deadline)
    }
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        self.inner.read(path)
    }
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        self.inner.write(path, bytes, mode)
    }
    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        let words = self.through(argv)?;
        self.inner.open(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// One machine without a network, taken down when its test ends.
struct Machine1 {
    twin: Option<Twin>,
    way: Arc<Way>,
}

impl Machine1 {
    fn up(test: &str) -> Self {
        let base = Base::ensure(&twin::base::Recipe::default(), &Watch::quiet()).unwrap();
        let mut topology = Topology::default();
        topology.machines.insert("web".into(), Machine { interfaces: Vec::new() });
        let name = format!("t{}-{test}", std::process::id());
        let twin = Twin::up(&name, topology, &Seeds::default(), &base, &Watch::quiet()).unwrap();
        let inner = twin.remote("web").unwrap();
        let way = Way { inner, deaf_to: Mutex::default(), die_at: Mutex::default() };
        Machine1 { twin: Some(twin), way: Arc::new(way) }
    }
    fn twin(&self) -> &Twin {
        self.twin.as_ref().unwrap()
    }
    fn sh(&self, script: &str) -> String {
        let output = self.way.inner.run(&["sh", "-c", script], b"", LIMIT).unwrap();
        assert!(output.ok(), "{script}: {} {}", output.text(), output.error_text());
        output.text()
    }
    fn apply(&self, desired: &Desired, options: &Options) -> HostOutcome {
        let target = Target { remote: self.way.clone(), desired, secrets: &secret };
        apply_fleet(&[target], options, &channel().0).hosts.remove("web").unwrap()
    }
    fn settle(&self, desired: &Desired) -> u64 {
        match self.apply(desired, &options()) {
            HostOutcome::Changed { generation, .. } => generation,
            other => panic!("{other}"),
        }
    }
    fn status(&self) -> Status {
        let desired = Desired { host: "web".into(), ..Desired::default() };
        let target = Target { remote: self.way.clone(), desired: &desired, secrets: &secret };
        let mut status = status_fleet(&[target], &options());
        assert!(status.unknown.is_empty(), "{:?}", status.unknown);
        status.hosts.remove("web").unwrap()
    }
    /// Everything a change could touch, and what runs, without start times.
    fn all(&self) -> String {
        self.sh(
            "cd /; find etc srv home -newermt 1970-01-01 ! -path '*fleetwright*' ! -name '*-' ! -path '*sysinit.target*' \
             -printf '%p %y %m %U:%G %l\\n' | sort; \
             find etc srv home -type f ! -path '*fleetwright*' ! -name '*-' -print0 | sort -z | xargs -0 sha256sum; \
             systemctl list-units --no-legend --plain --type=service --state=active 'app*' 'one*' 'new*'",
        )
    }
}

/// Lines that are only in one of two texts.
fn apart(was: &str, is: &str) -> Vec<String> {
    let (a, b): (BTreeSet<&str>, BTreeSet<&str>) = (was.lines().collect(), is.lines().collect());
    a.symmetric_difference(&b).map(|l| (*l).to_owned()).collect()
}

impl Drop for Machine1 {
    fn drop(&mut self) {
        if let Some(twin) = self.twin.take() {
            let _ = twin.down();
        }
    }
}

fn secret(name: &str) -> Option<String> {
    Some(format!("value-of-{name}"))
}

fn options() -> Options {
    let agent = AgentBinary::read(env!("CARGO_BIN_EXE_fleetwright-agent").as_ref()).unwrap();
    Options { settle_ms: 200, ..Options::new(agent) }
}

fn why() -> Why {
    Why::new(&Place::new("services/web.yaml", 3, 1), "the test wants it")
}

fn file(text: &str) -> File {
    let mut lines = Text::new();
    lines.line(text, &why());
    File { engine: "app".into(), mode: 0o644, owner: "root".into(), group: "root".into(), text: lines }
}

fn unit(kind: UnitKind, reload_on: &[&str], restart_on: &[&str]) -> Unit {
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
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

const APP: &str = "[Service]\nType=exec\nExecStart=/bin/sleep infinity\nExecReload=/bin/cp /etc/app/live /run/app.live\n\
                   [Install]\nWantedBy=multi-user.target";
const ONE: &str = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/cp /etc/one/value /run/one.value\n\
                   [Install]\nWantedBy=multi-user.target";

/// A service that reloads one file and restarts for another, and a one-shot that applies a file.
fn first() -> Desired {
    let mut desired = Desired { host: "web".into(), ..Desired::default() };
    desired.files.insert("/etc/systemd/system/app.service".into(), file(APP));
    desired.files.insert("/etc/systemd/system/one.service".into(), file(ONE));
    desired.files.insert("/etc/app/live".into(), file("1"));
    desired.files.insert("/etc/app/static".into(), file("1"));
    desired.files.insert("/etc/one/value".into(), file("1"));
    desired
        .units
        .insert("app.service".into(), unit(UnitKind::Service, &["/etc/app/live"], &["/etc/app/static"]));
    desired.units.insert("one.service".into(), unit(UnitKind::Apply, &[], &["/etc/one/value"]));
    desired.health.push(Health {
        name: "app".into(),
        probe: Probe::Unit("app.service".into()),
        timeout_s: 5,
        why: why(),
    });
    desired
}

/// Changes everything: a user comes, the one-shot goes, a unit comes, all files change.
fn second() -> Desired {
    let mut desired = first();
    desired.files.insert("/etc/app/live".into(), file("2"));
    desired.files.insert("/etc/app/static".into(), file("2"));
    desired.files.remove("/etc/one/value");
    desired.files.remove("/etc/systemd/system/one.service");
    desired.units.remove("one.service");
    desired.files.insert("/etc/systemd/system/new.service".into(), file(APP));
    desired.units.insert("new.service".into(), unit(UnitKind::Service, &[], &[]));
    let user = User {
        system: false,
        home: "/home/ann".into(),
        shell: "/bin/sh".into(),
        groups: ["adm".to_owned()].into(),
        keys: vec!["ssh-ed25519 AAAA ann".into()],
        why: why(),
    };
    desired.users.insert("ann".into(), user);
    let dir = Dir { mode: 0o750, owner: "ann".into(), group: "ann".into(), data: false, why: why() };
    desired.dirs.insert("/srv/ann".into(), dir);
    desired
}

#[test]
fn applying_twice_restarts_nothing_and_each_change_does_the_least() {
    let host = Machine1::up("twice");
    let generation = host.settle(&first());
    let begun = host.status();
    assert_eq!(host.sh("systemctl is-enabled app one; cat /run/one.value"), "enabled\nenabled\n1");
    assert!(begun.units["app.service"].main_pid > 0 && begun.drift.is_empty());
    let clock = Instant::now();
    assert_eq!(host.apply(&first(), &options()), HostOutcome::Unchanged { generation });
    assert!(clock.elapsed() < Duration::from_secs(1));
    assert_eq!(host.status().units, begun.units, "start times and processes are the same");

    let mut desired = first();
    desired.files.insert("/etc/app/live".into(), file("2"));
    desired.files.insert("/etc/one/value".into(), file("2"));
    host.settle(&desired);
    let reloaded = host.status();
    assert_eq!(reloaded.units["app.service"].main_pid, begun.units["app.service"].main_pid);
    assert_eq!(host.sh("cat /run/app.live /run/one.value"), "2\n2");
    desired.files.insert("/etc/app/static".into(), file("2"));
    host.settle(&desired);
    assert_ne!(host.status().units["app.service"].main_pid, begun.units["app.service"].main_pid);
}

#[test]
fn a_service_that_starts_and_then_dies_is_reported_within_two_seconds_and_undone() {
    let host = Machine1::up("dies");
    let virgin = host.all();
    host.settle(&first());
    let before = host.all();
    for dying in ["ExecStart=/bin/sh -c 'sleep 0.05; exit 1'", "ExecStart=/bin/false\nRestart=always"] {
        let mut desired = second();
        let text = format!("[Service]\nType=exec\n{dying}\n[Install]\nWantedBy=multi-user.target");
        desired.files.insert("/etc/systemd/system/new.service".into(), file(&text));
        let clock = Instant::now();
        let HostOutcome::Undone { reason, report } = host.apply(&desired, &options()) else { panic!() };
        assert!(clock.elapsed() < Duration::from_secs(2), "{:?}", clock.elapsed());
        assert!(reason.contains("new.service"), "{reason}");
        assert_eq!(report.remaining, Vec::<String>::new());
        assert_eq!(host.all(), before);
        host.sh("systemctl is-active app one && ! id ann && ! systemctl is-active fleetwright-deadman.timer");
    }
    host.settle(&second());
    assert_eq!(
        host.sh("id -nG ann; stat -c '%U %a' /home/ann/.ssh/authorized_keys /srv/ann"),
        "ann adm\nann 600\nann 750"
    );
    host.settle(&Desired { host: "web".into(), ..Desired::default() });
    assert_eq!(host.all(), virgin);
}

#[test]
fn a_start_limit_keeps_no_service_from_coming_back() {
    let host = Machine1::up("limit");
    let mut desired = first();
    let limited = "[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n[Service]\nType=exec\n\
                   ExecStart=/bin/sh -c 'exec $$(cat /etc/app/static)'\n[Install]\nWantedBy=multi-user.target";
    desired.files.insert("/etc/systemd/system/app.service".into(), file(limited));
    desired.files.insert("/etc/app/static".into(), file("sleep infinity"));
    host.settle(&desired);
    let before = host.all();
    // Only a file the service reads: systemd does not read its units again, which would forget the starts.
    desired.files.insert("/etc/app/static".into(), file("false"));
    let HostOutcome::Undone { report, .. } = host.apply(&desired, &options()) else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(host.all(), before);
}

#[test]
fn a_host_nobody_can_confirm_is_back_within_its_deadline_and_five_seconds() {
    let host = Machine1::up("alone");
    host.settle(&first());
    let before = host.all();
    host.way.deaf_to.lock().unwrap().extend(["confirm", "undo"]);
    let clock = Instant::now();
    let outcome = host.apply(&second(), &Options { deadline_s: 2, ..options() });
    let HostOutcome::Undone { reason, report } = outcome else { panic!("{outcome}") };
    assert!(clock.elapsed() < Duration::from_secs(7), "{:?}", clock.elapsed());
    assert!(report.reason.contains("nobody confirmed"), "{reason}: {}", report.reason);
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(host.all(), before);
}

#[test]
fn after_a_power_cut_the_host_is_old_before_its_services_come_up() {
    let host = Machine1::up("power");
    host.settle(&first());
    let before = host.all();
    host.way.deaf_to.lock().unwrap().extend(["status", "undo"]);
    for point in ["switching:files", "switching:units", "switched", "observed"] {
        *host.way.die_at.lock().unwrap() = Some(point.to_owned());
        // Without a timer: the boot alone brings it back.
        let outcome = host.apply(&second(), &Options { deadline_s: 0, ..options() });
        assert!(matches!(outcome, HostOutcome::Unknown { .. }), "{point}: {outcome}");
        host.twin().power_off("web", PowerOff::Cut).unwrap();
        host.twin().power_on("web", &Watch::quiet()).unwrap();
        assert_eq!(host.all(), before, "{point}");
        assert_eq!(host.sh("cat /run/one.value; systemctl is-system-running"), "1\nrunning", "{point}");
        host.way.deaf_to.lock().unwrap().clear();
        let status = host.status();
        assert_eq!((status.generation, status.pending), (1, None), "{point}");
        assert!(status.undo_report.unwrap().reason.contains("at boot"), "{point}");
        host.way.deaf_to.lock().unwrap().extend(["status", "undo"]);
    }
}

/// Nobody comes back and nobody is left on the host: systemd alone undoes it, by a clock that cannot jump.
#[test]
fn after_the_agent_died_the_timer_alone_brings_the_host_back() {
    let host = Machine1::up("timer");
    host.settle(&first());
    let before = host.all();
    host.way.deaf_to.lock().unwrap().extend(["status", "undo", "confirm"]);
    for point in ["switching:files", "switching:units", "observed"] {
        *host.way.die_at.lock().unwrap() = Some(point.to_owned());
        let begun = Instant::now();
        let outcome = host.apply(&second(), &Options { deadline_s: 3, ..options() });
        assert!(matches!(outcome, HostOutcome::Unknown { .. }), "{point}: {outcome}");
        if begun.elapsed() < Duration::from_millis(2500) {
            let timer =
                host.sh("systemctl show fleetwright-deadman.timer -p TimersMonotonic -p TimersCalendar");
            assert!(timer.contains("OnActiveUSec=3s") && !timer.contains("OnCalendar"), "{timer}");
        }
        let journal = "tail -n 1 /var/lib/fleetwright/journal";
        // The journal tells nobody on the outside that it has a new line.
        while !host.sh(journal).contains("undone") {
            assert!(begun.elapsed() < Duration::from_secs(8), "{point}: {}", host.sh(journal));
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(apart(&before, &host.all()), Vec::<String>::new(), "{point}");
        host.sh("systemctl is-active app one && ! systemctl is-active fleetwright-deadman.timer");
    }
}

#[test]
fn a_reload_that_hangs_in_systemd_is_given_up_at_the_deadline_and_undone() {
    let host = Machine1::up("hang");
    let mut begun = first();
    begun
        .files
        .insert("/etc/systemd/system/app.service".into(), file(&format!("{APP}\n[Service]\nTimeoutSec=300")));
    host.settle(&begun);
    let before = host.all();
    let mut desired = begun.clone();
    // The daemon cannot take this file in: its reload never ends.
    host.sh(
        "rm -f /etc/app/pipe; mkfifo /run/app.pipe; rm -f /run/app.live; ln -s /run/app.pipe /run/app.live",
    );
    desired.files.insert("/etc/app/live".into(), file("2"));
    let clock = Instant::now();
    let outcome = host.apply(&desired, &Options { deadline_s: 3, ..options() });
    // A controller that does not wait for the way back says so; the host goes back all the same.
    assert!(matches!(outcome, HostOutcome::Undone { .. } | HostOutcome::Unknown { .. }), "{outcome}");
    while !host.sh("tail -n 1 /var/lib/fleetwright/journal").contains("undone") {
        assert!(clock.elapsed() < Duration::from_secs(20), "{outcome}");
        // The journal tells nobody on the outside that it has a new line.
        std::thread::sleep(Duration::from_millis(100));
    }
    let report = host.status().undo_report.unwrap();
    assert!(report.reason.contains("did not reload within"), "{}", report.reason);
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(apart(&before, &host.all()), Vec::<String>::new());
}

#[test]
fn what_runs_is_drift_when_somebody_changed_it_by_hand() {
    let host = Machine1::up("drift");
    let mut desired = first();
    let table = "table inet fleetwright {\nchain input {\ntype filter hook input priority 0; policy accept;\ntcp dport 9 counter drop\n}\n}";
    desired.files.insert("/etc/nftables.conf".into(), file(table));
    desired.files.insert("/etc/systemd/network/10-lo.network".into(), file("[Match]\nName=lo"));
    host.sh("nft delete table inet fleetwright 2>/dev/null || true");
    host.sh("printf 'table inet fleetwright {\\nchain input {\\ntype filter hook input priority 0; policy accept;\\ntcp dport 9 counter drop\\n}\\n}\\n' | nft -f -");
    host.settle(&desired);
    let drift = || {
        let hello = artifact::protocol::Hello { protocol: 2, agent: String::new() };
        let mut line = serde_json::to_vec(&artifact::protocol::StatusRequest { hello }).unwrap();
        line.push(b'\n');
        let out = host.way.inner.run(&[artifact::protocol::AGENT_PATH, "drift"], &line, LIMIT).unwrap();
        match serde_json::from_slice(&out.stdout).unwrap() {
            artifact::protocol::Event::Drift(report) => report.items,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(drift(), []);
    host.sh("nft add rule inet fleetwright input tcp dport 10 drop; ip addr add 10.9.9.9/32 dev lo; echo 9 >/etc/app/live; \
             systemctl stop app");
    let items = drift();
    let names: Vec<&str> = items.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["/etc/app/live", "app.service", "addresses", "nft"]);
    assert!(items[0].diff.as_deref().unwrap().contains("-1\n+9"));
    assert!(items[2].diff.as_deref().unwrap().contains("10.9.9.9/32"));
    assert!(items[3].diff.as_deref().unwrap().contains("+\t\ttcp dport 10 drop"));
    let receipt = host.status().receipt.unwrap();
    assert_eq!(receipt.running.keys().collect::<Vec<_>>(), ["addresses", "nft"]);
    let public =
        host.sh("test -e /etc/ssh/ssh_host_ed25519_key.pub && cat /etc/ssh/ssh_host_ed25519_key.pub || true");
    assert_eq!(receipt.signature.is_some(), !public.is_empty());
}
