//! What hurts a connection that is shared: slow readers, commands that never end, many at once, slow people.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{LIMIT, Sshd, keygen};
use remote::ssh::{Client, Settings};
use remote::{Reach, Remote, RemoteError};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn reason(error: RemoteError) -> (Reach, String) {
    match error {
        RemoteError::Unreachable { reason, detail, .. } => (reason, detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_slow_reader_holds_up_nobody_else() {
    let sshd = Sshd::new();
    let nas = sshd.remote();
    let mut slow = nas.open(&["head", "-c", "20000000", "/dev/zero"]).unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert!(nas.run(&["true"], b"", Duration::from_secs(5)).unwrap().ok());
    }
    let mut all = Vec::new();
    File::from(slow.stdout.take().unwrap()).read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), 20_000_000);
    assert_eq!(slow.exit_code(LIMIT).unwrap(), 0);
}

#[test]
fn commands_past_their_deadline_are_ended_and_leave_room() {
    let sshd = Sshd::with("MaxSessions 10");
    let nas = sshd.remote();
    let mark = format!("{}.5", 3000 + std::process::id());
    for _ in 0..12 {
        // Signing in again takes what it takes: only the command is to be late.
        assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
        let late = nas.run(&["sleep", &mark], b"", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(late, RemoteError::Deadline { .. }), "{late:?}");
    }
    assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
    let until = Instant::now() + LIMIT;
    loop {
        let left = Command::new("pgrep").args(["-fx", &format!("sleep {mark}")]).output().unwrap();
        if left.stdout.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&left.stdout));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn more_commands_at_once_than_a_server_takes_wait_for_each_other() {
    let sshd = Sshd::with("MaxSessions 10");
    let nas = sshd.remote();
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| assert!(nas.run(&["sleep", "0.2"], b"", LIMIT).unwrap().ok()));
        }
    });
}

#[test]
fn a_person_may_take_longer_to_type_than_a_connection_lasts() {
    let sshd = Sshd::new();
    keygen(&sshd.at("locked"), "ed25519", "open sesame");
    fs::copy(sshd.at("locked.pub"), sshd.at("authorized")).unwrap();
    let settings = Settings {
        identities: vec![sshd.at("locked")],
        connect: Duration::from_millis(1500),
        ask: Arc::new(|_| {
            std::thread::sleep(Duration::from_millis(2500));
            Some("open sesame".to_owned())
        }),
        ..sshd.settings("nas")
    };
    let client = Client::new(settings).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let nas = client.remote(sshd.destination("nas"));
            scope.spawn(move || assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok()));
        }
    });
}

#[test]
fn a_folder_is_no_file_to_write() {
    let sshd = Sshd::new();
    let at = sshd.at("folder");
    fs::create_dir(&at).unwrap();
    let wrote = sshd.remote().write(&at.display().to_string(), b"x", 0o644);
    assert!(matches!(wrote, Err(RemoteError::Failed { .. })), "{wrote:?}");
    assert_eq!(fs::read_dir(&at).unwrap().count(), 0);
}

#[test]
fn a_stream_outlives_what_opened_it() {
    let sshd = Sshd::new();
    let mut stream = sshd.remote().open(&["cat"]).unwrap();
    let mut input = File::from(stream.stdin.take().unwrap());
    input.write_all(b"still here").unwrap();
    drop(input);
    let mut said = String::new();
    File::from(stream.stdout.take().unwrap()).read_to_string(&mut said).unwrap();
    assert_eq!((said.as_str(), stream.exit_code(LIMIT).unwrap()), ("still here", 0));
}

#[test]
fn an_agent_with_too_many_keys_is_not_a_lost_connection() {
    let sshd = Sshd::with("MaxAuthTries 3");
    let socket = sshd.at("agent");
    let mut agent =
        Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + LIMIT;
    while !socket.exists() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    for n in 0..6 {
        let key = sshd.at(&format!("k{n}"));
        keygen(&key, "ed25519", "");
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
        assert!(add.status().unwrap().success());
    }
    let settings = Settings { identities: vec![], agent: Some(socket.clone()), ..sshd.settings("nas") };
    let said = Client::new(settings).unwrap().remote(sshd.destination("nas")).run(&["true"], b"", LIMIT);
    agent.kill().unwrap();
    agent.wait().unwrap();
    let (reach, text) = reason(said.unwrap_err());
    assert_eq!(reach, Reach::Auth, "{text}");
    assert!(text.contains("SHA256:"), "{text}");
}

#[test]
fn the_deadline_of_a_command_holds_while_connecting_too() {
    let sshd = Sshd::new();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut to = sshd.destination("nas");
    to.port = Some(silent.local_addr().unwrap().port());
    let begun = Instant::now();
    let nas = Client::new(sshd.settings("nas")).unwrap().remote(to);
    let said = nas.run(&["true"], b"", Duration::from_millis(700)).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?} {said}", begun.elapsed());
}

#[test]
fn a_server_that_stands_still_is_lost() {
    let sshd = Sshd::new();
    let settings = Settings { keepalive: Duration::from_millis(300), ..sshd.settings("nas") };
    let nas = Client::new(settings).unwrap().remote(sshd.destination("nas"));
    let mut stream = nas.open(&["sh", "-c", "echo $PPID; exec cat"]).unwrap();
    let mut pid = String::new();
    BufReader::new(File::from(stream.stdout.take().unwrap())).read_line(&mut pid).unwrap();
    let stop = |signal: &str| {
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    };
    let begun = Instant::now();
    stop("-STOP");
    // It cannot begin there, so it begins on another connection.
    let said = nas.run(&["echo", "again"], b"", LIMIT);
    let code = stream.exit_code(LIMIT);
    let after = begun.elapsed();
    stop("-CONT");
    assert_eq!(code.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(said.unwrap().text(), "again");
    assert!(after < Duration::from_secs(6), "{after:?}");
}

#[test]
fn a_long_quiet_command_is_not_lost() {
    let sshd = Sshd::new();
    let settings = Settings {
        keepalive: Duration::from_millis(300),
        connect: Duration::from_secs(1),
        ..sshd.settings("nas")
    };
    let nas = Client::new(settings).unwrap().remote(sshd.destination("nas"));
    assert!(nas.run(&["sleep", "4"], b"", LIMIT).unwrap().ok());
    std::thread::sleep(Duration::from_secs(3));
    assert!(nas.run(&["true"], b"", LIMIT).unwrap().ok());
}

#[test]
fn a_config_that_only_names_an_address_changes_nothing_else() {
    let sshd = Sshd::new();
    let config = sshd.at("ssh_config");
    fs::write(&config, "Host nas\n HostName 127.0.0.1\n HostKeyAlias elsewhere\n").unwrap();
    let settings = Settings { config: vec![config], ..sshd.settings("nas") };
    let mut to = sshd.destination("nas");
    to.address = None;
    let said = Client::new(settings).unwrap().remote(to).run(&["true"], b"", LIMIT);
    assert_eq!(said.map(|o| o.code).map_err(reason), Ok(0));
}
