//! Outside namespaces: addresses, routes, rules, and the daemons in them.

use crate::TwinError;
use crate::error::Step;
use crate::ground::links::ip_batch;
use crate::ground::process::{Cut, ProcId, capture, enroll, log_to, tool};
use crate::ground::view::{SRV, View};
use crate::ground::{cgroup, netns, sockets};
use crate::paths::Paths;
use crate::topology::{Daemon, Outside, Ready};
use ipnet::IpNet;
use remote::Output;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Component, Path};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A daemon that is not ready by then is a failure.
const READY: Duration = Duration::from_secs(15);

/// Makes the namespace, with its kernel settings, and the directories of its programs.
pub(crate) fn create(paths: &Paths, name: &str, outside: &Outside) -> Result<(), TwinError> {
    netns::create(&paths.netns(name), || {
        ground_rules()?;
        settings(outside)
    })?;
    furnish(paths, name, outside)
}

/// Makes the directories of its programs and says where names are resolved.
pub(crate) fn furnish(paths: &Paths, name: &str, outside: &Outside) -> Result<(), TwinError> {
    let home = paths.outside(name);
    View::prepare(&home, outside.resolv_conf.as_deref().unwrap_or(""))
        .step(|| format!("make {}", home.display()))
}

/// Its own settings, in the calling thread's network namespace.
fn settings(outside: &Outside) -> std::io::Result<()> {
    let forward = if outside.forward { "1" } else { "0" };
    netns::sysctl("net.ipv4.ip_forward", forward)?;
    netns::sysctl("net.ipv6.conf.all.forwarding", forward)?;
    outside.sysctls.iter().try_for_each(|(key, value)| netns::sysctl(key, value))
}

/// Settings that every namespace of a twin starts with: addresses are usable at once (duplicate detection
/// takes a second), and error answers are not rationed, else traced hops look lossy.
pub(crate) fn ground_rules() -> std::io::Result<()> {
    for which in ["all", "default"] {
        netns::sysctl(&format!("net.ipv6.conf.{which}.accept_dad"), "0")?;
    }
    // Removing an address takes no other of its network along.
    netns::sysctl("net.ipv4.conf.all.promote_secondaries", "1")?;
    netns::sysctl("net.ipv4.icmp_ratelimit", "0")?;
    netns::sysctl("net.ipv6.icmp.ratelimit", "0")
}

/// What an outside that stands was configured as.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    pub outside: &'a Outside,
    /// Interfaces that are still the same ones, with their addresses.
    pub kept: &'a BTreeSet<String>,
}

/// Sets addresses, routes and rules, once the links are there. What it had before and is not wanted any more
/// goes.
pub(crate) fn configure(
    paths: &Paths,
    name: &str,
    outside: &Outside,
    before: Option<Before<'_>>,
) -> Result<(), TwinError> {
    let lines = batch(outside, before);
    let unwanted = before.map(|b| unrouted(b.outside, outside)).unwrap_or_default();
    let rules = match (&outside.nft, before.and_then(|b| b.outside.nft.as_ref())) {
        (new, old) if new.as_ref() == old => None,
        // One transaction; translations of flows that are under way stay.
        (new, _) => Some(format!("flush ruleset\n{}", new.as_deref().unwrap_or_default())),
    };
    let again = before.is_some();
    netns::within(&paths.netns(name), || {
        if again {
            settings(outside).step(|| "kernel settings".to_owned())?;
        }
        for (family, lines) in &unwanted {
            tool(&["ip", family, "-batch", "-"], lines.as_bytes(), READY)?;
        }
        ip_batch(&lines)?;
        rules.map_or(Ok(()), |rules| tool(&["nft", "-f", "-"], rules.as_bytes(), READY).map(drop))
    })?
    .map_err(|e| TwinError::failed(format!("configure {name}"), e))
}

/// Lines that remove routes no longer wanted, by family: `route flush` knows `::/0` only when it is told.
/// Flushing, because its interface or next hop's network may be gone, and the route with it.
fn unrouted(old: &Outside, new: &Outside) -> BTreeMap<&'static str, String> {
    let mut lines: BTreeMap<&'static str, String> = BTreeMap::new();
    for route in old.routes.iter().filter(|r| !new.routes.contains(r)) {
        let family = if route.to.addr().is_ipv6() { "-6" } else { "-4" };
        let _ =
            writeln!(lines.entry(family).or_default(), "route flush exact {} proto static", route.to.trunc());
    }
    lines
}

