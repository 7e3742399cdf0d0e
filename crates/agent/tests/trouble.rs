//! Disks that are full or read-only, packages that start daemons, drift in what runs.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use artifact::protocol::{Code, Event, ProbeRequest, State};
use artifact::{Health, Package, Probe};
use common::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A mount namespace that lasts as long as its process: what is mounted in it goes with it.
struct Mounts {
    holder: Child,
}

impl Mounts {
    /// Needs root, and fails without.
    fn new(script: &str) -> Self {
        let script = format!("set -e; {script}; echo ready; exec cat");
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "/bin/sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "root is needed");
        Mounts { holder }
    }
    fn sh(&self, script: &str) {
        let pid = self.holder.id().to_string();
        let status = Command::new("nsenter").args(["--mount", "-t", &pid, "/bin/sh", "-c", script]).status();
        assert!(status.unwrap().success(), "{script}");
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// A world with folders of it on file systems of their own, filled with what the host had there.
fn mounted(script: &str) -> (World, Mounts) {
    let mut world = World::new();
    world.settle(&first());
    let root = world.root().display().to_string();
    let mounts = Mounts::new(&script.replace("ROOT", &root));
    world.within = Some(mounts.holder.id());
    (world, mounts)
}

/// `ROOT/PATH` on a tmpfs of this size, with what was in it.
fn on_tmpfs(path: &str, size: &str) -> String {
    format!(
        "cp -a ROOT{path} ROOT/saved; mount -t tmpfs -o size={size} tmpfs ROOT{path}; cp -a ROOT/saved/. ROOT{path}; \
         rm -r ROOT/saved"
    )
}

#[test]
fn a_state_folder_without_room_fails_before_anything_changes() {
    let (world, mounts) = mounted(&on_tmpfs("/var/lib/fleetwright", "600k"));
    let before = (world.tree(), world.active());
    let mut desired = second();
    desired.files.insert("/etc/web/big".into(), file("web", 0o644, &"x".repeat(900 << 10)));
    let Event::Failed(fault) = world.apply(&desired) else { panic!() };
    assert_eq!(fault.code, Code::DiskFull);
    assert_eq!((world.tree(), world.active()), before);
    assert_eq!(world.status().pending, None);
    // What came for nothing is gone, so that a smaller change has room.
    world.settle(&second());
    mounts.sh(&format!("head -c 10M /dev/zero >{}/var/lib/fleetwright/junk || true", world.root().display()));
    assert_eq!(
        world.apply(&second()),
        Event::Unchanged(world.status().generation),
        "a question needs no room"
    );
    let Event::Failed(fault) = world.apply(&first()) else { panic!() };
    assert_eq!(fault.code, Code::DiskFull);
}

#[test]
fn a_disk_that_fills_up_in_the_switch_is_gone_back_from() {
    let (world, _mounts) = mounted(&on_tmpfs("/var/lib/fleetwright", "3m"));
    let before = (world.tree(), world.active());
    let mut desired = second();
    // The daemon that starts eats all there is.
    let junk = world.root().join("var/lib/fleetwright/junk").display().to_string();
    let eat = format!("cat /dev/zero >{junk}; exit 1");
    let mut unit = unit(&["/etc/web/web.conf"], &[], &[]);
    unit.reload = vec!["/bin/sh".into(), "-c".into(), eat];
    desired.units.insert("web.service".into(), unit);
    let Event::Undone(report) = world.apply(&desired) else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!((world.tree(), world.active()), before);
    assert_eq!(world.status().pending, None, "what was set aside was room enough for the journal");
}

#[test]
fn etc_without_room_or_read_only_fails_before_anything_changes() {
    for (script, code) in [
        (on_tmpfs("/etc", "300k"), Code::DiskFull),
        ("mount --bind ROOT/etc ROOT/etc; mount -o remount,bind,ro ROOT/etc".to_owned(), Code::ReadOnly),
    ] {
        let (world, _mounts) = mounted(&script);
        let before = (world.tree(), world.active());
        assert_eq!(world.apply(&first()), Event::Unchanged(1));
        let mut desired = second();
        desired.files.insert("/etc/web/big".into(), file("web", 0o644, &"x".repeat(400 << 10)));
        let Event::Failed(fault) = world.apply(&desired) else { panic!("{code}") };
        assert_eq!(fault.code, code, "{fault}");
        assert_eq!((world.tree(), world.active()), before);
        assert_eq!(world.status().pending, None);
    }
}

#[test]
fn a_read_only_state_folder_is_refused() {
    let ro = "mount --bind ROOT/var/lib/fleetwright ROOT/var/lib/fleetwright; \
              mount -o remount,bind,ro ROOT/var/lib/fleetwright";
    let (world, _mounts) = mounted(ro);
    let before = world.tree();
    let Event::Refused(fault) = world.apply(&second()) else { panic!() };
    assert_eq!(fault.code, Code::ReadOnly);
    assert_eq!((world.tree(), world.status().generation), (before, 1));
}

/// A package manager that notes what a maintainer script would be told about starting its daemon.
fn put_apt(world: &World, then: &str) {
    let root = world.root().display().to_string();
    let script = format!(
        "#!/bin/sh\nif [ -x {root}/usr/sbin/policy-rc.d ]; then {root}/usr/sbin/policy-rc.d db start; echo $? >{root}/srv/policy; \
         else echo none >{root}/srv/policy; fi\nprintf 'Package: checker\\nStatus: install ok installed\\n' >{root}/var/lib/dpkg/status\n{then}\n"
    );
    std::fs::create_dir_all(world.path("/var/lib/dpkg")).unwrap();
    world.put("/usr/bin/apt-get", &script, 0o755);
}

#[test]
fn daemons_of_packages_wait_for_the_fleets_configuration() {
    let mut desired = first();
    desired.packages.insert("checker".into(), Package { why: why() });
    let policy = "/usr/sbin/policy-rc.d";

    let world = World::new();
    put_apt(&world, "");
    world.settle(&desired);
    assert_eq!(world.text("/srv/policy"), "101\n");
    assert!(!world.path(policy).exists());

    let world = World::new();
    put_apt(&world, "");
    world.put(policy, "#!/bin/sh\nexit 104\n", 0o755);
    world.settle(&desired);
    assert_eq!(world.text("/srv/policy"), "104\n", "somebody else's is heeded");
    assert!(world.path(policy).exists(), "and stays");

    let world = World::new();
    put_apt(&world, "kill -9 $PPID");
    assert_eq!(world.apply_with(&desired, &[]), None);
    assert!(world.path(policy).exists());
    assert_eq!(world.recover(), Event::Unchanged(0));
    assert!(!world.path(policy).exists(), "taken away at the next contact");
}

#[test]
fn drift_is_told_with_diffs_and_without_secrets() {
    let world = World::new();
    let root = world.root().display().to_string();
    world.put("/usr/sbin/nft", &format!("#!/bin/sh\ncat {root}/srv/rules\n"), 0o755);
    world.put("/srv/rules", "table inet fleetwright {\n\tchain input {\n\t}\n}\n", 0o644);
    let mut desired = first();
    desired.files.insert("/etc/nftables.conf".into(), file("nftables", 0o600, "table inet fleetwright {}"));
    desired.files.insert("/etc/web/key".into(), secret_file("web"));
    let generation = world.settle(&desired);
    let report = world.drift();
    assert_eq!((report.generation, report.items, report.pending), (generation, vec![], None));

    world.put("/etc/web/web.conf", "listen 99\n", 0o640);
    world.put("/etc/web/key", "key = by-hand-and-secret\n", 0o600);
    std::fs::remove_file(world.path("/etc/nftables.conf")).unwrap();
    world.put("/etc/systemd/system/web.service.d/hand.conf", "[Service]\nNice=5\n", 0o644);
    world.put("/srv/rules", "table inet fleetwright {\n\tchain input {\n\t\taccept\n\t}\n}\n", 0o644);
    world.systemd.brain.lock().unwrap().active.remove("db.service");
    let items = world.drift().items;
    let shown: Vec<(&str, &str, &str)> =
        items.iter().map(|i| (i.kind.as_str(), i.name.as_str(), i.what.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("file", "/etc/nftables.conf", "is gone"),
            ("file", "/etc/web/key", "content, with secrets"),
            ("file", "/etc/web/web.conf", "content, mode 0640, was 0644"),
            ("unit", "db.service", "does not run"),
            ("file", "/etc/systemd/system/web.service.d/hand.conf", "is extra: not of the fleet"),
            ("running", "nft", "is not as it was confirmed"),
        ]
    );
    let diff = |at: usize| items[at].diff.as_deref();
    assert_eq!(diff(0), Some("@@ -1 +0,0 @@\n-table inet fleetwright {}\n"));
    assert_eq!(diff(1), None);
    assert_eq!(diff(2), Some("@@ -1 +1 @@\n-listen 80\n+listen 99\n"));
    assert!(diff(5).unwrap().contains("+\t\taccept"));
    assert!(!serde_json::to_string(&items).unwrap().contains("by-hand-and-secret"));
}

#[test]
fn a_host_is_a_witness_for_another() {
    let world = World::new();
    let probe = |probe: Probe| match world.ask("probe", &ProbeRequest { hello: hello(), probe, timeout_s: 1 })
    {
        Event::Probed { held, detail } => (held, detail),
        other => panic!("{other:?}"),
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_eq!(probe(Probe::Tcp(address.clone())), (true, String::new()));
    drop(listener);
    let (held, detail) = probe(Probe::Tcp(address));
    assert!(!held && detail.contains("refused"), "{detail}");
    assert!(!probe(Probe::Unit("web.service".into())).0);
    world.systemd.brain.lock().unwrap().installed.insert("web.service".into());
    world.systemd.brain.lock().unwrap().active.insert("web.service".into());
    assert!(probe(Probe::Unit("web.service".into())).0);
}

#[test]
fn health_is_not_waited_for_past_the_deadline() {
    let world = World::new();
    let before = world.tree();
    let mut desired = first();
    let probe = Probe::Command(vec!["/bin/false".into()]);
    desired.health.push(Health { name: "never".into(), probe, timeout_s: 60, why: why() });
    let (want, blobs) = flat(&desired);
    let mut first_line = request(artifact::protocol::Goal::Digest(want.digest()));
    first_line.deadline_s = 1;
    let mut talk = world.begin_with(&first_line, &[]);
    talk.until(|e| *e == Event::Want);
    talk.say(&artifact::protocol::Packed::value(&want).unwrap());
    let Event::Observed(seen) = talk.hear().unwrap() else { panic!() };
    let begun = std::time::Instant::now();
    talk.go(&seen, &blobs, false);
    let Event::Undone(report) = talk.end() else { panic!() };
    assert!(begun.elapsed().as_secs() < 5 && report.from == State::Switched);
    assert_eq!(world.tree(), before);
}

fn with_ann(groups: &[&str]) -> artifact::Desired {
    let mut desired = first();
    let mut ann = second().users["ann"].clone();
    ann.groups = groups.iter().map(|g| (*g).to_owned()).collect();
    desired.users.insert("ann".into(), ann);
    desired
}

fn failing(mut desired: artifact::Desired) -> artifact::Desired {
    let probe = Probe::Command(vec!["/bin/false".into()]);
    desired.health.push(Health { name: "never".into(), probe, timeout_s: 1, why: why() });
    desired
}

#[test]
fn an_account_that_left_is_made_again_by_the_undo() {
    let world = World::new();
    world.settle(&with_ann(&["adm"]));
    world.put("/etc/shadow", "root:*:1::::::\nann:$y$secret:1::::::\n", 0o600);
    let before = world.tree();
    let Event::Undone(report) = world.apply(&failing(first())) else { panic!() };
    assert_eq!(report.remaining, Vec::<String>::new());
    assert_eq!(world.text("/srv/chpasswd"), "ann:$y$secret\n");
    std::fs::remove_file(world.path("/srv/chpasswd")).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    for (path, text) in world.tree() {
        assert_eq!(sorted(&text), sorted(&before[&path]), "{path}");
    }
}

#[test]
fn an_account_that_cannot_be_made_again_is_said_to_remain() {
    let world = World::new();
    world.settle(&with_ann(&[]));
    world.put("/usr/sbin/useradd", "#!/bin/sh\nexit 0\n", 0o755);
    let Event::Undone(report) = world.apply(&failing(first())) else { panic!() };
    assert_eq!(report.remaining, ["the account ann is not as it was"]);
}

#[test]
fn a_group_that_leaves_the_model_leaves_the_user_unless_it_was_there_before() {
    let world = World::new();
    world.settle(&with_ann(&["adm", "new"]));
    assert_eq!(world.text("/etc/group"), "root:x:0:\nadm:x:4:ann\nnew:x:4001:ann\nann:x:4000:\n");
    assert_eq!(world.observation(&with_ann(&["new"])).users["ann"].groups_extra, ["adm".to_owned()].into());
    let Event::Undone(_) = world.apply(&failing(with_ann(&["new", "other"]))) else { panic!() };
    assert_eq!(world.text("/etc/group"), "root:x:0:\nadm:x:4:ann\nnew:x:4001:ann\nann:x:4000:\n");
    world.settle(&with_ann(&["new"]));
    assert_eq!(world.text("/etc/group"), "root:x:0:\nadm:x:4:\nnew:x:4001:ann\nann:x:4000:\n");
    assert!(matches!(world.apply(&with_ann(&["new"])), Event::Unchanged(_)));

    let world = World::new();
    world.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:0:0::/home/ann:/bin/sh\n", 0o644);
    world.put("/etc/group", "root:x:0:\nadm:x:4:ann\ngames:x:60:\n", 0o644);
    world.settle(&with_ann(&["adm", "games"]));
    world.settle(&with_ann(&[]));
    assert_eq!(world.text("/etc/group"), "root:x:0:\nadm:x:4:ann\ngames:x:60:\n");
}
