//! Switching machines off.

use crate::TwinError;
use crate::error::Step;
use crate::ground::cgroup;
use crate::ground::process::{ProcId, tool};
use crate::paths::Paths;
use crate::state::Powered;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// How a machine is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerOff {
    /// Every process ended at once, nothing stopped, nothing flushed by them.
    Cut,
    /// As `systemctl poweroff` does; a machine that does not end within 30 s is cut.
    Orderly,
}

const ORDERLY: Duration = Duration::from_secs(30);
/// Ending processes that cannot object.
const CUT: Duration = Duration::from_secs(10);

/// Ends a machine. Its disk stays.
pub(crate) fn off(
    paths: &Paths,
    machine: &str,
    powered: Option<&Powered>,
    how: PowerOff,
) -> Result<(), TwinError> {
    let group = format!("{}/{machine}", paths.cgroup());
    if let (PowerOff::Orderly, Some(powered)) = (how, powered)
        && powered.leader.alive()
    {
        cgroup::freeze(&group, false)?;
        // The signal that asks systemd to power off. glibc keeps the first two real-time signals to itself,
        // so its number is left to a tool that links with it.
        tool(&["kill", "-s", "RTMIN+4", &powered.leader.pid.to_string()], b"", CUT)?;
        ended(&powered.nspawn, ORDERLY)?;
    }
    cgroup::kill(&group, CUT)?;
    cgroup::remove(&group, CUT)
}

/// Waits at most `limit` for a process to end.
pub(crate) fn ended(process: &ProcId, limit: Duration) -> Result<(), TwinError> {
    let Some(handle) = process.handle() else { return Ok(()) };
    let limit = Timespec::try_from(limit).step(|| "wait".to_owned())?;
    match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e).step(|| format!("wait for process {}", process.pid)),
    }
}
