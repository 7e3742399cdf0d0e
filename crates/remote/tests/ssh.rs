//! Hosts over a real sshd: commands, files, streams, and every way in which a connection comes to nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{LIMIT, Sshd, free_port, keygen, me};
use remote::ssh::{Client, Settings};
use remote::{Reach, Remote, RemoteError};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn reason(error: RemoteError) -> (Reach, String) {
    match error {
        RemoteError::Unreachable { reason, detail, .. } => (reason, detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_say_what_they_say_and_end_as_they_end() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let said = nas.run(&["sh", "-c", "cat; echo oh no >&2; exit 3"], b"in\n", LIMIT).unwrap();
    assert_eq!((said.code, &*said.stdout, &*said.stderr), (3, &b"in\n"[..], &b"oh no\n"[..]));
    let odd = ["printf", "%s|", "a b", "", "it's", "$HOME", "a\nb", "*", "\\"];
    let said = nas.run(&odd, b"", LIMIT).unwrap();
    assert_eq!(said.text(), "a b||it's|$HOME|a\nb|*|\\|");
    assert_eq!(nas.run(&["/no/such"], b"", LIMIT).unwrap().code, 127);
    assert_eq!(nas.run(&[&*sshd.at("key.pub").display().to_string()], b"", LIMIT).unwrap().code, 126);
    let said = nas.run(&["sh", "-c", "kill -TERM $$"], b"", LIMIT).unwrap();
    assert_eq!(said.code, 128 + 15);
    // A command that does not read its input.
    assert!(nas.run(&["true"], &vec![b'x'; 5 << 20], LIMIT).unwrap().ok());
}

#[test]
fn much_goes_both_ways_at_once_and_commands_share_a_connection() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let bytes: Vec<u8> = (0..10u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let said = nas.run(&["cat"], &bytes, LIMIT).unwrap();
    assert!(said.ok() && said.stdout == bytes);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let nas = &nas;
            scope.spawn(move || {
                let said = nas.run(&["sh", "-c", &format!("echo {n} $PPID")], b"", LIMIT).unwrap();
                assert!(said.text().starts_with(&n.to_string()));
            });
        }
    });
    let server = |nas: &remote::ssh::SshRemote| {
        nas.run(&["sh", "-c", "echo $SSH_CONNECTION"], b"", LIMIT).unwrap().text()
    };
    let before = server(&nas);
    assert_eq!(before, server(&nas), "one connection");
    nas.renew();
    assert_ne!(before, server(&nas), "a new connection");
}

#[test]
fn a_deadline_ends_the_wait_and_the_connection_goes_on() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let begun = Instant::now();
    let late = nas.run(&["sleep", "30"], b"", Duration::from_millis(600)).unwrap_err();
    assert!(matches!(late, RemoteError::Deadline { after_ms: 400..=600, .. }), "{late:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
}

#[test]
fn files_are_written_whole_with_mode_and_read_back() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let path = sshd.at("new folder/it's.bin").display().to_string();
    assert_eq!(nas.read(&path).unwrap(), None);
    let bytes: Vec<u8> = (0..2_000_000u32).map(|i| (i % 251) as u8).collect();
    nas.write(&path, &bytes, 0o750).unwrap();
    assert_eq!(nas.read(&path).unwrap().unwrap(), bytes);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o750);
    nas.write(&path, b"", 0o600).unwrap();
    assert_eq!(nas.read(&path).unwrap().unwrap(), b"");
    let left: Vec<_> = fs::read_dir(sshd.at("new folder")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(matches!(nas.read("/etc").unwrap_err(), RemoteError::Failed { .. }));
    assert!(matches!(nas.write("/proc/version", b"x", 0o644).unwrap_err(), RemoteError::Failed { .. }));
}

/// A file system that ends with the test.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn root_a_full_and_a_read_only_file_system_are_told_from_other_failures() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let at = sshd.at("small");
    fs::create_dir(&at).unwrap();
    let mount = |options: &str| {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(&at).status().unwrap();
        assert!(done.success(), "this needs root");
    };
    mount("size=64k");
    let mounted = Mounted(at.clone());
    let noise: Vec<u8> = (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let path = at.join("x").display().to_string();
    let (reach, text) = reason(nas.write(&path, &noise, 0o644).unwrap_err());
    assert_eq!(reach, Reach::DiskFull, "{text}");
    assert_eq!(fs::read_dir(&at).unwrap().count(), 0, "nothing is left");
    mount("remount,ro");
    let (reach, text) = reason(nas.write(&path, b"x", 0o644).unwrap_err());
    assert_eq!(reach, Reach::ReadOnly, "{text}");
    drop(mounted);
}

