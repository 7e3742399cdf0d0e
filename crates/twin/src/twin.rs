//! A twin, from up to down.

use crate::base::Base;
use crate::error::Step;
use crate::ground::process::ProcId;
use crate::ground::{cgroup, limits, links, netns, outside};
use crate::machine::{Seeds, disk, launch};
use crate::paths::Paths;
use crate::remote::NamespaceRemote;
use crate::state::{self, Lock, Phase, Powered, Seeded, State, Wiring};
use crate::topology::{Daemon, Outside, Topology};
use crate::watch::Watch;
use crate::{TwinError, gc, preflight};
use remote::{Output, Remote};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
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

    /// Changes the twin to another topology, touching only what differs: machines that stay keep running and
    /// get and lose interfaces; outsides that stay keep their state, and of their daemons only those that
    /// differ are started anew.
    ///
    /// # Errors
    /// When the topology is impossible or a step fails; what was done until then stays.
    pub fn update(&self, topology: Topology, seeds: &Seeds, watch: &Watch) -> Result<(), TwinError> {
        sensible(&topology)?;
        self.change(|state| {
            let old = std::mem::replace(&mut state.topology, topology);
            let new = &state.topology;
            for name in old.machines.keys().filter(|n| !new.machines.contains_key(*n)) {
                crate::machine::power::off(&self.paths, name, None, crate::PowerOff::Cut)?;
                netns::remove(&self.paths.netns(name))?;
                disk::remove(&self.paths, name)?;
                state.machines.remove(name);
            }
            for name in old.outside.keys().filter(|n| !new.outside.contains_key(*n)) {
                outside::remove(&self.paths, name)?;
                state.daemons.remove(name);
            }
            let machines: BTreeSet<String> =
                new.machines.keys().filter(|n| !old.machines.contains_key(*n)).cloned().collect();
            let outsides = new.outside.iter().filter(|(n, o)| old.outside.get(*n) != Some(o));
            let outsides = outsides.map(|(n, _)| n.clone()).collect();
            self.grow(state, &old, &machines, &outsides, seeds, watch)?;
            let stay = state.topology.machines.keys().filter(|n| !machines.contains(*n));
            self.reseed(&state.seeded, seeds, stay.cloned().collect())?;
            state.seeded = disk::digests(seeds);
            Ok(())
        })
    }

    /// Puts changed seeds on machines that stay; they must be switched on.
    fn reseed(&self, before: &Seeded, seeds: &Seeds, machines: Vec<String>) -> Result<(), TwinError> {
        let now = disk::digests(seeds);
        for name in machines {
            let same = ["", name.as_str()].iter().all(|key| before.get(*key) == now.get(*key));
            if same {
                continue;
            }
            let host = NamespaceRemote::new(self.paths.clone(), &name, None);
            let what = || format!("put new files on {name}");
            if disk::reseed(&host, &name, before, seeds, &now).step(what)? {
                let reload = host.run(&["systemctl", "daemon-reload"], b"", Duration::from_secs(30));
                reload.step(what)?;
            }
        }
        Ok(())
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

    /// Adds these machines of `state.topology`, adds or changes these outsides, and sets the links right.
    fn grow(
        &self,
        state: &mut State,
        old: &Topology,
        machines: &BTreeSet<String>,
        outsides: &BTreeSet<String>,
        seeds: &Seeds,
        watch: &Watch,
    ) -> Result<(), TwinError> {
        let topology = state.topology.clone();
        watch.say("namespaces and links");
        for name in machines {
            netns::create(&self.paths.netns(name), outside::ground_rules)?;
        }
        for (name, outside) in topology.outside.iter().filter(|(n, _)| outsides.contains(*n)) {
            match old.outside.get(name) {
                None => outside::create(&self.paths, name, outside)?,
                Some(_) => outside::furnish(&self.paths, name, outside)?,
            }
        }
        let fresh = |node: &str| {
            machines.contains(node) || (outsides.contains(node) && !old.outside.contains_key(node))
        };
        let wiring = state.wiring.clone();
        links::wire(&self.paths, &mut state.wiring, &topology, &fresh)?;
        watch.go_on()?;
        watch.say(&format!("booting {} machines", machines.len()));
        let part = watch.part();
        let known = &*state;
        let (booted, raised) = std::thread::scope(|scope| {
            let (part, wiring) = (&part, &wiring);
            let outside = topology.outside.iter().filter(|(n, _)| outsides.contains(*n));
            let threads: Vec<_> = outside
                .map(|(name, outside)| {
                    let was = old.outside.get(name);
                    scope.spawn(move || {
                        let (daemons, done) = self.raise_outside(known, wiring, name, was, outside, part);
                        (name.clone(), daemons, done.inspect_err(|_| part.halt()))
                    })
                })
                .collect();
            let booted = self.boot(&known.base, machines, seeds, part);
            if booted.is_err() {
                part.halt();
            }
            (booted, threads.into_iter().map(|t| t.join()).collect::<Vec<_>>())
        });
        // The first cause, not the halting of the others that it led to.
        let mut errors = Vec::new();
        match booted {
            Ok(powered) => state.machines.extend(powered),
            Err(e) => errors.push(e),
        }
        for one in raised {
            match one {
                Ok((name, daemons, done)) => {
                    state.daemons.insert(name, daemons);
                    errors.extend(done.err());
                }
                Err(_) => errors.push(TwinError::failed("start an outside", "its thread panicked")),
            }
        }
        errors.sort_by_key(|e| matches!(e, TwinError::Cancelled));
        errors.into_iter().next().map_or(Ok(()), Err)
    }

    /// Configures an outside and starts those of its daemons that do not run as wanted. Gives what runs then.
    fn raise_outside(
        &self,
        state: &State,
        wiring: &Wiring,
        name: &str,
        was: Option<&Outside>,
        outside: &Outside,
        watch: &Watch,
    ) -> (BTreeMap<String, ProcId>, Result<(), TwinError>) {
        let mut running = state.daemons.get(name).cloned().unwrap_or_default();
        let port = |wiring: &Wiring, iface: &str| Some(wiring.ports.get(name)?.get(iface)?.name.clone());
        let kept = |iface: &str| port(wiring, iface) == port(&state.wiring, iface);
        let done = (|| {
            outside::configure(&self.paths, name, outside, was.map(|o| (o, &kept as &dyn Fn(&str) -> bool)))?;
            let wanted = |old: &Daemon| outside.daemons.iter().find(|d| d.name == old.name);
            for old in was.iter().flat_map(|o| &o.daemons).filter(|d| wanted(d) != Some(d)) {
                if let Some(id) = running.remove(&old.name) {
                    outside::stop(&id);
                    outside::gone(&self.paths, name, &old.name, &id, wanted(old).is_none())?;
                }
            }
            for daemon in &outside.daemons {
                watch.go_on()?;
                if running.get(&daemon.name).is_some_and(ProcId::alive) {
                    continue;
                }
                let (id, child) = outside::start(&self.paths, &state.base, name, daemon)?;
                self.adopt(child);
                running.insert(daemon.name.clone(), id);
            }
            Ok(())
        })();
        (running, done)
    }

    /// Makes disks and switches machines on, and waits for them.
    pub(crate) fn boot(
        &self,
        base: &Path,
        machines: &BTreeSet<String>,
        seeds: &Seeds,
        watch: &Watch,
    ) -> Result<BTreeMap<String, Powered>, TwinError> {
        let mut starting = Vec::new();
        for name in machines {
            watch.go_on()?;
            disk::make(&self.paths, base, name, seeds.machines.get(name))?;
            starting.push(self.switch_on(base, name)?);
        }
        self.settle(starting, watch)
    }

    pub(crate) fn switch_on(&self, base: &Path, machine: &str) -> Result<launch::Starting, TwinError> {
        let (starting, child) = launch::launch(&self.paths, base, machine)?;
        self.adopt(child);
        Ok(starting)
    }

    pub(crate) fn settle(
        &self,
        starting: Vec<launch::Starting>,
        watch: &Watch,
    ) -> Result<BTreeMap<String, Powered>, TwinError> {
        let mut powered = BTreeMap::new();
        let all = starting.len();
        launch::await_all(starting, watch, |name, one| {
            powered.insert(name.to_owned(), one);
            watch.say(&format!("{name} is up ({}/{all})", powered.len()));
            Ok(())
        })?;
        Ok(powered)
    }
}

fn sensible(topology: &Topology) -> Result<(), TwinError> {
    let faults = topology.faults();
    if faults.is_empty() { Ok(()) } else { Err(TwinError::Topology(faults)) }
}
