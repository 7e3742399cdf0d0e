//! Users who are not root, with the machine's real sudo: sshd runs in a mount namespace of its own, where
//! passwd, shadow and sudoers are the test's.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{LIMIT, Sshd};
use remote::ssh::{Ask, Client, Destination, Settings};
use remote::{Reach, Remote, RemoteError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// sha512crypt of `open sesame`.
const HASH: &str =
    "$6$fleetwright$rv1lp/mkbQjQnsjKUAmpmL7Ldxzq0t243eK57yGMM2WvZ5gYd9JNHxlb31xchXBbUVb/mX6x8RPUeB.HhZ0Oc.";

/// An sshd of a machine with the user anna, and what she may do.
fn machine(sudoers: &str) -> Sshd {
    let sshd = Sshd::before(|folder| {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let put = |name: &str, text: &str, mode: u32| {
            let at = folder.join(name);
            fs::write(&at, text).unwrap();
            fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
        };
        let read = |path: &str| fs::read_to_string(path).unwrap();
        put("passwd", &(read("/etc/passwd") + "anna:x:54321:54321::/tmp:/bin/sh\n"), 0o644);
        put("shadow", &(read("/etc/shadow") + &format!("anna:{HASH}:20000:0:99999:7:::\n")), 0o600);
        put("sudoers", &format!("Defaults !lecture, lecture=never\n{sudoers}\n"), 0o440);
        fs::set_permissions(folder.join("authorized"), fs::Permissions::from_mode(0o644)).unwrap();
        let script = "d=$1; shift; for f in passwd shadow sudoers; do mount --bind \"$d/$f\" /etc/$f || exit 1; done; exec \"$@\"";
        let mut words = vec!["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"];
        let folder = folder.display().to_string();
        words.push(&folder);
        words.into_iter().map(str::to_owned).collect()
    });
    assert!(Path::new("/usr/bin/sudo").exists(), "this needs sudo");
    sshd
}

fn anna(sshd: &Sshd) -> Destination {
    Destination { user: Some("anna".into()), ..sshd.destination("nas") }
}

fn asked(sshd: &Sshd, word: Option<&'static str>) -> (Client, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let ask = move |ask: &Ask| {
        assert_eq!(*ask, Ask::Sudo("anna".into()));
        counter.fetch_add(1, Ordering::SeqCst);
        word.map(str::to_owned)
    };
    let settings = Settings { ask: Arc::new(ask), ..sshd.settings("nas") };
    (Client::new(settings).unwrap(), count)
}

fn reason(error: RemoteError) -> (Reach, String) {
    match error {
        RemoteError::Unreachable { reason, detail, .. } => (reason, detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn root_without_a_password_commands_are_roots() {
    let sshd = machine("anna ALL=(ALL) NOPASSWD: ALL");
    let (client, count) = asked(&sshd, None);
    let nas = client.remote(anna(&sshd));
    assert_eq!(nas.run(&["id", "-u"], b"", LIMIT).unwrap().text(), "0");
    assert_eq!(nas.run(&["cat"], b"in", LIMIT).unwrap().text(), "in");
    assert_eq!(nas.run(&["/no/such"], b"", LIMIT).unwrap().code, 127);
    let path = sshd.at("of root").display().to_string();
    nas.write(&path, b"bytes", 0o600).unwrap();
    assert_eq!(nas.read(&path).unwrap().unwrap(), b"bytes");
    assert_eq!(count.load(Ordering::SeqCst), 0);

    // What root runs is ended too, though its user may not.
    let begun = Instant::now();
    let mark = sshd.at("went on");
    let script = format!("sleep 4; touch {}", mark.display());
    let late = nas.run(&["sh", "-c", &script], b"", Duration::from_millis(500)).unwrap_err();
    assert!(matches!(late, RemoteError::Deadline { .. }), "{late:?}");
    std::thread::sleep(Duration::from_millis(4500).saturating_sub(begun.elapsed()));
    assert!(!mark.exists());
}

#[test]
fn root_a_password_is_asked_for_once_and_never_seen_by_the_command() {
    let sshd = machine("anna ALL=(ALL) ALL");
    let (client, count) = asked(&sshd, Some("open sesame"));
    for _ in 0..2 {
        let nas = client.remote(anna(&sshd));
        assert_eq!(nas.run(&["id", "-u"], b"", LIMIT).unwrap().text(), "0");
        assert_eq!(nas.run(&["cat"], b"in\n", LIMIT).unwrap().stdout, b"in\n");
        let mut stream = nas.open(&["sh", "-c", "id -u; cat"]).unwrap();
        drop(stream.stdin.take());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut fs::File::from(stream.stdout.take().unwrap()), &mut said).unwrap();
        assert_eq!((said.as_str(), stream.exit_code(LIMIT).unwrap()), ("0\n", 0));
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn root_each_way_sudo_says_no_has_its_name() {
    let sshd = machine("anna ALL=(ALL) ALL");
    let why = |client: &Client, sshd: &Sshd| {
        reason(client.remote(anna(sshd)).run(&["true"], b"", LIMIT).unwrap_err())
    };
    let (client, count) = asked(&sshd, None);
    assert_eq!(why(&client, &sshd).0, Reach::SudoPassword);
    assert_eq!(why(&client, &sshd).0, Reach::SudoPassword);
    assert_eq!(count.load(Ordering::SeqCst), 1, "nobody is asked twice");
    let (client, _) = asked(&sshd, Some("wrong"));
    let (reach, text) = why(&client, &sshd);
    assert_eq!(reach, Reach::SudoPassword, "{text}");
    let sshd = machine("root ALL=(ALL) ALL");
    let (client, _) = asked(&sshd, Some("open sesame"));
    let (reach, text) = why(&client, &sshd);
    assert_eq!(reach, Reach::NoSudo, "{text}");
}