#[test]
fn an_open_command_is_spoken_with() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let mut stream = nas.open(&["sh", "-c", "while read l; do echo \"heard $l\"; done; exit 7"]).unwrap();
    let mut input = File::from(stream.stdin.take().unwrap());
    let mut output = File::from(stream.stdout.take().unwrap());
    let mut hear = |expected: &str| {
        let mut said = vec![0; expected.len()];
        output.read_exact(&mut said).unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), expected);
    };
    input.write_all(b"one\n").unwrap();
    hear("heard one\n");
    input.write_all(b"two\n").unwrap();
    hear("heard two\n");
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), stream.exit_code(LIMIT).unwrap()), ("", 7));

    // Dropped half-way: the command sees the end of its input.
    let mark = sshd.at("ended");
    let script = format!("trap '' PIPE; read l; read l; touch '{}'", mark.display());
    let mut stream = nas.open(&["sh", "-c", &script]).unwrap();
    File::from(stream.stdin.take().unwrap()).write_all(b"one\n").unwrap();
    drop(stream);
    let until = Instant::now() + LIMIT;
    while !mark.exists() {
        assert!(Instant::now() < until, "the command never ended");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_server_that_dies_is_a_lost_connection_and_no_end() {
    let mut sshd = Sshd::new();
    let nas = Arc::new(sshd.remote());
    assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
    let mut stream = nas.open(&["sh", "-c", "echo on; exec cat"]).unwrap();
    let mut said = [0; 3];
    let mut output = File::from(stream.stdout.take().unwrap());
    output.read_exact(&mut said).unwrap();
    let other = Arc::clone(&nas);
    let mark = sshd.at("began");
    let script = format!("echo $$ >'{0}.new'; mv '{0}.new' '{0}'; exec sleep 60", mark.display());
    let running = std::thread::spawn(move || other.run(&["sh", "-c", &script], b"", LIMIT));
    let until = Instant::now() + LIMIT;
    while !mark.exists() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    let began = fs::read_to_string(&mark).unwrap();
    sshd.kill();
    let (reach, _) = reason(running.join().unwrap().unwrap_err());
    assert_eq!(reach, Reach::Lost);
    assert!(Command::new("kill").arg(began.trim()).status().unwrap().success(), "it has outlived its server");
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    assert_eq!(stream.exit_code(LIMIT).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let (reach, _) = reason(nas.run(&["true"], b"", LIMIT).unwrap_err());
    assert_eq!(reach, Reach::Refused, "and then nothing listens any more");
}

#[test]
fn each_way_a_connection_fails_has_its_name() {
    let sshd = Sshd::new();
    let with = |settings: Settings, port: u16| {
        let mut to = sshd.destination("nas");
        to.port = Some(port);
        reason(Client::new(settings).unwrap().remote(to).run(&["true"], b"", LIMIT).unwrap_err())
    };
    let quick = || Settings { connect: Duration::from_millis(700), ..sshd.settings("nas") };
    assert_eq!(with(quick(), free_port()).0, Reach::Refused);
    // It takes connections and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (reach, text) = with(quick(), silent.local_addr().unwrap().port());
    assert_eq!(reach, Reach::Timeout, "{text}");
    // It is no SSH server.
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let talk = std::thread::spawn(move || {
        let mut stream = other.accept().unwrap().0;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let (reach, _) = with(quick(), port);
    assert!(matches!(reach, Reach::Other | Reach::Refused | Reach::Lost | Reach::Timeout), "{reach}");
    talk.join().unwrap();

    let (reach, text) = with(Settings { known_hosts: vec![], ..quick() }, sshd.port);
    assert_eq!(reach, Reach::HostKeyUnknown);
    assert!(text.contains("SHA256:") && text.contains("ssh-ed25519"), "{text}");

    keygen(&sshd.at("other"), "ed25519", "");
    let changed = sshd.at("changed");
    fs::write(&changed, format!("# pins\nnas {}", fs::read_to_string(sshd.at("other.pub")).unwrap()))
        .unwrap();
    let (reach, text) = with(Settings { known_hosts: vec![changed.clone()], ..quick() }, sshd.port);
    assert_eq!(reach, Reach::HostKeyChanged);
    assert!(text.contains(&format!("{}:2", changed.display())), "{text}");

    let (reach, text) = with(Settings { identities: vec![sshd.at("other")], ..quick() }, sshd.port);
    assert_eq!(reach, Reach::Auth);
    assert!(text.contains("other"), "{text}");
    assert_eq!(with(Settings { identities: vec![], ..quick() }, sshd.port).0, Reach::Auth);

    let mut to = sshd.destination("nas");
    to.address = Some("no-such-host.invalid".into());
    let lost = Client::new(quick()).unwrap().remote(to).run(&["true"], b"", LIMIT).unwrap_err();
    assert_eq!(reason(lost).0, Reach::NameUnknown);
}

#[test]
fn keys_come_from_the_agent_from_files_with_a_passphrase_and_in_old_types() {
    let sshd = Sshd::new();
    for (name, kind, word) in
        [("rsa", "rsa", ""), ("ecdsa", "ecdsa", ""), ("locked", "ed25519", "open sesame")]
    {
        keygen(&sshd.at(name), kind, word);
        let line = fs::read_to_string(sshd.at(&format!("{name}.pub"))).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(sshd.at("authorized")).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    let runs = |settings: Settings| {
        Client::new(settings).unwrap().remote(sshd.destination("nas")).run(&["true"], b"", LIMIT)
    };
    for name in ["rsa", "ecdsa"] {
        let settings = Settings { identities: vec![sshd.at(name)], ..sshd.settings("nas") };
        assert!(runs(settings).unwrap().ok(), "{name}");
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let locked = Settings {
        identities: vec![sshd.at("locked")],
        ask: Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Some("open sesame".to_owned())
        }),
        ..sshd.settings("nas")
    };
    let client = Client::new(locked).unwrap();
    for _ in 0..3 {
        assert!(client.remote(sshd.destination("nas")).run(&["true"], b"", LIMIT).unwrap().ok());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a passphrase is asked for once");
    let (reach, text) =
        reason(runs(Settings { identities: vec![sshd.at("locked")], ..sshd.settings("nas") }).unwrap_err());
    assert!(reach == Reach::Auth && text.contains("passphrase"), "{text}");

    let socket = sshd.at("agent");
    let mut agent =
        Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + LIMIT;
    let add = || {
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(sshd.at("rsa")).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
        add.status().unwrap().success()
    };
    while !add() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
    let settings = Settings { identities: vec![], agent: Some(socket), ..sshd.settings("nas") };
    let said = runs(settings);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(said.unwrap().ok());
}

#[test]
fn a_host_is_reached_over_others_and_by_a_program() {
    let (gate, inner) = (Sshd::new(), Sshd::new());
    let known = gate.at("both");
    let lines = gate.line(&format!("[127.0.0.1]:{}", gate.port)) + &inner.line("nas");
    fs::write(&known, lines).unwrap();
    let mut keys = fs::OpenOptions::new().append(true).open(inner.at("authorized")).unwrap();
    keys.write_all(fs::read_to_string(gate.at("key.pub")).unwrap().as_bytes()).unwrap();
    let settings =
        Settings { known_hosts: vec![known], identities: vec![gate.at("key")], ..Settings::bare() };
    let client = Client::new(settings).unwrap();
    let mut to = inner.destination("nas");
    to.jump = Some(format!("{}@127.0.0.1:{}", me(), gate.port));
    let said = client.remote(to.clone()).run(&["sh", "-c", "echo $SSH_CONNECTION"], b"", LIMIT).unwrap();
    assert!(said.text().ends_with(&format!("127.0.0.1 {}", inner.port)), "{}", said.text());
    to.jump = Some(format!("{0}@127.0.0.1:{1},{0}@127.0.0.1:{1}", me(), gate.port));
    assert!(client.remote(to.clone()).run(&["true"], b"", LIMIT).unwrap().ok());
    to.jump = Some(format!("{}@127.0.0.1:{}", me(), free_port()));
    let (reach, text) = reason(client.remote(to).run(&["true"], b"", LIMIT).unwrap_err());
    assert!(reach == Reach::Refused && text.contains("on the way"), "{text}");

    let config = inner.at("ssh_config");
    let program = format!(
        "ssh -F none -q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i {} -p {} -W %h:%p 127.0.0.1",
        gate.at("key").display(),
        gate.port
    );
    fs::write(&config, format!("Host nas\n HostName 127.0.0.1\n ProxyCommand {program}\n")).unwrap();
    let settings = Settings {
        config: vec![config],
        known_hosts: vec![gate.at("both")],
        identities: vec![gate.at("key")],
        ..Settings::bare()
    };
    let mut to = inner.destination("nas");
    to.address = Some("127.0.0.1".into());
    let said = Client::new(settings).unwrap().remote(to).run(&["true"], b"", LIMIT);
    assert!(said.is_ok_and(|s| s.ok()));
}

#[test]
fn trust_sees_every_key_without_signing_in() {
    let sshd = Sshd::new();
    keygen(&sshd.at("host-rsa"), "rsa", "");
    let second = Sshd::with(&format!("HostKey {}", sshd.at("host-rsa").display()));
    let client = Client::new(Settings::bare()).unwrap();
    let mut keys = client.host_keys(&second.destination("nas")).unwrap();
    keys.sort_by(|a, b| a.kind.cmp(&b.kind));
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].kind == "ssh-ed25519" && keys[0].line.starts_with("nas ssh-ed25519 AAAA"), "{keys:?}");
    // Pinned under the old type alone, it is asked for that one.
    let known = second.at("rsa-only");
    fs::write(&known, format!("{}\n", keys[1].line)).unwrap();
    let settings =
        Settings { known_hosts: vec![known], identities: vec![second.at("key")], ..Settings::bare() };
    let nas = Client::new(settings).unwrap().remote(second.destination("nas"));
    assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
}
