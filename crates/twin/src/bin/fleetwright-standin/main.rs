//! A stand-in for a service whose image cannot be had: answers on its ports and says what it stands for.
//!
//!     fleetwright-standin --name NAME --stands-for TEXT
//!         [--listen ADDR] [--tcp PORT]… [--udp PORT]… [--http PORT]… [--gate PORT]…
//!
//! HTTP ports answer every path with JSON that repeats what was asked, `/metrics` (or what `--metrics` says) with Prometheus text. A
//! gate also judges requests that a proxy asks it about (`/api/verify`, `/api/authz/…`, or anything with
//! `X-Forwarded-Uri` and `X-Forwarded-Method`): with the cookie `fleetwright-standin=ok` they may go on, else
//! they are sent to the sign-in page. Only the standard library: the program is copied into machines as it is.

mod http;

use http::{http, text};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A client that says nothing for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connections served at a time; further ones wait in the listener's queue.
const AT_ONCE: usize = 128;
/// Threads only hold a request: the usual 8 MiB of stack are not needed.
const STACK: usize = 256 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Tcp,
    Udp,
    Http,
    Gate,
}

struct Identity {
    name: String,
    stands_for: String,
    metrics: String,
    requests: AtomicU64,
}

fn main() -> ExitCode {
    let (identity, listen, ports) = match arguments(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(e) => return fail(&e),
    };
    let identity = Arc::new(identity);
    let room = Arc::new(Room { taken: Mutex::new(0), freed: Condvar::new() });
    let mut threads = Vec::new();
    for (speaks, port) in ports {
        let (identity, room) = (identity.clone(), room.clone());
        let serve: Box<dyn FnOnce() + Send> = match speaks {
            Speaks::Udp => match bind(listen, |ip| UdpSocket::bind((ip, port))) {
                Ok(socket) => Box::new(move || datagrams(&identity, &socket)),
                Err(e) => return fail(&format!("udp port {port}: {e}")),
            },
            Speaks::Tcp | Speaks::Http | Speaks::Gate => {
                match bind(listen, |ip| TcpListener::bind((ip, port))) {
                    Ok(listener) => Box::new(move || connections(&identity, &room, speaks, &listener)),
                    Err(e) => return fail(&format!("tcp port {port}: {e}")),
                }
            }
        };
        match std::thread::Builder::new().stack_size(STACK).spawn(serve) {
            Ok(thread) => threads.push(thread),
            Err(e) => return fail(&e.to_string()),
        }
    }
    println!("stand-in {} for {} is up", identity.name, identity.stands_for);
    if threads.is_empty() {
        // A unit whose service has no port still is a unit that runs.
        loop {
            std::thread::park();
        }
    }
    for thread in threads {
        if thread.join().is_err() {
            return fail("a listener broke off");
        }
    }
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    eprintln!("fleetwright-standin: {why}");
    ExitCode::FAILURE
}

type Parsed = (Identity, Option<IpAddr>, Vec<(Speaks, u16)>);

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let (mut name, mut stands_for, mut listen, mut ports) = (None, None, None, Vec::new());
    let mut metrics = "/metrics".to_owned();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let port = || value.parse::<u16>().map_err(|_| format!("{word} {value}: not a port"));
        match word.as_str() {
            "--name" => name = Some(value),
            "--stands-for" => stands_for = Some(value),
            "--metrics" => metrics = value,
            "--listen" => {
                listen = Some(value.parse().map_err(|_| format!("{word} {value}: not an address"))?)
            }
            "--tcp" => ports.push((Speaks::Tcp, port()?)),
            "--udp" => ports.push((Speaks::Udp, port()?)),
            "--http" => ports.push((Speaks::Http, port()?)),
            "--gate" => ports.push((Speaks::Gate, port()?)),
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    let name = name.ok_or("--name is missing")?;
    let stands_for = stands_for.unwrap_or_else(|| name.clone());
    Ok((Identity { name, stands_for, metrics, requests: AtomicU64::new(0) }, listen, ports))
}

/// On the given address, else on every one of both families, or of IPv4 where there is no IPv6.
fn bind<T>(listen: Option<IpAddr>, make: impl Fn(IpAddr) -> io::Result<T>) -> io::Result<T> {
    match listen {
        Some(ip) => make(ip),
        None => make(Ipv6Addr::UNSPECIFIED.into()).or_else(|e| match e.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(e),
            _ => make(Ipv4Addr::UNSPECIFIED.into()),
        }),
    }
}

/// Bounds the connections that are served at a time.
struct Room {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    fn take(self: &Arc<Self>) -> Seat {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken >= AT_ONCE {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += 1;
        Seat(self.clone())
    }
}

struct Seat(Arc<Room>);

impl Drop for Seat {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

fn datagrams(identity: &Identity, socket: &UdpSocket) {
    let mut buffer = [0u8; 2048];
    loop {
        let Ok((_, peer)) = socket.recv_from(&mut buffer) else { continue };
        identity.requests.fetch_add(1, Ordering::Relaxed);
        let answer =
            format!("{{\"stand-in\": {}, \"peer\": {}}}\n", text(&identity.name), text(&ip(peer.ip())));
        // UDP promises nothing.
        let _ = socket.send_to(answer.as_bytes(), peer);
    }
}

fn connections(identity: &Arc<Identity>, room: &Arc<Room>, speaks: Speaks, listener: &TcpListener) {
    loop {
        let seat = room.take();
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of files or a client that was gone at once: neither is mended by asking again now.
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        let identity = identity.clone();
        let serve = move || {
            let _seat = seat;
            // A client that breaks off is its own matter.
            let _ = match speaks {
                Speaks::Tcp | Speaks::Udp => plain(&identity, stream),
                Speaks::Http => http(&identity, stream, false),
                Speaks::Gate => http(&identity, stream, true),
            };
        };
        if std::thread::Builder::new().stack_size(STACK).spawn(serve).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Says who it is and listens until the client is done.
fn plain(identity: &Identity, mut stream: TcpStream) -> io::Result<()> {
    identity.requests.fetch_add(1, Ordering::Relaxed);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "stand-in {} for {}", identity.name, identity.stands_for)?;
    let mut buffer = [0u8; 4096];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// An address as people write it: IPv4 clients of a dual-stack socket as IPv4.
fn ip(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}
