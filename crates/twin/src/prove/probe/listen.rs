//! Listeners of our own, where a question needs somebody to be there.

use super::super::ground::{Ground, within};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

/// What our listener in a node says to whom it accepts.
pub(crate) fn banner(node: &str) -> String {
    format!("fleetwright listens in {node}")
}

/// Who listens on a port of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// A listener of ours, on every address.
    Ours,
    /// A program of the node.
    Theirs,
    /// Nobody: it could not be arranged, and why.
    Nobody(String),
}

/// Listeners that stay until this is dropped.
pub(crate) struct Listeners {
    held: BTreeMap<(String, u16), Held>,
    wake: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Listeners {
    /// Listens on every address of these nodes' ports where nobody does yet.
    pub(crate) fn start(ground: &dyn Ground, wanted: &BTreeSet<(String, u16)>) -> Listeners {
        let mut held = BTreeMap::new();
        let mut sockets = Vec::new();
        let mut nodes: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        for (node, port) in wanted {
            nodes.entry(node).or_default().push(*port);
        }
        for (node, ports) in nodes {
            let made = within(ground, node, || ports.iter().map(|p| (*p, open(*p))).collect::<Vec<_>>());
            match made {
                Ok(made) => {
                    for (port, socket) in made {
                        let key = (node.to_owned(), port);
                        match socket {
                            Ok(fd) => {
                                sockets.push((node.to_owned(), TcpListener::from(fd)));
                                held.insert(key, Held::Ours);
                            }
                            Err(Errno::ADDRINUSE) => {
                                held.insert(key, Held::Theirs);
                            }
                            Err(e) => {
                                held.insert(
                                    key,
                                    Held::Nobody(format!("listen on port {port} in {node}: {e}")),
                                );
                            }
                        }
                    }
                }
                Err(e) => held.extend(ports.iter().map(|p| ((node.to_owned(), *p), Held::Nobody(e.clone())))),
            }
        }
        let wake = eventfd(0, EventfdFlags::CLOEXEC).ok();
        let thread = wake
            .as_ref()
            .and_then(|w| w.try_clone().ok())
            .map(|stop| std::thread::spawn(move || serve(&sockets, &stop)));
        Listeners { held, wake, thread }
    }

    /// Who listens there.
    pub(crate) fn on(&self, node: &str, port: u16) -> Held {
        let none = || Held::Nobody(format!("nobody was asked to listen on port {port} in {node}"));
        self.held.get(&(node.to_owned(), port)).cloned().unwrap_or_else(none)
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        if let Some(wake) = &self.wake {
            // The thread ends with the process if even this fails.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(port: u16) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = socket_with(AddressFamily::INET6, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&fd, true)?;
    sockopt::set_ipv6_v6only(&fd, false)?;
    bind(&fd, &SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))?;
    listen(&fd, 128)?;
    Ok(fd)
}

fn serve(sockets: &[(String, TcpListener)], stop: &OwnedFd) {
    loop {
        let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
        fds.extend(sockets.iter().map(|(_, s)| PollFd::new(s, PollFlags::IN)));
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        if !fds[0].revents().is_empty() {
            return;
        }
        for (fd, (node, socket)) in fds[1..].iter().zip(sockets) {
            if fd.revents().is_empty() {
                continue;
            }
            while let Ok((mut stream, _)) = socket.accept() {
                // A line this short fits any socket buffer; who hung up already hears nothing.
                let _ = stream.write_all(format!("{}\n", banner(node)).as_bytes());
            }
        }
    }
}