/// Addresses by interface, of some interfaces and `lo`.
fn addressed(outside: &Outside, which: &dyn Fn(&str) -> bool) -> BTreeSet<(String, IpNet)> {
    let links = outside.interfaces.iter().filter(|a| which(&a.iface.name));
    let on_links = links.flat_map(|a| a.addresses.iter().map(|ip| (a.iface.name.clone(), *ip)));
    on_links.chain(outside.loopback.iter().map(|ip| ("lo".to_owned(), *ip))).collect()
}

/// Lines for `ip -batch`.
fn batch(outside: &Outside, before: Option<Before<'_>>) -> String {
    let had = before.map(|b| addressed(b.outside, &|iface| b.kept.contains(iface))).unwrap_or_default();
    let wanted = addressed(outside, &|_| true);
    let mut lines = String::new();
    for (dev, address) in had.difference(&wanted) {
        let _ = writeln!(lines, "addr del {address} dev {dev}");
    }
    lines.push_str("link set dev lo up\n");
    for (dev, address) in wanted.difference(&had) {
        let nodad = if address.addr().is_ipv6() { " nodad" } else { "" };
        let _ = writeln!(lines, "addr add {address} dev {dev}{nodad}");
    }
    for attached in &outside.interfaces {
        let _ = writeln!(lines, "link set dev {} up", attached.iface.name);
    }
    for route in &outside.routes {
        let via = match route.via {
            Some(via) if via.is_ipv6() && !route.to.addr().is_ipv6() => format!(" via inet6 {via}"),
            Some(via) => format!(" via {via}"),
            None => String::new(),
        };
        let dev = route.dev.as_ref().map(|d| format!(" dev {d}")).unwrap_or_default();
        let _ = writeln!(lines, "route replace {}{via}{dev} proto static", route.to.trunc());
    }
    lines
}

/// Starts a daemon and waits until it is ready.
pub(crate) fn start(
    paths: &Paths,
    base: &Path,
    name: &str,
    daemon: &Daemon,
) -> Result<(ProcId, Child), TwinError> {
    let what = || format!("start {} in {name}", daemon.name);
    let dir = format!("{SRV}/{}", daemon.name);
    let home = paths.outside(name);
    let own = home.join("srv").join(&daemon.name);
    write_files(&own, &dir, daemon, what)?;
    let argv: Vec<String> = daemon.argv.iter().map(|a| a.replace("{dir}", &dir)).collect();
    let mut command = command(&argv).ok_or_else(|| TwinError::failed(what(), "no program"))?;
    command.env("HOME", &dir).envs(daemon.env.iter().map(|(k, v)| (k, v.replace("{dir}", &dir))));
    let log = paths.logs().join(format!("{name}.{}", daemon.name));
    log_to(&mut command, &log)?;
    let mut child = spawn(paths, base, name, command).step(what)?;
    let id = ProcId::of(child.id().cast_signed());
    let ready = id
        .ok_or_else(|| TwinError::failed(what(), "it ended at once"))
        .and_then(|id| await_ready(&paths.netns(name), &home, &own, &daemon.ready, &mut child).map(|()| id));
    match ready {
        Ok(id) => Ok((id, child)),
        Err(e) => {
            let _ = child.kill();
            let _ = child.wait();
            let said = fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(5).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            Err(TwinError::failed(what(), format!("{e}; it said: {}", tail.join(" | "))))
        }
    }
}

fn write_files(own: &Path, dir: &str, daemon: &Daemon, what: impl Fn() -> String) -> Result<(), TwinError> {
    fs::create_dir_all(own).step(&what)?;
    for (path, content) in &daemon.files {
        let relative = Path::new(path);
        if !relative.components().all(|c| matches!(c, Component::Normal(_))) {
            return Err(TwinError::failed(what(), format!("{path} is not inside its directory")));
        }
        let file = own.join(relative);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).step(&what)?;
        }
        fs::write(&file, content.replace("{dir}", dir)).step(&what)?;
    }
    Ok(())
}

