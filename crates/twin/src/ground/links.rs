//! Veth pairs and bridges. Every segment is a bridge in the twin's switch namespace, a segment of two as
//! well: taking both its ports down is then what pulling the cable is, whoever manages the two ends.

use crate::TwinError;
use crate::ground::netns;
use crate::ground::process::tool;
use crate::paths::Paths;
use crate::state::{Port, Wiring};
use crate::topology::{Iface, Topology};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// `ip -batch` of a few thousand lines takes a second or two.
const DEADLINE: Duration = Duration::from_secs(60);

/// Feeds iproute2 from the calling thread's network namespace, once for all lines.
pub(crate) fn ip_batch(lines: &str) -> Result<(), TwinError> {
    if lines.is_empty() {
        return Ok(());
    }
    tool(&["ip", "-batch", "-"], lines.as_bytes(), DEADLINE).map(drop)
}

/// Makes the namespace in which the bridges are.
pub(crate) fn create_switch(paths: &Paths) -> Result<(), TwinError> {
    netns::create(&paths.switch(), || {
        // A bridge needs no addresses; without this each of its ports gets a link-local one.
        for which in ["all", "default"] {
            let _ = netns::sysctl(&format!("net.ipv6.conf.{which}.disable_ipv6"), "1");
        }
        Ok(())
    })
}

/// What has to be done to the links to get from what is plugged to what a topology wants.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Lines for the switch namespace, to be done first: unplugging.
    unplug: String,
    /// Lines that make veth pairs between namespaces.
    pairs: String,
    /// Lines for the switch namespace, done last.
    plug: String,
}

/// Plugs and unplugs until the links are what `topology` wants; ends of nodes in `fresh` are made anew,
/// because their namespaces are.
pub(crate) fn wire(
    paths: &Paths,
    wiring: &mut Wiring,
    topology: &Topology,
    fresh: &dyn Fn(&str) -> bool,
) -> Result<(), TwinError> {
    let changes = plan(paths, wiring, topology, fresh);
    let switch = paths.switch();
    if !changes.unplug.is_empty() {
        // Ends of a namespace that is gone are gone as well: go on past them.
        netns::within(&switch, || {
            tool(&["ip", "-force", "-batch", "-"], changes.unplug.as_bytes(), DEADLINE)
                .map(drop)
                .or_else(gone)
        })??;
    }
    ip_batch(&changes.pairs)?;
    netns::within(&switch, || ip_batch(&changes.plug))?
}

fn gone(error: TwinError) -> Result<(), TwinError> {
    let harmless = |line: &str| line.contains("Cannot find device") || line.starts_with("Command failed");
    match &error {
        TwinError::Failed { detail, .. } if detail.lines().all(harmless) => Ok(()),
        _ => Err(error),
    }
}

fn plan(paths: &Paths, wiring: &mut Wiring, topology: &Topology, fresh: &dyn Fn(&str) -> bool) -> Changes {
    let mut changes = Changes::default();
    let wanted: BTreeMap<&str, Vec<&Iface>> = topology.interfaces().collect();
    let mut number = wiring.next;
    let mut next = |prefix: &str| {
        number += 1;
        format!("{prefix}{number}")
    };
    let mtu_of = |segment: &str| topology.segments.get(segment).and_then(|s| s.mtu);
    wiring.ports.retain(|node, ports| {
        ports.retain(|iface, port| {
            let wanted = wanted.get(&**node).and_then(|is| is.iter().find(|i| &i.name == iface));
            let same = |i: &&&Iface| i.mac == port.mac && mtu_of(&i.segment) == port.mtu;
            let stays = !fresh(node) && wanted.filter(same).is_some();
            if !stays {
                let _ = writeln!(changes.unplug, "link del dev {}", port.name);
            }
            stays
        });
        !ports.is_empty()
    });
    wiring.bridges.retain(|segment, bridge| {
        let stays = topology.segments.contains_key(segment);
        if !stays {
            let _ = writeln!(changes.unplug, "link del dev {bridge}");
        }
        stays
    });
    for (segment, details) in &topology.segments {
        let bridge = wiring.bridges.entry(segment.clone()).or_insert_with(|| {
            let bridge = next("s");
            let _ = writeln!(
                changes.plug,
                "link add dev {bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
            );
            bridge
        });
        let mtu = details.mtu.map(|m| format!(" mtu {m}")).unwrap_or_default();
        let _ = writeln!(changes.plug, "link set dev {bridge}{mtu} up");
    }
    for (node, ifaces) in wanted {
        for iface in ifaces {
            let (segment, mtu) = (&iface.segment, mtu_of(&iface.segment));
            let Some(bridge) = wiring.bridges.get(segment) else { continue };
            let mtu_words = mtu.map(|m| format!(" mtu {m}")).unwrap_or_default();
            let ports = wiring.ports.entry(node.to_owned()).or_default();
            if let Some(port) = ports.get_mut(&iface.name) {
                if port.segment != *segment {
                    port.segment.clone_from(segment);
                    let _ = writeln!(changes.plug, "link set dev {} master {bridge} up", port.name);
                }
                continue;
            }
            let name = next("p");
            let _ = writeln!(
                changes.pairs,
                "link add name {} netns {} address {}{mtu_words} type veth peer name {name} netns {}",
                iface.name,
                paths.netns(node),
                iface.mac,
                paths.switch(),
            );
            let _ = writeln!(changes.plug, "link set dev {name}{mtu_words} master {bridge} up");
            let port = Port { name, segment: segment.clone(), mac: iface.mac, mtu };
            ports.insert(iface.name.clone(), port);
        }
    }
    wiring.next = number;
    changes
}

/// Takes switch ports up or down.
pub(crate) fn set_ports(paths: &Paths, ports: &[&str], up: bool) -> Result<(), TwinError> {
    let state = if up { "up" } else { "down" };
    let lines: String = ports.iter().map(|port| format!("link set dev {port} {state}\n")).collect();
    netns::within(&paths.switch(), || ip_batch(&lines))?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::topology::{Machine, Segment};

    fn lan(nodes: &[&str]) -> Topology {
        let mut t = Topology::default();
        t.segments.insert("lan".into(), Segment { mtu: Some(1400) });
        for n in nodes {
            t.machines.insert((*n).to_owned(), Machine { interfaces: vec![Iface::new(n, "eth0", "lan")] });
        }
        t
    }

    #[test]
    fn links_are_made_once_and_removed_with_their_node() {
        let paths = Paths::of("t").unwrap();
        let mut wiring = Wiring::default();
        let first = plan(&paths, &mut wiring, &lan(&["a", "b"]), &|_| false);
        assert_eq!(first.pairs.lines().count(), 2);
        assert!(first.pairs.contains("name eth0 netns fw-t.a address 02:"), "{}", first.pairs);
        assert!(first.plug.contains("link set dev p2 mtu 1400 master s1 up"), "{}", first.plug);
        let again = plan(&paths, &mut wiring, &lan(&["a", "b"]), &|_| false);
        assert_eq!((again.pairs.as_str(), again.unplug.as_str()), ("", ""));
        let less = plan(&paths, &mut wiring, &lan(&["a"]), &|_| false);
        assert_eq!((less.pairs.as_str(), less.unplug.as_str()), ("", "link del dev p3\n"));
        let anew = plan(&paths, &mut wiring, &lan(&["a"]), &|n| n == "a");
        assert_eq!(anew.unplug, "link del dev p2\n");
        assert!(anew.pairs.contains("peer name p4"), "{}", anew.pairs);
    }
}
