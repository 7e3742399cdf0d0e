//! Processes of a twin: started into its cgroups, known by pid and start time.

use crate::TwinError;
use crate::error::Step;
use remote::Output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcId {
    pub pid: i32,
    /// Clock ticks since boot.
    pub started: u64,
}

impl ProcId {
    /// The process that has this number now; `None` when there is none or it is only waiting to be reaped.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in brackets and may hold anything, brackets included.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        Some(ProcId { pid, started: fields.nth(18)?.parse().ok()? })
    }
    /// True while this very process runs.
    pub fn alive(&self) -> bool {
        ProcId::of(self.pid) == Some(*self)
    }
    /// A handle that stays this process's for good; `None` when it is gone.
    pub fn handle(&self) -> Option<OwnedFd> {
        let fd = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        self.alive().then_some(fd)
    }
}

/// Sends what a command says to a file and gives it nothing to read.
pub(crate) fn log_to(command: &mut Command, log: &Path) -> Result<(), TwinError> {
    let out = File::options().create(true).append(true).open(log);
    let out = out.step(|| format!("open {}", log.display()))?;
    let err = out.try_clone().step(|| format!("open {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    Ok(())
}

/// Makes a command start in the cgroups behind `doors`, which must stay open until it is started, and in a
/// session of its own.
pub(crate) fn enroll(command: &mut Command, doors: &[File]) {
    let doors: Vec<i32> = doors.iter().map(AsRawFd::as_raw_fd).collect();
    let join = move || {
        for door in &doors {
            // SAFETY: the caller keeps the files open until the child is started, which `spawn` waits for.
            #[allow(unsafe_code)]
            let door = unsafe { BorrowedFd::borrow_raw(*door) };
            rustix::io::write(door, b"0")?;
        }
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: between fork and exec only write(2) and setsid(2) are called; nothing is allocated.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(join);
    }
}

/// Why a command that was watched did not end well enough to have an exit code.
pub(crate) enum Cut {
    /// The deadline passed and it was ended.
    Deadline,
    /// Its streams could not be used.
    Io(std::io::Error),
}

/// How long the outputs of an ended command are still read: something it left running may hold them open.
const AFTERMATH: Duration = Duration::from_millis(200);

/// Feeds a child that leads its own process group, gathers what it says and waits at most `deadline`; past
/// it the whole group is ended.
pub(crate) fn capture(mut child: Child, stdin: &[u8], deadline: Duration) -> Result<Output, Cut> {
    let result = gather(&mut child, stdin, Instant::now() + deadline);
    if result.is_err() {
        if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
            // It may have ended by now.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
    result
}

fn gather(child: &mut Child, stdin: &[u8], end: Instant) -> Result<Output, Cut> {
    let pid = Pid::from_raw(child.id().cast_signed()).ok_or(Cut::Io(std::io::ErrorKind::NotFound.into()))?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| Cut::Io(e.into()))?;
    let mut input = child.stdin.take().filter(|_| !stdin.is_empty());
    if let Some(pipe) = &input {
        rustix::io::ioctl_fionbio(pipe, true).map_err(|e| Cut::Io(e.into()))?;
    }
    let mut sent = 0;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut status = None;
    let mut end = end;
    loop {
        if out.is_none() && err.is_none() && status.is_some() {
            break;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            if status.is_some() {
                break;
            }
            return Err(Cut::Deadline);
        }
        let mut which = Vec::with_capacity(4);
        let mut fds = Vec::with_capacity(4);
        if status.is_none() {
            which.push(0);
            fds.push(PollFd::new(&handle, PollFlags::IN));
        }
        for (n, fd, flags) in [
            (1, input.as_ref().map(AsFd::as_fd), PollFlags::OUT),
            (2, out.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (3, err.as_ref().map(AsFd::as_fd), PollFlags::IN),
        ] {
            if let Some(fd) = fd {
                which.push(n);
                fds.push(PollFd::from_borrowed_fd(fd, flags));
            }
        }
        let limit = Timespec::try_from(left).map_err(|e| Cut::Io(std::io::Error::other(e)))?;
        match poll(&mut fds, Some(&limit)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(Cut::Io(e.into())),
        }
        let ready: Vec<u8> =
            which.iter().zip(&fds).filter(|(_, f)| !f.revents().is_empty()).map(|(n, _)| *n).collect();
        drop(fds);
        for n in ready {
            match n {
                0 => {
                    status = Some(child.wait().map_err(Cut::Io)?);
                    end = end.min(Instant::now() + AFTERMATH);
                }
                1 => {
                    let wrote = input.as_mut().map_or(Ok(0), |p| p.write(&stdin[sent..]));
                    match wrote {
                        Ok(n) => sent += n,
                        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                        // A command may end without reading its input: that is its exit code's matter.
                        Err(_) => sent = stdin.len(),
                    }
                    if sent == stdin.len() {
                        input = None;
                    }
                }
                2 => take(&mut out, &mut stdout)?,
                _ => take(&mut err, &mut stderr)?,
            }
        }
    }
    let code = status.map_or(-1, |s| s.code().unwrap_or_else(|| 128 + s.signal().unwrap_or(0)));
    Ok(Output { code, stdout, stderr })
}

fn take<R: Read>(pipe: &mut Option<R>, into: &mut Vec<u8>) -> Result<(), Cut> {
    let mut buffer = [0; 16384];
    match pipe.as_mut().map_or(Ok(0), |p| p.read(&mut buffer)) {
        Ok(0) => *pipe = None,
        Ok(n) => into.extend_from_slice(&buffer[..n]),
        Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
        Err(e) => return Err(Cut::Io(e)),
    }
    Ok(())
}

/// Runs one of this machine's own tools with `stdin`; anything but exit code 0 is an error that quotes it.
pub(crate) fn tool(argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output, TwinError> {
    let what = || argv.join(" ");
    let (program, args) = argv.split_first().ok_or_else(|| TwinError::failed("", "empty command"))?;
    let mut command = Command::new(program);
    command.args(args).process_group(0);
    command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().step(what)?;
    match capture(child, stdin, deadline) {
        Ok(output) if output.ok() => Ok(output),
        Ok(output) => Err(TwinError::failed(what(), output.error_text())),
        Err(Cut::Deadline) => Err(TwinError::failed(what(), format!("did not end within {deadline:?}"))),
        Err(Cut::Io(e)) => Err(TwinError::failed(what(), e)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn start(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn big_input_and_both_outputs_come_through() {
        let bytes = vec![b'x'; 300_000];
        let output = capture(start("cat; echo no >&2; exit 7"), &bytes, Duration::from_secs(10));
        let output = output.unwrap_or_else(|_| panic!("cut"));
        assert_eq!((output.code, output.stdout.len(), output.error_text().as_str()), (7, 300_000, "no"));
    }

    #[test]
    fn a_deadline_ends_the_whole_group() {
        let child = start("sleep 61 & echo $!; wait");
        let group = child.id().cast_signed();
        let begun = Instant::now();
        assert!(matches!(capture(child, b"", Duration::from_millis(200)), Err(Cut::Deadline)));
        assert!(begun.elapsed() < Duration::from_secs(5));
        let gone = || {
            !fs::read_dir("/proc").unwrap().flatten().any(|e| {
                let pid: Option<i32> = e.file_name().to_str().and_then(|n| n.parse().ok());
                pid.and_then(ProcId::of).is_some_and(|p| {
                    let stat = fs::read_to_string(format!("/proc/{}/stat", p.pid)).unwrap_or_default();
                    stat.rsplit_once(')')
                        .is_some_and(|(_, r)| r.split(' ').nth(3) == Some(&group.to_string()))
                })
            })
        };
        while !gone() {
            assert!(begun.elapsed() < Duration::from_secs(5), "the group is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn something_left_running_does_not_hold_the_answer_up() {
        let begun = Instant::now();
        let child = start("sleep 61 & echo started");
        let group = Pid::from_raw(child.id().cast_signed()).unwrap();
        let output = capture(child, b"", Duration::from_secs(30)).unwrap_or_else(|_| panic!("cut"));
        assert_eq!(output.text(), "started");
        assert!(begun.elapsed() < Duration::from_secs(5));
        kill_process_group(group, Signal::KILL).unwrap();
    }

    #[test]
    fn a_process_is_known_by_its_start() {
        let own = ProcId::of(std::process::id().cast_signed()).unwrap();
        assert!(own.alive());
        assert!(!ProcId { started: own.started + 1, ..own }.alive());
    }
}
