//! A way onto a machine that can be cut, can make its agent die, and tells what is asked of it.

use crate::relay::relay;
use remote::{Output, Reach, Remote, RemoteError, Stream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use twin::NamespaceRemote;

/// How a cut network looks from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Refused at once; what was open is reset.
    Refused,
    /// No answer: each try waits until its limit, or until the network is back. What was open breaks when
    /// nothing has come through for [`KEEPALIVE`].
    Silent,
}

/// Nothing through a connection for so long breaks it.
pub const KEEPALIVE: Duration = Duration::from_secs(2);
/// A connection that is not answered is given up after this time.
const SILENCE: Duration = Duration::from_secs(4);
/// Nobody holds a command longer.
const HELD: Duration = Duration::from_secs(30);

/// What lies between a controller and its machine.
#[derive(Default)]
pub struct Network {
    cut: Mutex<Option<(Cut, Instant)>>,
    changed: Condvar,
    /// How often open connections were broken.
    breaks: AtomicU64,
}

impl Network {
    fn cut(&self, how: Option<Cut>) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = how.map(|h| (h, Instant::now()));
        if how == Some(Cut::Refused) {
            self.breaks.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    /// True when connections were broken at some time.
    pub fn broken(&self) -> bool {
        self.breaks.load(Ordering::Relaxed) > 0
    }

    /// Waits until a piece can pass; false when the connection is broken.
    pub fn carry(&self) -> bool {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.broken() {
                return false;
            }
            let Some((_, since)) = *cut else { return true };
            let left = KEEPALIVE.saturating_sub(since.elapsed());
            if left.is_zero() {
                self.breaks.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            cut = self.changed.wait_timeout(cut, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a new connection can be made, at most `limit`.
    fn connect(&self, limit: Duration) -> Result<(), &'static str> {
        let until = Instant::now() + limit;
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *cut {
                None => return Ok(()),
                Some((Cut::Refused, _)) => return Err("connection refused"),
                Some((Cut::Silent, _)) => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("connection timed out");
            }
            cut = self.changed.wait_timeout(cut, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[derive(Default)]
struct Gate {
    /// Commands that wait until they are let through.
    held: Vec<String>,
    /// Commands that were asked for.
    asked: Vec<String>,
    /// Environment of the agent, by command.
    environment: Vec<(String, String)>,
    /// Commands that are carried out and whose answer is lost.
    deaf: Vec<String>,
    /// The network of each connection that stays open.
    open: Vec<Arc<Network>>,
    cut: Option<Cut>,
}

/// A way onto a machine.
pub struct Way {
    inner: Arc<dyn Remote>,
    /// Streams go through [`Network`]; else they have a network of their own.
    relayed: bool,
    gate: Mutex<Gate>,
    changed: Condvar,
    network: Network,
}

impl Way {
    /// The way onto a machine, open.
    pub fn new(inner: Arc<NamespaceRemote>) -> Arc<Self> {
        let (gate, changed, network) = <(Mutex<Gate>, Condvar, Network)>::default();
        Arc::new(Way { inner, relayed: true, gate, changed, network })
    }

    /// A way that has a network of its own, as SSH has: it cannot be cut here.
    pub fn over(inner: Arc<dyn Remote>) -> Arc<Self> {
        let (gate, changed, network) = <(Mutex<Gate>, Condvar, Network)>::default();
        Arc::new(Way { inner, relayed: false, gate, changed, network })
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, what: impl FnOnce(&mut Gate)) {
        what(&mut self.gate());
        self.changed.notify_all();
    }

    /// Cuts the network, or brings it back.
    pub fn cut(&self, how: Option<Cut>) {
        self.network.cut(how);
        self.change(|g| {
            g.cut = how;
            g.open.iter().for_each(|n| n.cut(how));
        });
    }
    /// Breaks what is open; new connections are welcome.
    pub fn reset(&self) {
        self.change(|g| g.open.drain(..).for_each(|n| n.cut(Some(Cut::Refused))));
    }
    /// Makes a command wait until it is let through.
    pub fn hold(&self, command: &str) {
        self.change(|g| g.held.push(command.to_owned()));
    }
    /// Lets everything through that was held.
    pub fn let_through(&self) {
        self.change(|g| g.held.clear());
    }
    /// Loses the answer of the next call of a command.
    pub fn lose_answer(&self, command: &str) {
        self.change(|g| g.deaf.push(command.to_owned()));
    }
    /// Gives the agent a variable when it is run with a command.
    pub fn environment(&self, command: &str, variable: String) {
        self.change(|g| g.environment.push((command.to_owned(), variable)));
    }

    /// Waits until a command was asked for; false when the time is over.
    pub fn await_asked(&self, command: &str, limit: Duration) -> bool {
        let missing = |g: &mut Gate| !g.asked.iter().any(|a| a == command);
        let waited = self.changed.wait_timeout_while(self.gate(), limit, missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn unreachable(&self, detail: &str) -> RemoteError {
        let reason = match detail {
            "connection refused" => Reach::Refused,
            "connection timed out" => Reach::Timeout,
            _ => Reach::Lost,
        };
        RemoteError::Unreachable { host: self.name().to_owned(), reason, detail: detail.to_owned() }
    }

    /// Waits while a command is held or the network is silent.
    fn pass(&self, argv: &[&str], limit: Duration) -> Result<Vec<String>, RemoteError> {
        let command = command_of(argv);
        self.change(|g| g.asked.push(command.clone()));
        let held = |g: &mut Gate| g.held.contains(&command);
        drop(self.changed.wait_timeout_while(self.gate(), limit.min(HELD), held));
        self.network.connect(limit.min(SILENCE)).map_err(|detail| self.unreachable(detail))?;
        let gate = self.gate();
        let mut words: Vec<String> = argv.iter().map(|a| (*a).to_owned()).collect();
        let set = gate.environment.iter().filter(|(c, _)| *c == command);
        let set: Vec<String> = set.map(|(_, variable)| variable.clone()).collect();
        if !set.is_empty() {
            words.splice(0..0, std::iter::once("/usr/bin/env".to_owned()).chain(set));
        }
        Ok(words)
    }

    fn is_deaf(&self, argv: &[&str]) -> bool {
        let command = command_of(argv);
        let mut gate = self.gate();
        let at = gate.deaf.iter().position(|d| *d == command);
        at.map(|at| gate.deaf.remove(at)).is_some()
    }
}

fn command_of(argv: &[&str]) -> String {
    argv.get(1).copied().unwrap_or_default().to_owned()
}

impl Remote for Way {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn run(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, RemoteError> {
        let words = self.pass(argv, deadline)?;
        let said = self.inner.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), stdin, deadline);
        if self.is_deaf(argv) || self.network.connect(SILENCE).is_err() {
            return Err(self.unreachable("connection lost"));
        }
        said
    }
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        self.pass(&["", "read"], SILENCE)?;
        self.inner.read(path)
    }
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), RemoteError> {
        self.pass(&["", "write"], SILENCE)?;
        self.inner.write(path, bytes, mode)
    }
    fn open(&self, argv: &[&str]) -> Result<Stream, RemoteError> {
        let words = self.pass(argv, SILENCE)?;
        let inner = self.inner.open(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        if !self.relayed {
            return Ok(inner);
        }
        let network = Arc::new(Network::default());
        self.change(|g| {
            network.cut(g.cut);
            g.open.push(network.clone());
        });
        relay(inner, network).map_err(|e| self.unreachable(&e.to_string()))
    }
    fn renew(&self) {
        self.inner.renew();
    }
}
