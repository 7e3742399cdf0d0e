//! Signing in on hosts by SSH: whose keys, which host keys are known, and what a person is asked on the way.

use crate::Cx;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::known_hosts::KnownHosts;
use crate::twin_fleet::{self, TwinFleet};
use crate::ui::hidden;
use derive::fleet::{Fleet, Host};
use remote::ssh::{Ask, Asker, Client, Destination, Dial, Direct, Settings};
use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twin::Twin;
use twin::session::{ADMINISTRATOR, access_of};
use twin::world::{Approach, World};

/// A file with the password for sudo, for runs without a terminal.
pub const SUDO_PASSWORD_FILE: &str = "FLEETWRIGHT_SUDO_PASSWORD_FILE";

/// A client for the real hosts of a fleet: as `ssh` would, with the `known_hosts` in the fleet's folder first.
///
/// # Errors
/// When the client cannot be made.
pub fn client(cx: &Cx, folder: &Path, fleet: &Fleet) -> Result<Client, Failure> {
    let mut settings = Settings::of_user();
    settings.known_hosts.insert(0, KnownHosts::path(folder));
    settings.ask = asker(cx);
    let addresses = fleet.hosts.values().filter_map(|h| Some((h.id.to_string(), address(h)?)));
    settings.dial = Arc::new(FromHere { addresses: addresses.collect() });
    Client::new(settings).map_err(|e| unusable(&e))
}

/// The way to a host, as it is written and derived. Hosts that `jump` names get the user and port they have.
pub fn destination(fleet: &Fleet, host: &Host) -> Destination {
    Destination {
        name: host.id.to_string(),
        address: address(host),
        port: host.ssh.port,
        user: host.ssh.user.clone(),
        jump: host
            .ssh
            .jump
            .as_ref()
            .map(|j| j.split(',').map(|h| hop(fleet, h)).collect::<Vec<_>>().join(",")),
    }
}

fn hop(fleet: &Fleet, written: &str) -> String {
    let written = written.trim();
    let (user, rest) = written.rsplit_once('@').map_or((None, written), |(u, n)| (Some(u.to_owned()), n));
    // With a port of its own it is no name of a host.
    let Some(host) = fleet.hosts.get(rest) else { return written.to_owned() };
    let user = user.or_else(|| host.ssh.user.clone()).map(|u| format!("{u}@")).unwrap_or_default();
    let port = host.ssh.port.map(|p| format!(":{p}")).unwrap_or_default();
    format!("{user}{rest}{port}")
}

fn address(host: &Host) -> Option<String> {
    host.ssh.address.clone().or_else(|| host.reach.map(|ip| ip.to_string()))
}

/// Dials from this machine. A host that is jumped through has no address but its name when ssh_config knows
/// nothing of it: the fleet knows more.
struct FromHere {
    addresses: BTreeMap<String, String>,
}

impl Dial for FromHere {
    fn dial(&self, destination: &str, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
        let known = (destination == host).then(|| self.addresses.get(host)).flatten();
        Direct.dial(destination, known.map_or(host, String::as_str), port, limit)
    }
}

/// A twin's hosts by their real sshd.
pub struct TwinClient {
    client: Client,
    approaches: BTreeMap<String, Approach>,
}

impl TwinClient {
    /// Of a running twin, with the twin's own keys: nothing of the user's is looked at.
    ///
    /// # Errors
    /// When the twin has no desks (it was booted by an older version), or its keys cannot be written down.
    pub fn of(cx: &Cx, twin: Twin, fleet: &TwinFleet, world: &World) -> Result<Self, Failure> {
        let standing = twin.topology().outside;
        if let Some(missing) = world.approaches.values().find(|a| !standing.contains_key(&a.from)) {
            let message = format!("twin {} has no {} to reach its hosts from", twin.name(), missing.from);
            return Err(Failure::bare(Exit::Errors, codes::NO_WAY, message)
                .help("`fleetwright twin apply` brings the twin to the sources"));
        }
        let folder = twin_fleet::beside(&twin, "ssh");
        let access = access_of(&fleet.kept()).map_err(twin_fleet::failure)?;
        let credentials = access.credentials(world, &folder).map_err(twin_fleet::failure)?;
        let approaches = world.approaches.clone();
        let mut settings = Settings::bare();
        settings.known_hosts = vec![credentials.known_hosts];
        settings.identities = vec![credentials.identity];
        settings.ask = asker(cx);
        settings.dial = Arc::new(FromDesks { twin, approaches: approaches.clone() });
        let client = Client::new(settings).map_err(|e| unusable(&e))?;
        Ok(TwinClient { client, approaches })
    }

    /// The way onto a host.
    ///
    /// # Errors
    /// When nothing outside leads to it.
    pub fn remote(&self, host: &str) -> Result<Arc<dyn remote::Remote>, Failure> {
        let Some(approach) = self.approaches.get(host) else {
            let message = format!("{host} stands on no LAN and has no public address to dial");
            return Err(Failure::bare(Exit::Errors, codes::NO_WAY, message)
                .help("leave `--over ssh` out: the twin's own way reaches every host"));
        };
        Ok(Arc::new(self.client.remote(Destination {
            name: host.to_owned(),
            address: Some(approach.address.to_string()),
            port: None,
            user: Some(ADMINISTRATOR.to_owned()),
            jump: None,
        })))
    }
}

/// Opens connections from where an administrator of the twin's world would.
struct FromDesks {
    twin: Twin,
    approaches: BTreeMap<String, Approach>,
}

impl Dial for FromDesks {
    fn dial(&self, destination: &str, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
        let approach = self.approaches.get(destination).ok_or(io::ErrorKind::NotFound)?;
        let dialled = self.twin.in_netns(&approach.from, || Direct.dial(destination, host, port, limit));
        dialled.map_err(|e| io::Error::other(e.to_string()))?
    }
}

fn unusable(error: &io::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::NO_WAY, format!("SSH cannot be used: {error}"))
}

/// Answers each question once: a password for sudo from the file that is named for it, else whoever sits at the
/// terminal. Never from the command line, which others can see.
fn asker(cx: &Cx) -> Asker {
    let answered: Mutex<BTreeMap<String, Option<String>>> = Mutex::default();
    let person = !cx.global.json;
    Arc::new(move |ask: &Ask| {
        let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
        let (question, kept) = match ask {
            Ask::Sudo(user) => (format!("Password of {user} for sudo"), from_file()),
            Ask::Passphrase(file) => (format!("Passphrase of {}", file.display()), None),
        };
        let fresh = || kept.or_else(|| person.then(|| hidden::secretly(&question)).flatten());
        answered.entry(question.clone()).or_insert_with(fresh).clone()
    })
}

fn from_file() -> Option<String> {
    let path = std::env::var_os(SUDO_PASSWORD_FILE)?;
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}
