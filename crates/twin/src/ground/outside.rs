//! Outside namespaces: addresses, routes, rules, and the daemons in them.

use crate::TwinError;
use crate::error::Step;
use crate::ground::links::ip_batch;
use crate::ground::process::{Cut, ProcId, capture, enroll, log_to, tool};
use crate::ground::view::{SRV, View};
use crate::ground::{cgroup, netns, sockets};
use crate::paths::Paths;
use crate::topology::{Daemon, Outside, Ready};
use remote::Output;
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
        if outside.forward {
            netns::sysctl("net.ipv4.ip_forward", "1")?;
            netns::sysctl("net.ipv6.conf.all.forwarding", "1")?;
        }
        outside.sysctls.iter().try_for_each(|(key, value)| netns::sysctl(key, value))
    })?;
    let home = paths.outside(name);
    View::prepare(&home, outside.resolv_conf.as_deref().unwrap_or(""))
        .step(|| format!("make {}", home.display()))
}

/// Settings that every namespace of a twin starts with: addresses are usable at once (duplicate detection
/// takes a second), and error answers are not rationed, else traced hops look lossy.
pub(crate) fn ground_rules() -> std::io::Result<()> {
    for which in ["all", "default"] {
        netns::sysctl(&format!("net.ipv6.conf.{which}.accept_dad"), "0")?;
    }
    netns::sysctl("net.ipv4.icmp_ratelimit", "0")?;
    netns::sysctl("net.ipv6.icmp.ratelimit", "0")
}

/// Sets addresses, routes and rules, once the links are there.
pub(crate) fn configure(paths: &Paths, name: &str, outside: &Outside) -> Result<(), TwinError> {
    let mut lines = String::from("link set dev lo up\n");
    for address in &outside.loopback {
        let _ = writeln!(lines, "addr add {address} dev lo");
    }
    for attached in &outside.interfaces {
        let dev = &attached.iface.name;
        for address in &attached.addresses {
            let nodad = if address.addr().is_ipv6() { " nodad" } else { "" };
            let _ = writeln!(lines, "addr add {address} dev {dev}{nodad}");
        }
        let _ = writeln!(lines, "link set dev {dev} up");
    }
    for route in &outside.routes {
        let via = match route.via {
            Some(via) if via.is_ipv6() && !route.to.addr().is_ipv6() => format!(" via inet6 {via}"),
            Some(via) => format!(" via {via}"),
            None => String::new(),
        };
        let dev = route.dev.as_ref().map(|d| format!(" dev {d}")).unwrap_or_default();
        let _ = writeln!(lines, "route replace {}{via}{dev}", route.to.trunc());
    }
    netns::within(&paths.netns(name), || {
        ip_batch(&lines)?;
        match &outside.nft {
            Some(rules) => tool(&["nft", "-f", "-"], rules.as_bytes(), READY).map(drop),
            None => Ok(()),
        }
    })?
    .map_err(|e| TwinError::failed(format!("configure {name}"), e))
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
    fs::create_dir_all(&own).step(what)?;
    for (path, content) in &daemon.files {
        let relative = Path::new(path);
        if !relative.components().all(|c| matches!(c, Component::Normal(_))) {
            return Err(TwinError::failed(what(), format!("{path} is not inside its directory")));
        }
        let file = own.join(relative);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).step(what)?;
        }
        fs::write(&file, content.replace("{dir}", &dir)).step(what)?;
    }
    let argv: Vec<String> = daemon.argv.iter().map(|a| a.replace("{dir}", &dir)).collect();
    let mut command = command(&argv).ok_or_else(|| TwinError::failed(what(), "no program"))?;
    command.env("HOME", &dir).envs(daemon.env.iter().map(|(k, v)| (k, v.replace("{dir}", &dir))));
    let log = paths.logs().join(format!("{name}.{}", daemon.name));
    log_to(&mut command, &log)?;
    let mut child = spawn(paths, base, name, command).step(what)?;
    let id = ProcId::of(child.id().cast_signed());
    let ready = id
        .ok_or_else(|| TwinError::failed(what(), "it ended at once"))
        .and_then(|id| await_ready(&paths.netns(name), &own, &daemon.ready, &mut child).map(|()| id));
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

fn await_ready(netns: &str, own: &Path, ready: &Ready, child: &mut Child) -> Result<(), TwinError> {
    let started = Instant::now();
    let here = |path: &str| match path.strip_prefix("{dir}/") {
        Some(relative) => own.join(relative),
        None => own.join(path),
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
