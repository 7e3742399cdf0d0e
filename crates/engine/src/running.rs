//! What an engine runs besides its unit, told in lines, and how it is brought back to what its files say when
//! somebody changed that by hand. The one place that says which unit has it, and what that unit must do.

use crate::{bird, networkd, nftables, wireguard};
use std::collections::BTreeSet;

/// Something that runs and is told in a text. Each line of it is about one thing of the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Running {
    /// Addresses of the fleet's interfaces: `lan: 10.0.0.1/24 10.0.0.2/24`.
    Addresses,
    /// Protocols of BIRD: `wro BGP ---`, with ` off` behind when somebody switched it off.
    Bird,
    /// The fleet's table of the packet filter, as `nft` lists it.
    Nft,
    /// WireGuard: `wg0: key …` and `wg0: peer KEY allowed NETS keepalive SECONDS …`.
    Wireguard,
}

/// What a unit must do to bring it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It reads its files again.
    Reload,
    /// A reload would leave something of it.
    Restart,
}

/// A unit that brings something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The unit.
    pub unit: String,
    /// What it must do.
    pub how: How,
    /// The interface it is about; `None` where a unit has all of it.
    pub interface: Option<String>,
}

impl Running {
    /// All of them.
    pub const ALL: [Running; 4] = [Running::Addresses, Running::Bird, Running::Nft, Running::Wireguard];

    /// Its name in receipts and in what is told of drift.
    pub fn name(self) -> &'static str {
        match self {
            Running::Addresses => "addresses",
            Running::Bird => "bird",
            Running::Nft => "nft",
            Running::Wireguard => "wireguard",
        }
    }

    /// The one of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    /// Beginnings of the paths it is made from.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Running::Addresses => &[networkd::FOLDER],
            Running::Bird => &["/etc/bird/"],
            // Ours, and Debian's own.
            Running::Nft => &[nftables::FILE, "/etc/nftables"],
            Running::Wireguard => &["/etc/wireguard/"],
        }
    }

    /// What brings back the one text from the other.
    pub fn back(self, was: &str, is: &str) -> Vec<Back> {
        let one = |unit: &str| vec![Back { unit: unit.to_owned(), how: How::Reload, interface: None }];
        match self {
            // networkd's reload reads files only; see `commands`.
            Running::Addresses => one(networkd::DAEMON.unit),
            // `birdc configure` puts every protocol back to what the file says, off or on.
            Running::Bird => one(bird::DAEMON.unit),
            // The whole table is replaced.
            Running::Nft => one(nftables::DAEMON.unit),
            Running::Wireguard => interfaces(was, is)
                .into_iter()
                .map(|interface| Back {
                    unit: wireguard::unit(&interface),
                    how: peers(&of(was, &interface), &of(is, &interface)),
                    interface: Some(interface),
                })
                .collect(),
        }
    }

    /// What must be run besides, once the unit has read its files: a program and its arguments, the interface last.
    pub fn commands(self, was: &str, is: &str) -> Vec<Vec<String>> {
        match self {
            Running::Addresses => {
                interfaces(was, is).iter().flat_map(|i| addresses(&of(was, i), &of(is, i), i)).collect()
            }
            Running::Bird | Running::Nft | Running::Wireguard => Vec::new(),
        }
    }

    /// True when a reload with its commands leaves nothing of what was there before: a restart would do no more.
    pub fn is_replaced(self) -> bool {
        matches!(self, Running::Addresses | Running::Nft)
    }
}

/// Interfaces whose lines differ.
pub fn interfaces(was: &str, is: &str) -> BTreeSet<String> {
    let (was, is): (BTreeSet<&str>, BTreeSet<&str>) = (was.lines().collect(), is.lines().collect());
    was.symmetric_difference(&is)
        .filter_map(|l| l.split_once(": "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The lines of one interface.
pub fn of(text: &str, interface: &str) -> String {
    let own = |l: &&str| l.strip_prefix(interface).is_some_and(|rest| rest.starts_with(": "));
    text.lines().filter(own).flat_map(|l| [l, "\n"]).collect()
}

/// networkd gives an interface what is in its file, and takes away what is not, only when it configures it anew, which
/// asks for a lease again too: what is only too much is taken away alone.
fn addresses(was: &str, is: &str, interface: &str) -> Vec<Vec<String>> {
    let words =
        |line: &str| -> BTreeSet<String> { line.split_whitespace().skip(1).map(str::to_owned).collect() };
    let (was, is) = (words(was), words(is));
    let argv = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    if !was.is_subset(&is) {
        return vec![argv(&["networkctl", "reconfigure", interface])];
    }
    is.difference(&was).map(|extra| argv(&["ip", "address", "del", extra, "dev", interface])).collect()
}

/// `wg syncconf` puts keys, ports, peers and their allowed addresses right. What the file does not speak of (a
/// keepalive, a preshared key) it leaves, and an interface that is gone it cannot make.
fn peers(was: &str, is: &str) -> How {
    let rest = |line: &str| {
        let (peer, rest) = line.split_once(" allowed ")?;
        Some((peer.to_owned(), rest.split_once(" keepalive ")?.1.to_owned()))
    };
    let was: Vec<_> = was.lines().filter_map(rest).collect();
    let left = |(peer, now): &(String, String)| was.iter().any(|(p, before)| p == peer && before != now);
    let gone = is.is_empty();
    if gone || is.lines().filter_map(rest).any(|peer| left(&peer)) { How::Restart } else { How::Reload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for running in Running::ALL {
            assert_eq!(Running::of(running.name()), Some(running));
        }
        assert_eq!(Running::of("iptables"), None);
    }

    #[test]
    fn a_tunnel_is_restarted_only_for_what_a_reload_leaves() {
        let was = "wg0: key K port 1 mark off\nwg0: peer A allowed 10.0.0.1/32 keepalive off no preshared key\n\
                   wg1: key L port 2 mark off\n";
        let how = |is: &str| {
            let back = Running::Wireguard.back(was, is);
            back.into_iter().map(|b| (b.unit, b.how)).collect::<Vec<_>>()
        };
        let of = |unit: &str, how| vec![(format!("wg-quick@{unit}.service"), how)];
        assert_eq!(how(was), vec![]);
        assert_eq!(how(&was.replace("10.0.0.1", "10.0.0.9")), of("wg0", How::Reload));
        assert_eq!(how(&was.replace("peer A", "peer B")), of("wg0", How::Reload));
        assert_eq!(how(&was.replace("port 2", "port 3")), of("wg1", How::Reload));
        assert_eq!(how(&was.replace("keepalive off", "keepalive 5")), of("wg0", How::Restart));
        assert_eq!(how(&was.replace(" no ", " a ")), of("wg0", How::Restart));
        assert_eq!(how(&was.replace("wg1: key L port 2 mark off\n", "")), of("wg1", How::Restart));
    }

    #[test]
    fn only_interfaces_that_differ_are_touched_and_as_little_as_does() {
        let was = "lan: 10.0.0.1/24\nlan2: 10.1.0.1/24\n";
        let commands = |is: &str| {
            let all = Running::Addresses.commands(was, is);
            all.into_iter().map(|argv| argv.join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(commands(was), Vec::<String>::new());
        assert_eq!(
            commands(&was.replace("lan2: ", "lan2: 10.1.0.9/24 ")),
            ["ip address del 10.1.0.9/24 dev lan2"]
        );
        assert_eq!(commands(&was.replace("10.1.0.1/24", "10.1.0.9/24")), ["networkctl reconfigure lan2"]);
    }
}
