//! Hosts over SSH, as a person reaches them: ssh_config, known_hosts, agent and key files, jumps, sudo. One
//! connection a host, made in this process and kept; each command is a channel of it.

mod auth;
mod channel;
mod client;
mod config;
mod connect;
mod dial;
mod hops;
mod keys;
mod known;
mod meter;
mod program;
mod pump;
mod quote;
mod remote;
mod root;
mod wire;

pub use client::Client;
pub use dial::{Dial, Direct};
pub use known::HostKey;
pub use remote::SshRemote;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where a host is and as whom one signs in there. What is not said here is as ssh_config says, and what is
/// said nowhere as ssh(1) has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// The host's name: what ssh_config is asked about, and what messages say.
    pub name: String,
    /// Address or name to dial where ssh_config has no HostName for it.
    pub address: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// User.
    pub user: Option<String>,
    /// Hosts on the way, as ProxyJump takes them.
    pub jump: Option<String>,
}

/// What a connection needs that only a person knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The passphrase of a key file.
    Passphrase(PathBuf),
    /// The password sudo wants, of this user; the same for all hosts.
    Sudo(String),
}

/// Asks a person; `None` when there is nobody to ask.
pub type Asker = Arc<dyn Fn(&Ask) -> Option<String> + Send + Sync>;

/// How hosts are reached.
#[derive(Clone)]
pub struct Settings {
    /// Files in ssh_config(5)'s format, the first to say something wins. Empty: none is read. What counts:
    /// HostName, Port, User, IdentityFile, IdentitiesOnly, IdentityAgent, CertificateFile, ProxyJump,
    /// ProxyCommand, HostKeyAlias, UserKnownHostsFile, GlobalKnownHostsFile, ConnectTimeout,
    /// ServerAliveInterval, ServerAliveCountMax, in Host blocks and Includes; with a Match anywhere OpenSSH is
    /// asked what it makes of the files. StrictHostKeyChecking does not count: checking is always strict.
    pub config: Vec<PathBuf>,
    /// Files in known_hosts format. A host whose key is in none of them is not spoken to.
    pub known_hosts: Vec<PathBuf>,
    /// Key files tried where ssh_config names none.
    pub identities: Vec<PathBuf>,
    /// Socket of the agent.
    pub agent: Option<PathBuf>,
    /// Limit to connect and sign in.
    pub connect: Duration,
    /// Between two signs of life; a connection that shows none three times is lost.
    pub keepalive: Duration,
    /// Who is asked.
    pub ask: Asker,
    /// How sockets are made.
    pub dial: Arc<dyn Dial>,
}

impl Settings {
    /// Nothing read, nothing known, nobody asked: for those who say all themselves.
    pub fn bare() -> Self {
        Settings {
            config: Vec::new(),
            known_hosts: Vec::new(),
            identities: Vec::new(),
            agent: None,
            connect: Duration::from_secs(10),
            keepalive: Duration::from_secs(5),
            ask: Arc::new(|_| None),
            dial: Arc::new(Direct),
        }
    }

    /// As ssh(1) has them for the present user.
    pub fn of_user() -> Self {
        let mut settings = Self::bare();
        settings.config = vec![PathBuf::from("/etc/ssh/ssh_config")];
        settings.known_hosts =
            vec![PathBuf::from("/etc/ssh/ssh_known_hosts"), PathBuf::from("/etc/ssh/ssh_known_hosts2")];
        if let Some(home) = std::env::home_dir() {
            let own = |name: &str| home.join(".ssh").join(name);
            settings.config.insert(0, own("config"));
            settings.known_hosts.splice(0..0, [own("known_hosts"), own("known_hosts2")]);
            settings.identities = ["id_ed25519", "id_ecdsa", "id_rsa"].map(own).to_vec();
        }
        settings.agent = std::env::var_os("SSH_AUTH_SOCK").filter(|v| !v.is_empty()).map(PathBuf::from);
        settings
    }
}
