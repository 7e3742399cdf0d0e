//! Seeing that it works: every probe must hold within its time, and what was started must stay up.

use crate::redact::Redactor;
use crate::system::System;
use artifact::protocol::{Code, Fault};
use artifact::{FlatDesired, Probe, UnitSeen};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::Command;
use std::time::{Duration, Instant};

/// A started unit no probe speaks of has this long to come up.
const UNIT_LIMIT: Duration = Duration::from_secs(30);
/// What has no event is asked again after this time at first, then more seldom.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// One try of a connection.
const TRY: Duration = Duration::from_millis(500);
/// One try of a command.
const COMMAND: Duration = Duration::from_secs(10);

struct Waiting<'a> {
    name: &'a str,
    probe: &'a Probe,
    until: Instant,
    next: Instant,
    pause: Duration,
    last: String,
}

/// Watches until everything holds. Gives the names of what was seen to hold.
///
/// # Errors
/// [`Code::Unhealthy`] with what was seen instead: at once when a started unit fails, else when its time is
/// over.
pub fn watch(
    system: &mut System,
    desired: &FlatDesired,
    started: &BTreeSet<String>,
    settle: Duration,
    redactor: &Redactor,
) -> Result<Vec<String>, Fault> {
    let begun = Instant::now();
    let last = system.until;
    let implied: Vec<Probe> = started
        .iter()
        .filter(|n| desired.units.get(*n).is_some_and(|u| u.active))
        .map(|n| Probe::Unit(n.clone()))
        .collect();
    let new = |name, probe, limit| Waiting {
        name,
        probe,
        until: last.map_or(begun + limit, |last| last.min(begun + limit)),
        next: begun,
        pause: FIRST_PAUSE,
        last: "not tried".to_owned(),
    };
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    for health in &desired.health {
        waiting.push(new(
            health.name.as_str(),
            &health.probe,
            Duration::from_secs(u64::from(health.timeout_s)),
        ));
    }
    for probe in &implied {
        if let Probe::Unit(unit) = probe
            && !desired.health.iter().any(|h| h.probe == *probe)
        {
            waiting.push(new(unit.as_str(), probe, UNIT_LIMIT));
        }
    }
    let names: BTreeSet<&str> = waiting.iter().filter_map(|w| unit_of(w.probe)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut first: BTreeMap<String, UnitSeen> = BTreeMap::new();
    let mut held = Vec::new();
    while !waiting.is_empty() {
        let states = if names.is_empty() { BTreeMap::new() } else { system.systemd()?.states(&names)? };
        for (name, state) in &states {
            first.entry(name.clone()).or_insert_with(|| state.clone());
        }
        let settled = begun.elapsed() >= settle;
        let mut left = Vec::new();
        for mut item in waiting {
            let holds = match item.probe {
                Probe::Unit(unit) => {
                    let watched = started.contains(unit);
                    unit_holds(unit, states.get(unit), first.get(unit), watched, settled)?
                }
                _ if Instant::now() < item.next => Err(item.last.clone()),
                probe => try_probe(system, probe, redactor),
            };
            match holds {
                Ok(()) => held.push(item.name.to_owned()),
                Err(seen) if Instant::now() >= item.until => {
                    let waited = item.until.duration_since(begun).as_secs();
                    let message = format!("{}: {seen} (waited {waited} s)", item.name);
                    return Err(Fault::new(Code::Unhealthy, message));
                }
                Err(seen) => {
                    if Instant::now() >= item.next {
                        item.next = Instant::now() + item.pause;
                        item.pause = (item.pause * 2).min(LONGEST_PAUSE);
                    }
                    item.last = seen;
                    left.push(item);
                }
            }
        }
        waiting = left;
        if !waiting.is_empty() {
            pause(system, &waiting, !names.is_empty())?;
        }
    }
    held.sort();
    held.dedup();
    Ok(held)
}

/// Until systemd has news or the next try is due.
fn pause(system: &mut System, waiting: &[Waiting<'_>], units: bool) -> Result<(), Fault> {
    let now = Instant::now();
    let probes = waiting.iter().filter(|w| unit_of(w.probe).is_none()).map(|w| w.next);
    let next = probes.min().unwrap_or(now + FIRST_PAUSE).saturating_duration_since(now);
    let next = if units { next.min(FIRST_PAUSE) } else { next };
    if units {
        system.systemd()?.wait_for_news(next)
    } else {
        // A port or a command tells nobody when it is ready.
        std::thread::sleep(next);
        Ok(())
    }
}

fn unit_of(probe: &Probe) -> Option<&str> {
    match probe {
        Probe::Unit(unit) => Some(unit),
        Probe::Tcp(_) | Probe::Http(_) | Probe::Command(_) => None,
    }
}

/// The outer error ends the wait at once, the inner one goes on waiting.
fn unit_holds(
    name: &str,
    now: Option<&UnitSeen>,
    first: Option<&UnitSeen>,
    watched: bool,
    settled: bool,
) -> Result<Result<(), String>, Fault> {
    let Some(now) = now else { return Ok(Err(format!("systemd does not know {name}"))) };
    let died = |what: &str| {
        Err(Fault::new(Code::Unhealthy, format!("{name}: {what} ({}, {})", now.active, now.sub)))
    };
    if now.active == "failed" {
        return died("failed");
    }
    if watched && first.is_some_and(|f| now.restarts > f.restarts) {
        return died("was started, died and was restarted by systemd");
    }
    if watched && now.sub == "auto-restart" {
        return died("was started and died");
    }
    if now.active == "inactive" && watched && settled {
        return died("was started and is not running; a one-shot needs RemainAfterExit=yes");
    }
    if !now.is_active() {
        return Ok(Err(format!("{name} is {} ({})", now.active, now.sub)));
    }
    Ok(if watched && !settled { Err(format!("{name} is up and is being watched")) } else { Ok(()) })
}

/// Looks for one thing until it holds or its time is over; what was seen instead comes back.
///
/// # Errors
/// [`Code::NoSystemd`].
pub fn witness(system: &mut System, probe: &Probe, limit: Duration) -> Result<Result<(), String>, Fault> {
    let until = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let seen = match probe {
            Probe::Unit(unit) => {
                unit_holds(unit, system.systemd()?.states(&[unit])?.get(unit), None, false, true)
                    .unwrap_or_else(|fault| Err(fault.message))
            }
            probe => try_probe(system, probe, &Redactor::default()),
        };
        if seen.is_ok() || Instant::now() + pause >= until {
            return Ok(seen);
        }
        // What is probed tells nobody when it is ready.
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn try_probe(system: &System, probe: &Probe, redactor: &Redactor) -> Result<(), String> {
    match probe {
        Probe::Unit(_) => Ok(()),
        Probe::Tcp(address) => connect(address).map(|_| ()).map_err(|e| format!("{address}: {e}")),
        Probe::Http(url) => get(url).map_err(|e| format!("GET {url}: {e}")),
        Probe::Command(argv) => command(system, argv, redactor),
    }
}

fn connect(address: &str) -> Result<TcpStream, String> {
    let addresses: Vec<SocketAddr> = address.to_socket_addrs().map_err(|e| e.to_string())?.collect();
    let mut last = "no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, TRY) {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e.to_string(),
        }
    }
    Err(last)
}

fn get(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("http://").ok_or("only http:// is asked here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = connect(&address)?;
    let io = |e: std::io::Error| e.to_string();
    stream.set_read_timeout(Some(TRY * 2)).and_then(|()| stream.set_write_timeout(Some(TRY))).map_err(io)?;
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nUser-Agent: fleetwright\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(io)?;
    let mut head = Vec::new();
    stream.take(256).read_to_end(&mut head).map_err(io)?;
    let head = String::from_utf8_lossy(&head);
    let status: Option<u16> = head.split_whitespace().nth(1).and_then(|s| s.parse().ok());
    match status.filter(|_| head.starts_with("HTTP/")) {
        Some(status) if status < 400 => Ok(()),
        Some(status) => Err(format!("status {status}")),
        None => Err("no HTTP answer".to_owned()),
    }
}

fn command(system: &System, argv: &[String], redactor: &Redactor) -> Result<(), String> {
    let (program, args) = argv.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(args).env("LC_ALL", "C.UTF-8").current_dir("/");
    let shown = argv.join(" ");
    match system.run(&command, COMMAND) {
        Ok(said) if said.code == 0 => Ok(()),
        Ok(said) => {
            let text = redactor.clean(said.text.trim());
            let last = text.lines().last().unwrap_or_default();
            Err(format!("`{shown}`: exit code {}: {last}", said.code))
        }
        Err(e) => Err(format!("`{shown}`: {e}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn http_status_decides() {
        for (status, ok) in
            [("200 OK", true), ("302 Found", true), ("404 Not Found", false), ("500 X", false)]
        {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/x", listener.local_addr().unwrap());
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0u8; 1024];
                let n = stream.read(&mut request).unwrap();
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
                String::from_utf8_lossy(&request[..n]).into_owned()
            });
            assert_eq!(get(&url).is_ok(), ok, "{status}");
            assert!(server.join().unwrap().starts_with("GET /x HTTP/1.1\r\n"));
        }
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(get(&format!("http://{closed}/")).is_err());
    }
}
