//! From a destination to a connection one is signed in on.

use super::auth::{self, Denied};
use super::config::{Failure, Route, Routes};
use super::hops::{self, Hops};
use super::keys::Opened;
use super::known::{self, Known};
use super::meter::{Meter, Metered};
use super::program::Program;
use super::wire::{self, Broken, Keys, Pulse};
use super::{Destination, Settings};
use crate::Reach;
use russh::client::Handle;
use russh::keys::{Algorithm, PublicKey};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

/// Jumps over jumps end somewhere.
const JUMPS: usize = 8;
/// Commands at once on a connection. sshd takes 10 unless told otherwise (MaxSessions).
const SESSIONS: usize = 8;
/// Signs of life that may stay away.
const MISSED: usize = 3;

/// A connection one is signed in on.
pub(super) struct Connection {
    pub(super) handle: Handle<Keys>,
    pub(super) user: String,
    /// Room for commands.
    pub(super) sessions: Arc<Semaphore>,
    /// What has gone out on it.
    pub(super) meter: Arc<Meter>,
    /// What it goes over.
    _over: Option<Arc<Connection>>,
    /// The program that is its socket.
    _program: Option<Program>,
}

/// Time there is. It stands still while a person thinks.
pub(super) struct Clock {
    until: Instant,
}

impl Clock {
    pub(super) fn new(limit: Duration) -> Self {
        Clock { until: Instant::now() + limit }
    }
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
    /// Does something that does not count.
    pub(super) fn pause<T>(&mut self, what: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = what();
        self.until += begun.elapsed();
        done
    }
}

/// What all connections of a client share.
pub(super) struct Common {
    pub(super) settings: Settings,
    routes: Routes,
    known: Mutex<BTreeMap<Vec<PathBuf>, Arc<Known>>>,
    opened: Opened,
    hops: Hops,
    runtime: tokio::runtime::Handle,
}

/// Anything bytes go through.
trait Pipe: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Pipe for T {}

/// A socket, and what keeps it open.
struct Line {
    pipe: Box<dyn Pipe>,
    over: Option<Arc<Connection>>,
    program: Option<Program>,
}

impl Common {
    pub(super) fn new(settings: Settings, runtime: tokio::runtime::Handle) -> Self {
        Common {
            settings,
            routes: Routes::default(),
            known: Mutex::default(),
            opened: Opened::default(),
            hops: Hops::default(),
            runtime,
        }
    }

    fn route(&self, to: &Destination) -> Result<Route, Failure> {
        self.routes.route(&self.settings.config, to)
    }

    /// Connects and signs in, over hops that were connected after `fresh`. Called by a thread that may wait.
    pub(super) fn connect(
        &self,
        to: &Destination,
        clock: &mut Clock,
        fresh: Instant,
    ) -> Result<Connection, Failure> {
        self.no_loop(to)?;
        self.connect_over(to, clock, fresh)
    }

    /// Hosts are jumped over one at a time, each locked: a way that leads back to itself must not begin.
    fn no_loop(&self, to: &Destination) -> Result<(), Failure> {
        let mut at = to.clone();
        for _ in 0..=JUMPS {
            match hops::last(&self.route(&at)?) {
                None => return Ok(()),
                Some(hop) => at = hop,
            }
        }
        Err((Reach::Config, format!("the jumps to {} do not end: does a host jump over itself?", to.name)))
    }

    fn connect_over(
        &self,
        to: &Destination,
        clock: &mut Clock,
        fresh: Instant,
    ) -> Result<Connection, Failure> {
        let route = self.route(to)?;
        loop {
            match self.attempt(to, &route, clock, fresh) {
                Ok(connection) => return Ok(connection),
                Err(Denied::Passphrase(file)) => clock.pause(|| self.opened.ask(&file, &self.settings)),
                Err(Denied::Failed(reach, text)) => return Err((reach, text)),
            }
        }
    }

