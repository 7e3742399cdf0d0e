//! Openings in packet filters, as they are found; merged when all are known.

use crate::fleet::{Rule, Traffic};
use crate::work::Work;
use artifact::Why;
use ipnet::IpNet;
use model::HostId;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A rule under construction.
pub(crate) fn rule(traffic: Traffic, why: &Why) -> Rule {
    let none = Vec::new;
    Rule { iif: Vec::new(), oif: Vec::new(), from: none(), to: none(), traffic, why: why.clone() }
}

/// Fluent parts of a rule.
pub(crate) trait Parts: Sized {
    fn iif(self, iif: impl IntoIterator<Item = String>) -> Self;
    fn oif(self, oif: impl IntoIterator<Item = String>) -> Self;
    fn from(self, from: impl IntoIterator<Item = IpNet>) -> Self;
    fn to(self, to: impl IntoIterator<Item = IpNet>) -> Self;
}

impl Parts for Rule {
    fn iif(mut self, iif: impl IntoIterator<Item = String>) -> Self {
        self.iif.extend(iif);
        self
    }
    fn oif(mut self, oif: impl IntoIterator<Item = String>) -> Self {
        self.oif.extend(oif);
        self
    }
    fn from(mut self, from: impl IntoIterator<Item = IpNet>) -> Self {
        self.from.extend(from);
        self
    }
    fn to(mut self, to: impl IntoIterator<Item = IpNet>) -> Self {
        self.to.extend(to);
        self
    }
}

/// Addresses as prefixes.
pub(crate) fn nets(ips: impl IntoIterator<Item = IpAddr>) -> Vec<IpNet> {
    ips.into_iter().map(IpNet::from).collect()
}

/// The prefixes of one family.
pub(crate) fn family(nets: &[IpNet], v4: bool) -> Vec<IpNet> {
    nets.iter().filter(|n| n.addr().is_ipv4() == v4).copied().collect()
}

/// Opens a way to a host.
pub(crate) fn input(work: &mut Work<'_>, host: &HostId, rule: Rule) {
    if let Some(host) = work.hosts.get_mut(host) {
        host.firewall.input.push(rule);
    }
}

/// Opens a way through a host.
pub(crate) fn forward(work: &mut Work<'_>, host: &HostId, rule: Rule) {
    if let Some(host) = work.hosts.get_mut(host) {
        host.firewall.forward.push(rule);
    }
}

/// What two rules must share to become one.
type Key = (Vec<String>, Vec<String>, Vec<IpNet>, Traffic, bool);

/// Rules with the same interfaces, destination and traffic become one with all their sources; ports of
/// rules that differ in nothing else are put together. The first one's reason stays.
pub(crate) fn merged(rules: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    let mut by_key: BTreeMap<Key, usize> = BTreeMap::new();
    for mut rule in rules {
        for list in [&mut rule.iif, &mut rule.oif] {
            list.sort();
            list.dedup();
        }
        rule.to.sort_unstable();
        rule.to.dedup();
        let v4 = rule.from.first().or(rule.to.first()).is_none_or(|n| n.addr().is_ipv4());
        let key = (rule.iif.clone(), rule.oif.clone(), rule.to.clone(), rule.traffic.clone(), v4);
        match by_key.get(&key) {
            Some(at) => {
                let first: &mut Rule = &mut out[*at];
                if first.from.is_empty() || rule.from.is_empty() {
                    first.from.clear();
                } else {
                    first.from.append(&mut rule.from);
                }
            }
            None => {
                by_key.insert(key, out.len());
                out.push(rule);
            }
        }
    }
    for rule in &mut out {
        rule.from.sort_unstable();
        rule.from.dedup();
    }
    out
}
