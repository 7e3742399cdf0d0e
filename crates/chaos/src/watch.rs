//! What a machine's agent is doing, seen from outside: its processes and the lines of its journal.

use remote::Remote;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use twin::NamespaceRemote;

/// Where the journal is.
pub const JOURNAL: &str = "/var/lib/fleetwright/journal";
const FOLDER: &str = "var/lib/fleetwright";

/// A line of the journal, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Line {
    /// Counts up.
    pub seq: u64,
    /// The transaction.
    pub generation: u64,
    /// The state's name.
    pub state: String,
    /// The phase within it.
    #[serde(default)]
    pub step: String,
    /// Seconds since the epoch by the agent's clock.
    #[serde(default)]
    pub at: u64,
}

impl Line {
    /// True when the transaction has ended.
    pub fn is_final(&self) -> bool {
        ["confirmed", "undone", "failed"].contains(&self.state.as_str())
    }
}

#[derive(serde::Deserialize)]
struct Summed {
    entry: Line,
}

/// Whole lines of a journal.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let whole = bytes.split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n"));
    whole.filter_map(|l| serde_json::from_slice::<Summed>(l).ok()).map(|s| s.entry).collect()
}

/// The lines of a machine's journal after `seq`.
pub fn since(host: &NamespaceRemote, seq: u64) -> Vec<Line> {
    let bytes = host.read(JOURNAL).ok().flatten().unwrap_or_default();
    lines(&bytes).into_iter().filter(|l| l.seq > seq).collect()
}

/// The last line of a machine's journal; none when there is no journal or the machine is off.
pub fn last(host: &NamespaceRemote) -> Option<Line> {
    lines(&host.read(JOURNAL).ok()??).pop()
}

/// Waits until `what` holds for a line written after `seq`; gives it, or none when the time is over.
/// The kernel tells when the folder's files change; a machine that is switched off in between has another
/// folder afterwards, so it is looked again every tenth of a second.
pub fn await_line(
    host: &NamespaceRemote,
    seq: u64,
    limit: Duration,
    mut what: impl FnMut(&Line) -> bool,
) -> Option<Line> {
    let until = Instant::now() + limit;
    loop {
        let events = events_of(host);
        if let Ok(Some(bytes)) = host.read(JOURNAL)
            && let Some(line) = lines(&bytes).into_iter().find(|l| l.seq > seq && what(l))
        {
            return Some(line);
        }
        let left = until.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
        if left.is_zero() {
            return None;
        }
        match &events {
            Some(events) => {
                if let Ok(limit) = Timespec::try_from(left) {
                    let _ = poll(&mut [PollFd::new(events, PollFlags::IN)], Some(&limit));
                }
            }
            None => std::thread::sleep(left.min(Duration::from_millis(20))),
        }
    }
}

fn events_of(host: &NamespaceRemote) -> Option<rustix::fd::OwnedFd> {
    let folder = PathBuf::from(format!("/proc/{}/root/{FOLDER}", host.pid().ok()?));
    let events = inotify::init(inotify::CreateFlags::CLOEXEC).ok()?;
    let kinds = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&events, &folder, kinds).ok()?;
    Some(events)
}

/// Agents that run on a machine, as this machine numbers them.
pub fn agents(host: &NamespaceRemote) -> Vec<i32> {
    called(host, "fleetwright-age")
}

/// Processes of a machine whose name begins so, as this machine numbers them.
pub fn called(host: &NamespaceRemote, name: &str) -> Vec<i32> {
    let Ok(leader) = host.pid() else { return Vec::new() };
    let space = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let Some(mine) = space(leader) else { return Vec::new() };
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = all.flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    let named =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|c| c.starts_with(name));
    pids.filter(named).filter(|pid| space(*pid).as_ref() == Some(&mine)).collect()
}

fn send(pids: impl IntoIterator<Item = i32>, signal: Signal) -> usize {
    let sent = pids.into_iter().filter_map(Pid::from_raw).map(|p| kill_process(p, signal));
    sent.filter(Result::is_ok).count()
}

/// Sends a signal to every agent on a machine. Gives how many there were.
fn signal_agents(host: &NamespaceRemote, signal: Signal) -> usize {
    send(agents(host), signal)
}

/// Kills processes. Gives how many there were.
pub fn kill(pids: impl IntoIterator<Item = i32>) -> usize {
    send(pids, Signal::KILL)
}

/// Kills every agent on a machine at once. Gives how many there were.
pub fn kill_agents(host: &NamespaceRemote) -> usize {
    signal_agents(host, Signal::KILL)
}

/// Does something while no agent on the machine moves: what comes at a line of the journal comes there.
pub fn while_stopped(host: &NamespaceRemote, what: impl FnOnce()) {
    signal_agents(host, Signal::STOP);
    what();
    signal_agents(host, Signal::CONT);
}