    fn attempt(
        &self,
        to: &Destination,
        route: &Route,
        clock: &mut Clock,
        fresh: Instant,
    ) -> Result<Connection, Denied> {
        let Line { pipe, over, program } = self.line(to, route, clock, fresh)?;
        let (known, names) = self.known_of(to, route);
        let kinds = known.kinds(names.first().map_or("", String::as_str));
        let config = wire::config(&kinds, self.pulse(route));
        let bye = Arc::new(Mutex::new(None));
        let keys = Keys { known, names, bye: Arc::clone(&bye), seen: None };
        let meter = Arc::new(Meter::default());
        let socket = Metered { socket: pipe, meter: Arc::clone(&meter) };
        let limit = self.limit(route, clock);
        let handle = self.wait(limit, "in the key exchange", async {
            russh::client::connect_stream(Arc::new(config), socket, keys).await.map_err(broken)
        });
        let mut handle = handle.map_err(|(reach, text)| match &program {
            Some(program) => (reach, format!("{text}{}", program.said())),
            None => (reach, text),
        })?;
        let limit = self.limit(route, clock);
        let signed_in = self.wait(limit, "signing in", async {
            Ok(auth::sign_in(&mut handle, route, &self.settings, &self.opened, &bye).await)
        });
        signed_in??;
        Ok(Connection {
            handle,
            user: route.user.clone(),
            sessions: Arc::new(Semaphore::new(SESSIONS)),
            meter,
            _over: over,
            _program: program,
        })
    }

    fn limit(&self, route: &Route, clock: &Clock) -> Duration {
        route.connect.unwrap_or(self.settings.connect).min(clock.left())
    }

    fn pulse(&self, route: &Route) -> Pulse {
        Pulse {
            every: route.keepalive.unwrap_or(self.settings.keepalive),
            missed: route.keepalive_max.filter(|n| *n > 0).unwrap_or(MISSED),
        }
    }

    /// The known keys that count for a host, and the names it may have there. The fleet pins a host by its
    /// name; people's own files have an alias or what they dialled.
    fn known_of(&self, to: &Destination, route: &Route) -> (Arc<Known>, Vec<String>) {
        let mut files = self.settings.known_hosts.clone();
        files.extend(route.known_hosts.iter().filter(|f| !self.settings.known_hosts.contains(f)).cloned());
        let known = {
            let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let known = kept.entry(files).or_insert_with_key(|files| Arc::new(Known::read(files)));
            Arc::clone(known)
        };
        let mut names = vec![to.name.to_lowercase()];
        match &route.alias {
            Some(alias) => names.push(alias.to_lowercase()),
            None => names.extend([known::name(&route.host, route.port), known::name(&to.name, route.port)]),
        }
        let names = known.names(names);
        (known, names)
    }

