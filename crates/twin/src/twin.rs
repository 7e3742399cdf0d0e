//! A twin, from up to down.

use crate::base::Base;
use crate::error::Step;
use crate::ground::{cgroup, limits, links, netns, outside};
use crate::machine::{Seeds, disk};
use crate::paths::Paths;
use crate::remote::NamespaceRemote;
use crate::state::{self, Lock, Phase, State, Wiring};
use crate::topology::Topology;
use crate::watch::Watch;
use crate::{TwinError, gc, preflight};
use remote::Output;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A running twin. Dropping it leaves the twin running; only `down` ends it.
#[derive(Debug)]
pub struct Twin {
    pub(crate) paths: Paths,
    state: Mutex<State>,
    /// Processes this process started, to be reaped by it when they end.
    children: Mutex<Vec<Child>>,
}

impl Twin {
    /// Builds a twin and waits until every machine has booted and every daemon is ready. Releases all it made
    /// when it fails or is cancelled.
    ///
    /// # Errors
    /// When the topology is impossible, this machine lacks something, there is such a twin already, or a step
    /// fails.
    pub fn up(
        name: &str,
        topology: Topology,
        seeds: &Seeds,
        base: &Base,
        watch: &Watch,
    ) -> Result<Twin, TwinError> {
        let paths = Paths::of(name)?;
        sensible(&topology)?;
        let lacks: Vec<String> = preflight().into_iter().filter(|l| l.fatal).map(|l| l.to_string()).collect();
        if !lacks.is_empty() {
            return Err(TwinError::Lacks(lacks));
        }
        let _lock = Lock::of(&paths)?;
        if State::load(&paths).is_ok_and(|s| s.is_some_and(|s| s.sound())) {
            return Err(TwinError::Exists(name.to_owned()));
        }
        gc::release(&paths)?;
        let state = State {
            phase: Phase::Starting,
            boot: state::boot(),
            base: base.root().to_owned(),
            topology: topology.clone(),
            machines: BTreeMap::new(),
            daemons: BTreeMap::new(),
            wiring: Wiring::default(),
            seeded: disk::digests(seeds),
        };
        let twin = Twin { paths, state: Mutex::new(state), children: Mutex::default() };
        let mut state = twin.known().clone();
        let built = twin.found(&state).and_then(|()| {
            disk::make_common(&twin.paths, base.root(), &seeds.common)?;
            let all = topology.machines.keys().cloned().collect();
            let outside = topology.outside.keys().cloned().collect();
            twin.grow(&mut state, &Topology::default(), &all, &outside, seeds, watch)
        });
        let done = built.and_then(|()| {
            state.phase = Phase::Running;
            state.save(&twin.paths)
        });
        match done {
            Ok(()) => {
                *twin.known() = state;
                Ok(twin)
            }
            Err(e) => {
                let released = gc::release(&twin.paths);
                twin.reap();
                match released {
                    Ok(()) => Err(e),
                    Err(left) => Err(TwinError::failed(e.to_string(), format!("and then: {left}"))),
                }
            }
        }
    }

    /// The twin of this name, brought up by this or another process.
    ///
    /// # Errors
    /// When there is none, or only remains of one.
    pub fn open(name: &str) -> Result<Twin, TwinError> {
        let paths = Paths::of(name)?;
        let state = State::load(&paths)?.filter(State::sound);
        let state = state.ok_or_else(|| TwinError::NoTwin(name.to_owned()))?;
        Ok(Twin { paths, state: Mutex::new(state), children: Mutex::default() })
    }

    /// Ends the twin and releases everything it has.
    ///
    /// # Errors
    /// When something could not be released; the rest is all the same.
    pub fn down(self) -> Result<(), TwinError> {
        let _lock = Lock::wait(self.paths.lock())?;
        let released = gc::release(&self.paths);
        self.reap();
        released
    }

    /// The twin's name.
    pub fn name(&self) -> &str {
        &self.paths.name
    }
    /// What it is built from.
    pub fn topology(&self) -> Topology {
        self.known().topology.clone()
    }

