//! Which way leads where through the tunnels. Every link has a weight that makes shortest paths unique, so
//! that the way there and the way back are the same and AllowedIPs and routes agree.

use crate::alloc;
use model::{Carries, HostId};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Between LANs.
    Lan,
    /// Between the ends' own addresses.
    Services,
    /// From the internet to exposed services.
    Exposures,
}

/// A link: its two ends by node number, and what it carries.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub ends: [usize; 2],
    pub carries: Vec<Carries>,
    weight: u64,
}

impl Link {
    fn carries(&self, class: Class) -> bool {
        match class {
            Class::Lan => self.carries.contains(&Carries::Lan),
            Class::Services => {
                self.carries.contains(&Carries::Services) || self.carries.contains(&Carries::Lan)
            }
            Class::Exposures => self.carries.contains(&Carries::Exposures),
        }
    }
}

type Tree = Rc<Vec<Option<usize>>>;

/// Tunnel ends and the links between them.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<HostId>,
    index: BTreeMap<HostId, usize>,
    pub links: Vec<Link>,
    adjacent: Vec<Vec<usize>>,
    trees: RefCell<BTreeMap<(Vec<usize>, Class), Tree>>,
}

/// One step: the link's number, from and to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub link: usize,
    pub from: HostId,
    pub to: HostId,
}

impl Graph {
    fn node(&mut self, host: &HostId) -> usize {
        if let Some(n) = self.index.get(host) {
            return *n;
        }
        let n = self.nodes.len();
        self.nodes.push(host.clone());
        self.index.insert(host.clone(), n);
        self.adjacent.push(Vec::new());
        n
    }

    /// Adds a link; links are numbered in the order they come.
    pub fn add(&mut self, a: &HostId, b: &HostId, tunnel: &str, carries: Vec<Carries>) {
        let ends = [self.node(a), self.node(b)];
        let link = self.links.len();
        for end in ends {
            self.adjacent[end].push(link);
        }
        // Hops count first; the hash only decides between ways of equal length.
        let weight = (1 << 48) | (alloc::hash(&format!("{tunnel} {a} {b}")) >> 24);
        self.links.push(Link { ends, carries, weight });
        self.trees.borrow_mut().clear();
    }

    /// True when the host is an end of a tunnel.
    pub fn has(&self, host: &HostId) -> bool {
        self.index.contains_key(host)
    }

    /// For every node the link that leads to the nearest of `owners`; `None` for owners and the unreachable.
    fn tree(&self, owners: &[usize], class: Class) -> Tree {
        let key = (owners.to_vec(), class);
        if let Some(tree) = self.trees.borrow().get(&key) {
            return tree.clone();
        }
        let mut next: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut best: Vec<u64> = vec![u64::MAX; self.nodes.len()];
        let mut heap = BinaryHeap::new();
        for owner in owners {
            best[*owner] = 0;
            heap.push(Reverse((0u64, *owner)));
        }
        while let Some(Reverse((cost, at))) = heap.pop() {
            if cost > best[at] {
                continue;
            }
            for link in &self.adjacent[at] {
                let l = &self.links[*link];
                let other = if l.ends[0] == at { l.ends[1] } else { l.ends[0] };
                let total = cost.saturating_add(l.weight);
                if l.carries(class) && total < best[other] {
                    best[other] = total;
                    next[other] = Some(*link);
                    heap.push(Reverse((total, other)));
                }
            }
        }
        let tree = Rc::new(next);
        self.trees.borrow_mut().insert(key, tree.clone());
        tree
    }

    fn numbers<'h>(&self, hosts: impl IntoIterator<Item = &'h HostId>) -> Vec<usize> {
        let mut out: Vec<usize> = hosts.into_iter().filter_map(|h| self.index.get(h).copied()).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// For every end that is not an owner and can reach one: the first step towards the nearest.
    pub fn steps<'h>(&self, owners: impl IntoIterator<Item = &'h HostId>, class: Class) -> Vec<Step> {
        let owners = self.numbers(owners);
        if owners.is_empty() {
            return Vec::new();
        }
        let tree = self.tree(&owners, class);
        tree.iter().enumerate().filter_map(|(at, link)| link.map(|l| self.step(at, l))).collect()
    }

    /// The way from one end to another, step by step; empty when they are the same host.
    pub fn path(&self, from: &HostId, to: &HostId, class: Class) -> Option<Vec<Step>> {
        if from == to {
            return Some(Vec::new());
        }
        let (mut at, goal) = (*self.index.get(from)?, *self.index.get(to)?);
        let tree = self.tree(&[goal], class);
        let mut out = Vec::new();
        while at != goal {
            let step = self.step(at, tree[at]?);
            at = *self.index.get(&step.to)?;
            out.push(step);
        }
        Some(out)
    }

    fn step(&self, at: usize, link: usize) -> Step {
        let ends = self.links[link].ends;
        let other = if ends[0] == at { ends[1] } else { ends[0] };
        Step { link, from: self.nodes[at].clone(), to: self.nodes[other].clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_way_back_is_the_way_there_also_in_a_ring() {
        let names: Vec<HostId> = ["a", "b", "c", "d", "e", "f"].iter().map(|n| HostId::new(n)).collect();
        let mut graph = Graph::default();
        for n in 0..names.len() {
            graph.add(&names[n], &names[(n + 1) % names.len()], "ring", vec![Carries::Lan]);
        }
        for a in &names {
            for b in &names {
                let there = graph.path(a, b, Class::Lan).unwrap();
                let mut back = graph.path(b, a, Class::Lan).unwrap();
                back.reverse();
                let links = |steps: &[Step]| steps.iter().map(|s| s.link).collect::<Vec<_>>();
                assert_eq!(links(&there), links(&back), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_link_carries_only_what_it_says() {
        let (a, b) = (HostId::new("a"), HostId::new("b"));
        let mut graph = Graph::default();
        graph.add(&a, &b, "t", vec![Carries::Services]);
        assert!(graph.path(&a, &b, Class::Services).is_some());
        assert!(graph.path(&a, &b, Class::Lan).is_none());
        assert!(graph.path(&a, &b, Class::Exposures).is_none());
    }
}