    /// The socket to speak over.
    fn line(
        &self,
        to: &Destination,
        route: &Route,
        clock: &mut Clock,
        fresh: Instant,
    ) -> Result<Line, Failure> {
        if let Some(hop) = hops::last(route) {
            // While another host's thread connects to the hop, that is this one's way too.
            let mut other = Clock::new(clock.left());
            let over = clock
                .pause(|| self.hops.get(&hop, fresh, || self.connect_over(&hop, &mut other, fresh)))
                .map_err(|(reach, e)| (reach, format!("on the way, at {}: {e}", hop.name)))?;
            let channel = self.wait(self.limit(route, clock), "for the way on", async {
                let port = u32::from(route.port);
                over.handle
                    .channel_open_direct_tcpip(&route.host, port, "127.0.0.1", 0)
                    .await
                    .map_err(|e| refused_on(&hop.name, &e))
            })?;
            return Ok(Line { pipe: Box::new(channel.into_stream()), over: Some(over), program: None });
        }
        if let Some(command) = &route.command {
            let (pipe, program) = self.runtime.block_on(async { Program::start(command) })?;
            return Ok(Line { pipe: Box::new(pipe), over: None, program: Some(program) });
        }
        let limit = self.limit(route, clock);
        let socket = self
            .settings
            .dial
            .dial(&to.name, &route.host, route.port, limit)
            .map_err(|e| dial_failed(&e, &known::name(&route.host, route.port), limit))?;
        let ready = socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true));
        let _inside = self.runtime.enter();
        let socket = ready.and_then(|()| tokio::net::TcpStream::from_std(socket));
        let socket = socket.map_err(|e| (Reach::Other, e.to_string()))?;
        Ok(Line { pipe: Box::new(socket), over: None, program: None })
    }

    /// Waits for something until the limit.
    fn wait<T>(
        &self,
        limit: Duration,
        at: &str,
        what: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = self.runtime.block_on(async { tokio::time::timeout(limit, what).await });
        done.unwrap_or_else(|_| Err((Reach::Timeout, format!("no answer within {}, {at}", shown(limit)))))
    }

    /// The keys a host shows, one of each type it has.
    pub(super) fn host_keys(&self, to: &Destination) -> Result<Vec<PublicKey>, Failure> {
        self.no_loop(to)?;
        let (route, fresh) = (self.route(to)?, Instant::now());
        let mut all = Vec::new();
        let mut last = None;
        for kind in wire::KINDS {
            let rsa = |a: &Algorithm| matches!(a, Algorithm::Rsa { .. });
            if all.iter().any(|k: &PublicKey| rsa(&k.algorithm()) && rsa(&kind)) {
                continue;
            }
            let mut clock = Clock::new(self.settings.connect);
            let line = self.line(to, &route, &mut clock, fresh)?;
            let mut config = wire::config(&[], self.pulse(&route));
            config.preferred.key = vec![kind].into();
            let seen = Arc::new(Mutex::new(None));
            let keys = Keys {
                known: Arc::default(),
                names: Vec::new(),
                bye: Arc::default(),
                seen: Some(Arc::clone(&seen)),
            };
            let said = self.wait(self.limit(&route, &clock), "in the key exchange", async {
                russh::client::connect_stream(Arc::new(config), line.pipe, keys).await.map_err(broken)
            });
            let key = seen.lock().ok().and_then(|mut s| s.take());
            match (key, said) {
                (Some(key), _) => all.push(key),
                // It has no key of this type.
                (None, Err((Reach::Other, e))) => last = Some((Reach::Other, e)),
                (None, Err(e)) => return Err(e),
                (None, Ok(_)) => {}
            }
        }
        match (all.is_empty(), last) {
            (true, Some(error)) => Err(error),
            _ => Ok(all),
        }
    }
}

fn shown(limit: Duration) -> String {
    format!("{:.1} s", limit.as_secs_f64())
}

fn dial_failed(error: &io::Error, at: &str, limit: Duration) -> Failure {
    use io::ErrorKind as K;
    let reach = match error.kind() {
        K::ConnectionRefused => Reach::Refused,
        K::TimedOut | K::WouldBlock => {
            return (Reach::Timeout, format!("{at} does not answer within {}", shown(limit)));
        }
        K::NotFound => Reach::NameUnknown,
        K::HostUnreachable | K::NetworkUnreachable | K::AddrNotAvailable => Reach::NoRoute,
        _ => Reach::Other,
    };
    match reach {
        Reach::NameUnknown => (reach, error.to_string()),
        _ => (reach, format!("{at}: {error}")),
    }
}

fn refused_on(hop: &str, error: &russh::Error) -> Failure {
    let reach = match error {
        russh::Error::ChannelOpenFailure(russh::ChannelOpenFailure::ConnectFailed) => Reach::Refused,
        _ => Reach::Other,
    };
    (reach, format!("{hop} does not lead there: {error}"))
}

fn broken(error: Broken) -> Failure {
    match error {
        Broken::Key(reach, text) => (reach, text),
        Broken::Ssh(e @ (russh::Error::HUP | russh::Error::Disconnect)) => {
            (Reach::Refused, format!("it closed the connection: {e}"))
        }
        Broken::Ssh(russh::Error::IO(e)) if cut_off(&e) => {
            (Reach::Refused, format!("it closed the connection: {e}"))
        }
        Broken::Ssh(russh::Error::IO(e)) => (Reach::Lost, e.to_string()),
        Broken::Ssh(russh::Error::ConnectionTimeout | russh::Error::InactivityTimeout) => {
            (Reach::Timeout, "it connects and then says nothing".to_owned())
        }
        Broken::Ssh(e) => (Reach::Other, e.to_string()),
    }
}

/// How a server looks that takes no more (MaxStartups), or not from here.
fn cut_off(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionReset | K::BrokenPipe | K::UnexpectedEof | K::ConnectionAborted)
}