    /// A machine as a host.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn remote(&self, machine: &str) -> Result<NamespaceRemote, TwinError> {
        self.needs_machine(machine)?;
        let leader = self.known().machines.get(machine).map(|p| p.leader);
        Ok(NamespaceRemote::new(self.paths.clone(), machine, leader))
    }

    /// Runs `work` on a thread that stands in the network namespace of a machine or outside: sockets it opens
    /// are there. Threads that `work` starts are there too.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn in_netns<T: Send>(&self, node: &str, work: impl FnOnce() -> T + Send) -> Result<T, TwinError> {
        self.needs_node(node)?;
        netns::within(&self.paths.netns(node), work)
    }

    /// Moves the calling thread into the network namespace of a machine or outside, for good. Only for threads
    /// made for it.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn enter(&self, node: &str) -> Result<(), TwinError> {
        self.needs_node(node)?;
        let name = self.paths.netns(node);
        netns::enter(&netns::open(&name)?).step(|| format!("enter the network namespace {name}"))
    }

    /// Runs a command in an outside namespace, as its daemons run: programs of the base image, `/run` and
    /// `/srv` (one directory a daemon) shared with them.
    ///
    /// # Errors
    /// When there is no such outside, the command cannot be started or does not end by the deadline.
    pub fn run_outside(
        &self,
        outside: &str,
        argv: &[&str],
        stdin: &[u8],
        deadline: Duration,
    ) -> Result<Output, TwinError> {
        if !self.known().topology.outside.contains_key(outside) {
            return Err(TwinError::NoSuch(format!("outside {outside}")));
        }
        let base = self.known().base.clone();
        outside::run(&self.paths, &base, outside, argv, stdin, deadline)
    }

    /// Where this machine has the directory that daemons and commands of an outside see as `/srv`.
    ///
    /// # Errors
    /// When there is no such outside.
    pub fn outside_dir(&self, outside: &str) -> Result<PathBuf, TwinError> {
        if !self.known().topology.outside.contains_key(outside) {
            return Err(TwinError::NoSuch(format!("outside {outside}")));
        }
        Ok(self.paths.outside(outside).join("srv"))
    }

    /// Where the console of each machine (`NAME`) and the words of each daemon (`OUTSIDE.DAEMON`) go.
    pub fn logs(&self) -> PathBuf {
        self.paths.logs()
    }

    /// Bytes of memory charged to the twin, or to one of its nodes; page cache of their own files included.
    pub fn memory(&self, node: Option<&str>) -> Option<u64> {
        let group = self.paths.cgroup();
        cgroup::memory(&node.map_or_else(|| group.clone(), |n| format!("{group}/{n}")))
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the twin under its lock, from the state as it is on disk; what was reached is written down
    /// even when it fails half-way.
    pub(crate) fn change<T>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, TwinError>,
    ) -> Result<T, TwinError> {
        let _lock = Lock::wait(self.paths.lock())?;
        let missing = || TwinError::NoTwin(self.paths.name.clone());
        let mut state = State::load(&self.paths)?.ok_or_else(missing)?;
        let done = work(&mut state);
        let saved = state.save(&self.paths);
        *self.known() = state;
        self.reap();
        let value = done?;
        saved.map(|()| value)
    }

    pub(crate) fn adopt(&self, child: Child) {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(child);
    }

    /// Lets the kernel forget processes of this process that have ended.
    fn reap(&self) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }

    pub(crate) fn needs_machine(&self, machine: &str) -> Result<(), TwinError> {
        let there = self.known().topology.machines.contains_key(machine);
        if there { Ok(()) } else { Err(TwinError::NoSuch(format!("machine {machine}"))) }
    }

    pub(crate) fn needs_node(&self, node: &str) -> Result<(), TwinError> {
        let state = self.known();
        let there = state.topology.machines.contains_key(node) || state.topology.outside.contains_key(node);
        if there { Ok(()) } else { Err(TwinError::NoSuch(format!("machine or outside {node}"))) }
    }

    /// Takes the twin's places and what all twins share.
    fn found(&self, state: &State) -> Result<(), TwinError> {
        let _shared = Lock::shared()?;
        for folder in [self.paths.logs(), self.paths.run().join("n"), self.paths.var()] {
            fs::create_dir_all(&folder).step(|| format!("make {}", folder.display()))?;
        }
        state.save(&self.paths)?;
        limits::raise()?;
        netns::prepare()?;
        links::create_switch(&self.paths)
    }
}

pub(crate) fn sensible(topology: &Topology) -> Result<(), TwinError> {
    let faults = topology.faults();
    if faults.is_empty() { Ok(()) } else { Err(TwinError::Topology(faults)) }
}
