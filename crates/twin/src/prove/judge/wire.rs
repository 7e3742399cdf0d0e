//! A connection to an exposure, with or without TLS, and how clients come to trust it.

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::probe::http::get;
use super::super::probe::tls::Trust;
use crate::world::{ACME_HOST, ACME_ROOT_URL, INTERNET};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const CONNECT: Duration = Duration::from_millis(1_500);
const ANSWER: Duration = Duration::from_secs(5);
/// Where a Caddy of Debian keeps the root of its own CA.
const PROXY_ROOT: &str = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt";

/// Connects from a node; what was seen when it does not come about.
pub(super) fn connect(ctx: &ProveContext<'_>, from: &str, to: SocketAddr) -> Result<TcpStream, String> {
    let stream = within(ctx.ground, from, || TcpStream::connect_timeout(&to, CONNECT))?;
    let stream = stream.map_err(|e| match e.kind() {
        io::ErrorKind::ConnectionRefused => "reset (nobody listens there)".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer".to_owned(),
        _ => e.to_string(),
    })?;
    stream.set_read_timeout(Some(ANSWER)).map_err(|e| e.to_string())?;
    stream.set_write_timeout(Some(ANSWER)).map_err(|e| e.to_string())?;
    // Requests are written whole; waiting to fill a packet only costs time.
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    Ok(stream)
}

/// The root of the public CA, from its management interface in `internet`.
pub(super) fn public_root(ctx: &ProveContext<'_>) -> Result<Vec<u8>, String> {
    let front = "/etc/ssl/certs/fleetwright-twin.pem";
    let (pem, _) = ctx.world.seeds.common.files.get(front).ok_or("the world has no public CA")?;
    let trust = Trust::roots(pem)?;
    let (at, path) = ACME_ROOT_URL
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or("the public CA's address makes no sense")?;
    let at: SocketAddr = at.parse().map_err(|e| format!("{at}: {e}"))?;
    let said = |e: io::Error| format!("the public CA's root: {e}");
    let tcp = within(ctx.ground, INTERNET, || TcpStream::connect_timeout(&at, CONNECT))?.map_err(said)?;
    tcp.set_read_timeout(Some(ANSWER)).map_err(said)?;
    let mut stream = trust.handshake(ACME_HOST, tcp).map_err(said)?;
    let response =
        get(&mut stream, ACME_HOST, &format!("/{path}"), &[("Connection", "close")]).map_err(said)?;
    if response.status == 200 {
        Ok(response.body)
    } else {
        Err(format!("the public CA's root: {}", response.say()))
    }
}

/// The root of a host's own proxy.
pub(super) fn proxy_root(ctx: &ProveContext<'_>, host: &str) -> Result<Vec<u8>, String> {
    let read = ctx.ground.remote(host)?.read(PROXY_ROOT).map_err(|e| e.to_string())?;
    read.ok_or_else(|| format!("{host} has no {PROXY_ROOT} yet"))
}

/// A connection, with or without TLS.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(s) => s.read(into),
            Wire::Tls(s) => s.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(s) => s.write(bytes),
            Wire::Tls(s) => s.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Plain(s) => s.flush(),
            Wire::Tls(s) => s.flush(),
        }
    }
}
