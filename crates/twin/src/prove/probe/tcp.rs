//! Many TCP connection attempts at once.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, connect, recv, socket_with, sockopt};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial {
    pub to: SocketAddr,
    /// Wait for the line our own listeners say when they accept.
    pub banner: bool,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Accepted; the first line said, if one was waited for and came.
    Open(Option<String>),
    /// Reset by the other end: nobody listens, or a filter says so.
    Refused,
    /// An ICMP error or a local one: no route, prohibited.
    Rejected(String),
    /// No answer in time.
    Silent,
}

impl Answer {
    /// In words.
    pub(crate) fn say(&self) -> String {
        match self {
            Answer::Open(None) => "accepted".to_owned(),
            Answer::Open(Some(line)) => format!("accepted by `{line}`"),
            Answer::Refused => "reset (nobody listens there)".to_owned(),
            Answer::Rejected(why) => format!("rejected ({why})"),
            Answer::Silent => "no answer".to_owned(),
        }
    }
}

enum State {
    Connecting(OwnedFd),
    Reading(OwnedFd),
    Done(Answer),
}

/// Makes all attempts at the same time and waits at most `limit` for those that stay silent.
pub(crate) fn dial(dials: &[Dial], limit: Duration) -> Vec<Answer> {
    let end = Instant::now() + limit;
    let mut states: Vec<State> = dials.iter().map(start).collect();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let mut which = Vec::new();
        let mut fds = Vec::new();
        for (n, state) in states.iter().enumerate() {
            match state {
                State::Connecting(fd) => fds.push(PollFd::new(fd, PollFlags::OUT)),
                State::Reading(fd) => fds.push(PollFd::new(fd, PollFlags::IN)),
                State::Done(_) => continue,
            }
            which.push(n);
        }
        if fds.is_empty() || left.is_zero() {
            break;
        }
        let Ok(limit) = Timespec::try_from(left) else { break };
        match poll(&mut fds, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
        let ready: Vec<usize> =
            which.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(n, _)| *n).collect();
        drop(fds);
        for n in ready {
            let state = std::mem::replace(&mut states[n], State::Done(Answer::Silent));
            states[n] = step(state, dials[n].banner);
        }
    }
    states.into_iter().map(finish).collect()
}

fn start(dial: &Dial) -> State {
    let family = if dial.to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = match socket_with(family, SocketType::STREAM, flags, None) {
        Ok(fd) => fd,
        Err(e) => return State::Done(Answer::Rejected(e.to_string())),
    };
    match connect(&fd, &dial.to) {
        Ok(()) | Err(Errno::INPROGRESS) => State::Connecting(fd),
        Err(e) => State::Done(failed(e)),
    }
}

fn failed(error: Errno) -> Answer {
    match error {
        Errno::CONNREFUSED => Answer::Refused,
        Errno::TIMEDOUT => Answer::Silent,
        other => Answer::Rejected(other.to_string()),
    }
}

fn step(state: State, banner: bool) -> State {
    match state {
        State::Connecting(fd) => match sockopt::socket_error(&fd) {
            Ok(Ok(())) if banner => State::Reading(fd),
            Ok(Ok(())) => State::Done(Answer::Open(None)),
            Ok(Err(e)) | Err(e) => State::Done(failed(e)),
        },
        State::Reading(fd) => {
            let mut line = [0u8; 128];
            match recv(&fd, &mut line[..], RecvFlags::empty()) {
                Ok((n, _)) if n > 0 => {
                    let text = String::from_utf8_lossy(&line[..n]);
                    State::Done(Answer::Open(text.lines().next().map(str::to_owned)))
                }
                Err(Errno::AGAIN | Errno::INTR) => State::Reading(fd),
                _ => State::Done(Answer::Open(None)),
            }
        }
        done @ State::Done(_) => done,
    }
}

fn finish(state: State) -> Answer {
    match state {
        State::Connecting(_) => Answer::Silent,
        State::Reading(_) => Answer::Open(None),
        State::Done(answer) => answer,
    }
}

/// Makes one attempt and waits for its end, at most `limit`; the address it was made from.
pub(crate) fn attempt(to: SocketAddr, limit: Duration) -> Option<SocketAddr> {
    let State::Connecting(fd) = start(&Dial { to, banner: false }) else { return None };
    let own = rustix::net::getsockname(&fd).ok().and_then(|a| SocketAddr::try_from(a).ok());
    let limit = Timespec::try_from(limit).ok()?;
    // However it ends: what is of interest is what was seen of it.
    let _ = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], Some(&limit));
    own
}

/// How many files this process may have open, after asking for all that it may have.
pub(crate) fn file_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    if now.current < now.maximum || now.current.is_some_and(|c| now.maximum.is_some_and(|m| c < m)) {
        // Refused: then fewer attempts are made at a time.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    }
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    #[test]
    fn open_spoken_refused_and_silent_are_told_apart() {
        let quiet = TcpListener::bind("127.0.0.1:0").unwrap();
        let speaking = TcpListener::bind("[::1]:0").unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = gone.local_addr().unwrap();
        drop(gone);
        let spoken = speaking.local_addr().unwrap();
        let speaker =
            std::thread::spawn(move || speaking.accept().unwrap().0.write_all(b"hello there\nmore").unwrap());
        let to = |to| Dial { to, banner: true };
        let dials =
            [to(quiet.local_addr().unwrap()), to(spoken), to(closed), to("127.0.0.1:0".parse().unwrap())];
        let begun = Instant::now();
        let answers = dial(&dials, Duration::from_millis(300));
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(answers[0], Answer::Open(None));
        assert_eq!(answers[1], Answer::Open(Some("hello there".to_owned())));
        assert_eq!(answers[2], Answer::Refused);
        assert!(!matches!(answers[3], Answer::Open(_)), "{:?}", answers[3]);
        speaker.join().unwrap();
    }

    #[test]
    fn files_are_allowed() {
        assert!(file_limit() >= 256);
    }
}
