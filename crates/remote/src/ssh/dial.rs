//! Sockets of connections.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How a connection's socket is made.
pub trait Dial: Send + Sync {
    /// Connects to `host` (a name or an address) for the fleet's host `destination`.
    ///
    /// # Errors
    /// As connect(2) says; [`io::ErrorKind::NotFound`] for a name without address.
    fn dial(&self, destination: &str, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream>;
}

/// Dials from where this process stands: each address of the name in turn, within the limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl Dial for Direct {
    fn dial(&self, _: &str, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
        let until = Instant::now() + limit;
        let addresses = resolve(host, port, limit)?;
        let mut failed = None;
        for (n, address) in addresses.iter().enumerate() {
            // An address that swallows packets leaves time for the others.
            let others = u32::try_from(addresses.len() - n).unwrap_or(u32::MAX);
            let share = until.saturating_duration_since(Instant::now()) / others;
            if share.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(address, share) {
                Ok(stream) => return Ok(stream),
                // What answered says more than what did not.
                Err(e) if failed.is_none() || e.kind() == io::ErrorKind::ConnectionRefused => {
                    failed = Some(e);
                }
                Err(_) => {}
            }
        }
        Err(failed.unwrap_or_else(|| io::ErrorKind::TimedOut.into()))
    }
}

/// The addresses of a name. The resolver has limits of its own, longer than ours: its thread is left to them.
fn resolve(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    let (send, found) = mpsc::channel();
    let name = host.to_owned();
    std::thread::Builder::new().name("resolve".to_owned()).spawn(move || {
        let _ = send.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    })?;
    let found = found.recv_timeout(limit).map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("nobody says in time which address {host} has"))
    })?;
    match found {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"))),
        Err(e) => Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn every_address_of_a_name_is_tried() {
        // `localhost` is ::1 first in most hosts files, and nobody listens there.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        Direct.dial("x", "localhost", port, Duration::from_secs(5)).unwrap();
        drop(listener);
        let refused = Direct.dial("x", "localhost", port, Duration::from_secs(5)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let none = Direct.dial("x", "no-such-name.invalid", 22, Duration::from_secs(20)).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound, "{none}");
    }
}
