//! Ways to a host as people have them: gateways, certificates, keys that only an agent has.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{LIMIT, Sshd, keygen, me};
use remote::ssh::{Client, Settings};
use remote::{Reach, Remote, RemoteError};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn hosts_behind_a_gateway_share_the_connection_to_it() {
    let (gate, inner) = (Sshd::new(), Sshd::new());
    fs::copy(gate.at("authorized"), inner.at("authorized")).unwrap();
    let config = gate.at("ssh_config");
    let text = format!(
        "Host gate\n HostName 127.0.0.1\n Port {}\n User {}\nHost h*\n ProxyJump gate\n\
         Host loop\n ProxyJump other\nHost other\n ProxyJump loop\n",
        gate.port,
        me()
    );
    fs::write(&config, text).unwrap();
    let known = gate.at("both");
    fs::write(&known, gate.line("gate") + &inner.line("h?,loop")).unwrap();
    let settings = Settings {
        config: vec![config],
        known_hosts: vec![known],
        identities: vec![gate.at("key")],
        ..Settings::bare()
    };
    let client = Client::new(settings).unwrap();
    let hosts: Vec<_> = (0..6).map(|n| client.remote(inner.destination(&format!("h{n}")))).collect();
    let all = || {
        std::thread::scope(|scope| {
            for host in &hosts {
                scope.spawn(|| assert!(host.run(&["true"], b"", LIMIT).unwrap().ok()));
            }
        });
    };
    let settled = |sshd: &Sshd, count: usize| {
        let until = Instant::now() + LIMIT;
        while sshd.sessions() != count {
            assert!(Instant::now() < until, "{} instead of {count}", sshd.sessions());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    all();
    settled(&inner, 6);
    settled(&gate, 1);
    // A new connection is new all the way: it tells whether the gateway still lets one through.
    hosts.iter().for_each(|h| h.renew());
    all();
    settled(&inner, 6);
    settled(&gate, 1);
    drop(hosts);
    settled(&gate, 0);

    let round = client.remote(inner.destination("loop")).run(&["true"], b"", LIMIT).unwrap_err();
    assert!(matches!(&round, RemoteError::Unreachable { reason: Reach::Config, .. }), "{round:?}");
}

#[test]
fn a_certificate_beside_a_key_or_named_signs_in() {
    let authority = tempfile::tempdir().unwrap();
    let ca = authority.path().join("ca");
    keygen(&ca, "ed25519", "");
    let sshd = Sshd::with(&format!("TrustedUserCAKeys {}.pub", ca.display()));
    fs::write(sshd.at("authorized"), "").unwrap();
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-I", "me", "-n", &me(), "-s"]).arg(&ca).arg(sshd.at("key.pub"));
    assert!(sign.status().unwrap().success());
    let runs = |settings: Settings| {
        let said = Client::new(settings).unwrap().remote(sshd.destination("nas")).run(&["true"], b"", LIMIT);
        said.map(|s| s.code)
    };
    assert_eq!(runs(sshd.settings("nas")), Ok(0), "beside it");
    fs::rename(sshd.at("key-cert.pub"), sshd.at("elsewhere.pub")).unwrap();
    let denied = runs(sshd.settings("nas")).unwrap_err();
    assert!(matches!(&denied, RemoteError::Unreachable { reason: Reach::Auth, .. }), "{denied:?}");
    let config = sshd.at("ssh_config");
    fs::write(&config, format!("CertificateFile {}\n", sshd.at("elsewhere.pub").display())).unwrap();
    assert_eq!(runs(Settings { config: vec![config], ..sshd.settings("nas") }), Ok(0), "named");
}

#[test]
fn a_key_the_agent_has_is_found_by_its_file_and_nobody_is_asked() {
    let sshd = Sshd::with("MaxAuthTries 1");
    let socket = sshd.at("agent");
    let mut agent =
        Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + LIMIT;
    while !socket.exists() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    keygen(&sshd.at("first"), "ed25519", "");
    for key in ["first", "key"] {
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(sshd.at(key)).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
        assert!(add.status().unwrap().success());
    }
    let lock = ["-q", "-p", "-N", "open sesame", "-f"];
    assert!(Command::new("ssh-keygen").args(lock).arg(sshd.at("key")).status().unwrap().success());
    let asked = Arc::new(AtomicUsize::new(0));
    let runs = |identity: &str| {
        let counter = Arc::clone(&asked);
        let ask = move |_: &_| {
            counter.fetch_add(1, Ordering::SeqCst);
            None
        };
        let settings = Settings {
            identities: vec![sshd.at(identity)],
            agent: Some(socket.clone()),
            ask: Arc::new(ask),
            ..sshd.settings("nas")
        };
        Client::new(settings).unwrap().remote(sshd.destination("nas")).run(&["true"], b"", LIMIT)
    };
    let by_public = runs("key.pub");
    let by_file = runs("key");
    fs::remove_file(sshd.at("key.pub")).unwrap();
    let by_clear_part = runs("key");
    agent.kill().unwrap();
    agent.wait().unwrap();
    for said in [by_public, by_file, by_clear_part] {
        assert_eq!(said.map(|s| s.code), Ok(0));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_program_that_leads_nowhere_is_quoted() {
    let sshd = Sshd::new();
    let config = sshd.at("ssh_config");
    fs::write(&config, "ProxyCommand sh -c 'echo no way to %h >&2; sleep 0.2; exit 1'\n").unwrap();
    let settings = Settings { config: vec![config], ..sshd.settings("nas") };
    let nas = Client::new(settings).unwrap().remote(sshd.destination("nas"));
    let RemoteError::Unreachable { reason, detail, .. } = nas.run(&["true"], b"", LIMIT).unwrap_err() else {
        panic!("reached");
    };
    assert_eq!(reason, Reach::Refused, "{detail}");
    assert!(detail.contains("ProxyCommand said: no way to 127.0.0.1"), "{detail}");
}

#[test]
fn a_host_only_an_authority_vouches_for_is_told_as_such() {
    let sshd = Sshd::new();
    let known = sshd.at("authorities");
    fs::write(&known, format!("@cert-authority {}", sshd.line("*"))).unwrap();
    let settings = Settings { known_hosts: vec![known.clone()], ..sshd.settings("nas") };
    let nas = Client::new(settings).unwrap().remote(sshd.destination("nas"));
    let said = nas.run(&["true"], b"", LIMIT).unwrap_err();
    let RemoteError::Unreachable { reason: Reach::HostKeyUnknown, detail, .. } = said else {
        panic!("{said:?}");
    };
    assert!(detail.contains(&format!("{}:1", known.display())), "{detail}");
}
