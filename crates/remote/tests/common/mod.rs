//! A real sshd on a free port of the loopback, with keys and configuration of its own.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, dead_code)]

use remote::ssh::{Client, Destination, Settings, SshRemote};
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const LIMIT: Duration = Duration::from_secs(20);

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

pub fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

pub fn me() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned()
}

pub struct Sshd {
    pub folder: tempfile::TempDir,
    pub port: u16,
    server: Child,
}

impl Sshd {
    pub fn new() -> Self {
        Self::with("")
    }

    pub fn with(more: &str) -> Self {
        Self::started(more, |_| Vec::new())
    }

    /// Behind words that `before` makes of its folder, and that run it.
    pub fn before(before: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::started("", before)
    }

    fn started(more: &str, before: impl Fn(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        keygen(&at("host"), "ed25519", "");
        keygen(&at("key"), "ed25519", "");
        fs::copy(at("key.pub"), at("authorized")).unwrap();
        fs::set_permissions(at("authorized"), fs::Permissions::from_mode(0o600)).unwrap();
        let _ = fs::create_dir("/run/sshd");
        let port = free_port();
        let server = start(folder.path(), port, more, &before(folder.path()));
        Sshd { folder, port, server }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The line of its key in a known_hosts file, under a name.
    pub fn line(&self, name: &str) -> String {
        format!("{name} {}", fs::read_to_string(self.at("host.pub")).unwrap())
    }

    pub fn settings(&self, name: &str) -> Settings {
        let known = self.at("known");
        fs::write(&known, self.line(name)).unwrap();
        Settings { known_hosts: vec![known], identities: vec![self.at("key")], ..Settings::bare() }
    }

    pub fn destination(&self, name: &str) -> Destination {
        Destination {
            name: name.into(),
            address: Some("127.0.0.1".into()),
            port: Some(self.port),
            user: Some(me()),
            jump: None,
        }
    }

    pub fn remote(&self) -> SshRemote {
        Client::new(self.settings("nas")).unwrap().remote(self.destination("nas"))
    }

    /// Connections it has.
    pub fn sessions(&self) -> usize {
        let children = format!("/proc/{0}/task/{0}/children", self.server.id());
        fs::read_to_string(children).unwrap().split_whitespace().count()
    }

    /// Ends the server and whatever it serves.
    pub fn kill(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.server.id());
        let sessions = fs::read_to_string(children).unwrap_or_default();
        let _ = self.server.kill();
        let _ = self.server.wait();
        for pid in sessions.split_whitespace() {
            let _ = Command::new("kill").args(["-9", pid]).status();
        }
    }
}

#[expect(
    clippy::zombie_processes,
    reason = "whoever has it ends it; where it does not listen, the test ends"
)]
fn start(folder: &Path, port: u16, more: &str, before: &[String]) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "{more}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 500\nMaxSessions 100\nLogLevel ERROR\n",
        at("host"),
        at("authorized")
    );
    fs::write(folder.join("config"), text).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(before.first().map_or("/usr/sbin/sshd", String::as_str));
    if !before.is_empty() {
        command.args(&before[1..]).arg("/usr/sbin/sshd");
    }
    let child = command
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    // sshd tells nobody when it listens.
    let until = Instant::now() + LIMIT;
    loop {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            let mut banner = [0; 4];
            if stream.read_exact(&mut banner).is_ok() && &banner == b"SSH-" {
                return child;
            }
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < until, "sshd does not listen: {log}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}