/// Gives a running daemon its changed files.
pub(crate) fn reload(paths: &Paths, base: &Path, name: &str, daemon: &Daemon) -> Result<(), TwinError> {
    let what = || format!("reload {} in {name}", daemon.name);
    let dir = format!("{SRV}/{}", daemon.name);
    write_files(&paths.outside(name).join("srv").join(&daemon.name), &dir, daemon, what)?;
    let argv: Vec<String> = daemon.reload.iter().map(|a| a.replace("{dir}", &dir)).collect();
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let output = run(paths, base, name, &argv, b"", READY)?;
    if output.ok() { Ok(()) } else { Err(TwinError::failed(what(), output.text() + &output.error_text())) }
}

fn command(argv: &[impl AsRef<std::ffi::OsStr>]) -> Option<Command> {
    let (program, args) = argv.split_first()?;
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(crate::remote::ENVIRONMENT);
    Some(command)
}

fn spawn(paths: &Paths, base: &Path, name: &str, mut command: Command) -> Result<Child, TwinError> {
    let doors = cgroup::create(&format!("{}/{name}", paths.cgroup()))?;
    let netns = netns::open(&paths.netns(name))?;
    let view = View { netns: &netns, base, home: paths.outside(name) };
    netns::aside(|| {
        view.enter().step(|| format!("make the view of {name}"))?;
        enroll(&mut command, &doors);
        command.spawn().step(|| format!("{:?}", command.get_program()))
    })?
}

/// Ends a daemon with all it started. One that has ended is fine.
pub(crate) fn stop(id: &ProcId) {
    // The handle keeps the number from being given to another process meanwhile.
    if let (Some(_handle), Some(group)) = (id.handle(), Pid::from_raw(id.pid)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Waits until a daemon that was stopped holds no port any more, and removes its directory if asked.
pub(crate) fn gone(
    paths: &Paths,
    name: &str,
    daemon: &str,
    id: &ProcId,
    remove: bool,
) -> Result<(), TwinError> {
    crate::machine::power::ended(id, READY)?;
    if !remove {
        return Ok(());
    }
    match fs::remove_dir_all(paths.outside(name).join("srv").join(daemon)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).step(|| format!("remove {daemon} of {name}"))
        }
        _ => Ok(()),
    }
}

/// Runs a command in an outside namespace and waits for its end.
pub(crate) fn run(
    paths: &Paths,
    base: &Path,
    name: &str,
    argv: &[&str],
    stdin: &[u8],
    deadline: Duration,
) -> Result<Output, TwinError> {
    let what = || format!("{name}: {}", argv.join(" "));
    let mut command = command(argv).ok_or_else(|| TwinError::failed(what(), "empty command"))?;
    command.env("HOME", "/tmp");
    command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(paths, base, name, command)?;
    match capture(child, stdin, deadline) {
        Ok(output) => Ok(output),
        Err(Cut::Deadline) => Err(TwinError::failed(what(), format!("did not end within {deadline:?}"))),
        Err(Cut::Io(e)) => Err(TwinError::failed(what(), e)),
    }
}

fn await_ready(
    netns: &str,
    home: &Path,
    own: &Path,
    ready: &Ready,
    child: &mut Child,
) -> Result<(), TwinError> {
    let started = Instant::now();
    // /srv, /run and /tmp are where this says; nothing else is writable.
    let here = |path: &str| match (path.strip_prefix("{dir}/"), path.strip_prefix('/')) {
        (Some(relative), _) => own.join(relative),
        (None, Some(absolute)) => home.join(absolute),
        (None, None) => own.join(path),
    };
    netns::within(netns, || {
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(TwinError::failed("wait for it", format!("it ended: {status}")));
            }
            let up = match ready {
                Ready::Started => true,
                Ready::TcpPort(address) => sockets::listens(*address),
                Ready::UdpPort(address) => sockets::bound(*address),
                Ready::File(path) => here(path).exists(),
            };
            if up {
                return Ok(());
            }
            if started.elapsed() > READY {
                return Err(TwinError::failed("wait for it", format!("not {ready:?} after {READY:?}")));
            }
            // Nothing tells when another process binds a port.
            std::thread::sleep(Duration::from_millis(4));
        }
    })?
}

/// Ends the daemons of an outside and removes its namespace and directories.
pub(crate) fn remove(paths: &Paths, name: &str) -> Result<(), TwinError> {
    let group = format!("{}/{name}", paths.cgroup());
    cgroup::kill(&group, READY)?;
    cgroup::remove(&group, READY)?;
    netns::remove(&paths.netns(name))?;
    match fs::remove_dir_all(paths.outside(name)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).step(|| format!("remove {name}'s directory"))
        }
        _ => Ok(()),
    }
}
