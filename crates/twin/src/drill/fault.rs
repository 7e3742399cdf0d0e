//! Breaking and healing.

use super::component::Part;
use crate::prove::{Ground, within};
use crate::{PowerOff, Twin, Watch};
use derive::fleet::{Component, Fleet, Host};
use model::{HostId, TunnelId};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A world in which power and cables can be cut.
pub trait Faults: Ground {
    /// Cuts a machine's power or gives it back and waits until it is up.
    ///
    /// # Errors
    /// When there is no such machine or it does not come up, in words.
    fn power(&self, host: &str, on: bool) -> Result<(), String>;

    /// Pulls or plugs the cable of a node's interface.
    ///
    /// # Errors
    /// When there is no such interface, in words.
    fn cable(&self, node: &str, iface: &str, plugged: bool) -> Result<(), String>;
}

impl Faults for Twin {
    fn power(&self, host: &str, on: bool) -> Result<(), String> {
        let topology = self.topology();
        let machine = topology.machines.get(host).ok_or_else(|| format!("there is no machine {host}"))?;
        let devices: Vec<&str> = machine.interfaces.iter().map(|i| i.name.as_str()).collect();
        if !on {
            self.power_off(host, PowerOff::Cut).map_err(|e| e.to_string())?;
            // The network stack is the kernel's and outlives the machine: what a dead machine would have
            // forgotten goes, and its cables go dark.
            within(self, host, || forget(&devices))??;
        }
        for device in &devices {
            self.set_link(host, device, on).map_err(|e| e.to_string())?;
        }
        if on { self.power_on(host, &Watch::quiet()).map_err(|e| e.to_string()) } else { Ok(()) }
    }
    fn cable(&self, node: &str, iface: &str, plugged: bool) -> Result<(), String> {
        self.set_link(node, iface, plugged).map_err(|e| e.to_string())
    }
}

/// Empties the calling thread's network namespace, as a power cut does.
fn forget(devices: &[&str]) -> Result<(), String> {
    let mut lines = String::new();
    for device in devices {
        lines.push_str(&format!("link set dev {device} down\naddr flush dev {device}\n"));
    }
    feed("nft", &["-f", "-"], "flush ruleset\n")?;
    feed("ip", &["-force", "-batch", "-"], &lines)?;
    // Routes went with the addresses; policy rules become what they are at boot.
    let main = "rule flush\nrule add preference 32766 lookup main\n";
    feed("ip", &["-6", "-batch", "-"], main)?;
    feed("ip", &["-4", "-batch", "-"], &format!("{main}rule add preference 32767 lookup default\n"))
}

/// Breaks a part; breaking what is broken changes nothing. What was done, in words.
///
/// # Errors
/// When the part cannot be broken, in words.
pub fn break_part(fleet: &Fleet, faults: &dyn Faults, part: &Part) -> Result<String, String> {
    change(fleet, faults, part, true)
}

/// Heals a part; healing what is well changes nothing. What was done, in words.
///
/// # Errors
/// When the part cannot be healed, in words.
pub fn heal_part(fleet: &Fleet, faults: &dyn Faults, part: &Part) -> Result<String, String> {
    change(fleet, faults, part, false)
}

fn change(fleet: &Fleet, faults: &dyn Faults, part: &Part, broken: bool) -> Result<String, String> {
    match part {
        Part::Link(host, iface) => cable(faults, host, iface, broken),
        Part::Component(Component::Host(host)) => {
            faults.power(host.as_str(), !broken)?;
            Ok(format!("{host}'s power is {}", if broken { "cut" } else { "back" }))
        }
        Part::Component(Component::Service(service, host)) => {
            let instance =
                fleet.hosts.get(host).and_then(|h| h.instances.iter().find(|i| i.service == *service));
            let unit = &instance.ok_or_else(|| format!("{service} is not on {host}"))?.unit;
            let verb = if broken { "stop" } else { "start" };
            let output = faults
                .remote(host.as_str())?
                .run(&["systemctl", verb, unit], b"", Duration::from_secs(60))
                .map_err(|e| e.to_string())?;
            if output.ok() {
                Ok(format!("systemctl {verb} {unit} on {host}"))
            } else {
                Err(format!("systemctl {verb} {unit} on {host}: {}", output.error_text()))
            }
        }
        Part::Component(Component::Uplink(segment)) => {
            let holder = fleet.hosts.values().find_map(|h| {
                let on = h.interfaces.iter().find(|i| i.segment.as_deref() == Some(segment))?;
                Some((&h.id, &on.name))
            });
            let (host, iface) = holder.ok_or_else(|| format!("no host is on {segment}"))?;
            cable(faults, host, iface, broken)
        }
        Part::Component(Component::Tunnel(tunnel, a, b)) => {
            let mut any = false;
            for (near, far) in [(a, b), (b, a)] {
                let Some(host) = fleet.hosts.get(near) else { continue };
                if let Some(endpoint) = endpoint(host, tunnel, far) {
                    any = true;
                    mute(faults, near, &table(tunnel, far), endpoint, broken)?;
                }
            }
            let word = if broken { "dropped" } else { "let through" };
            if any {
                Ok(format!("packets of tunnel {tunnel} between {a} and {b} are {word}"))
            } else {
                Err(format!("no end of tunnel {tunnel} knows where the other listens"))
            }
        }
        Part::Component(Component::Site(_) | Component::Session(..)) => {
            Err(format!("{part} is not broken as such: break its hosts, tunnels or uplinks"))
        }
    }
}

fn cable(faults: &dyn Faults, host: &HostId, iface: &str, broken: bool) -> Result<String, String> {
    faults.cable(host.as_str(), iface, !broken)?;
    Ok(format!("the cable at {host}:{iface} is {}", if broken { "pulled" } else { "plugged in" }))
}

fn endpoint(host: &Host, tunnel: &TunnelId, far: &HostId) -> Option<SocketAddr> {
    let interfaces = host.wireguard.iter().filter(|w| w.tunnel == *tunnel);
    interfaces.flat_map(|w| &w.peers).find(|p| p.host == *far)?.endpoint
}

/// A table of our own, so that the fleet's stays as it was applied.
fn table(tunnel: &TunnelId, far: &HostId) -> String {
    let plain: String = format!("{tunnel}_{far}").chars().map(|c| if c == '-' { '_' } else { c }).collect();
    format!("fleetwright_break_{plain}")
}

/// Drops everything between a host and the other end's listening port, beneath the tunnel. It is done on the
/// host that knows the endpoint: there the two ends' packets can be told from those of other spokes, which
/// behind a provider's NAT they cannot.
fn mute(
    faults: &dyn Faults,
    near: &HostId,
    table: &str,
    endpoint: SocketAddr,
    broken: bool,
) -> Result<(), String> {
    let (family, ip, port) = (if endpoint.is_ipv4() { "ip" } else { "ip6" }, endpoint.ip(), endpoint.port());
    let mut rules = format!("table inet {table}\ndelete table inet {table}\n");
    if broken {
        rules.push_str(&format!(
            "table inet {table} {{\n chain out {{ type filter hook output priority -400; {family} daddr {ip} udp dport {port} drop; }}\n chain in {{ type filter hook input priority -400; {family} saddr {ip} udp sport {port} drop; }}\n}}\n"
        ));
    }
    within(faults, near.as_str(), || feed("nft", &["-f", "-"], &rules))?
}

/// Runs one of this machine's own tools with an input.
fn feed(program: &str, args: &[&str], input: &str) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{program}: {e}");
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(said)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(said)?;
    }
    let output = child.wait_with_output().map_err(said)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
