//! Growing and changing a twin: what a topology has more or otherwise than what stands.

use crate::error::Step;
use crate::ground::outside::Before;
use crate::ground::process::ProcId;
use crate::ground::{links, netns, outside};
use crate::machine::{Seeds, disk, launch};
use crate::remote::NamespaceRemote;
use crate::state::{Powered, Seeded, State, Wiring};
use crate::topology::{Daemon, Outside, Topology};
use crate::twin::{Twin, sensible};
use crate::watch::Watch;
use crate::{PowerOff, TwinError};
use remote::{Remote, RemoteError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

impl Twin {
    /// Changes the twin to another topology, touching only what differs: machines that stay keep running and
    /// get and lose interfaces; outsides that stay keep their state, and of their daemons only those that
    /// differ are started anew. Seeds that are gone stay on machines that stay, until [`Twin::tidy`].
    ///
    /// # Errors
    /// When the topology is impossible or a step fails; what was done until then stays.
    pub fn update(&self, topology: Topology, seeds: &Seeds, watch: &Watch) -> Result<(), TwinError> {
        sensible(&topology)?;
        self.change(|state| {
            let old = std::mem::replace(&mut state.topology, topology);
            let new = &state.topology;
            for name in old.machines.keys().filter(|n| !new.machines.contains_key(*n)) {
                crate::machine::power::off(&self.paths, name, None, PowerOff::Cut)?;
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
            let mut now = disk::digests(seeds);
            disk::keep_gone(&state.seeded, &mut now);
            now.retain(|key, _| key.is_empty() || state.topology.machines.contains_key(key));
            state.seeded = now;
            Ok(())
        })
    }

    /// Removes the seeds that are gone. Not part of [`Twin::update`], because a unit that a seed makes run here
    /// can be stopped well only while it is there: the machines first get their new configuration.
    ///
    /// # Errors
    /// When a file cannot be removed from a machine.
    pub fn tidy(&self, seeds: &Seeds) -> Result<(), TwinError> {
        self.change(|state| {
            let now = disk::digests(seeds);
            for name in state.topology.machines.keys() {
                let gone = disk::gone(name, &state.seeded, &now);
                if gone.is_empty() {
                    continue;
                }
                let host = NamespaceRemote::new(self.paths.clone(), name, None);
                let what = || format!("remove files from {name}");
                for path in &gone {
                    host.remove(path).step(what)?;
                }
                follow(&host, &disk::units_of(&gone)).step(what)?;
            }
            state.seeded = now;
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
                follow(&host, &disk::units_of_changed(&name, before, &now)).step(what)?;
            }
        }
        Ok(())
    }

    /// Adds these machines of `state.topology`, adds or changes these outsides, and sets the links right.
    pub(crate) fn grow(
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
        let links = outside.interfaces.iter().map(|a| a.iface.name.clone());
        let kept = links.filter(|i| port(wiring, i) == port(&state.wiring, i)).collect();
        let done = (|| {
            outside::configure(&self.paths, name, outside, was.map(|o| Before { outside: o, kept: &kept }))?;
            let wanted = |old: &Daemon| outside.daemons.iter().find(|d| d.name == old.name);
            for old in was.iter().flat_map(|o| &o.daemons).filter(|d| wanted(d) != Some(d)) {
                let reloads = |new: &&Daemon| {
                    let same = (&old.argv, &old.env, &old.ready) == (&new.argv, &new.env, &new.ready);
                    let alive = running.get(&old.name).is_some_and(ProcId::alive);
                    same && alive && !new.reload.is_empty() && old.files.keys().eq(new.files.keys())
                };
                if let Some(new) = wanted(old).filter(reloads) {
                    outside::reload(&self.paths, &state.base, name, new)?;
                    continue;
                }
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

/// What a seed makes of a unit holds for one that runs, too.
fn follow(host: &NamespaceRemote, units: &BTreeSet<String>) -> Result<(), RemoteError> {
    host.run(&["systemctl", "daemon-reload"], b"", Duration::from_secs(30))?;
    if !units.is_empty() {
        let argv: Vec<&str> =
            ["systemctl", "try-restart"].into_iter().chain(units.iter().map(String::as_str)).collect();
        host.run(&argv, b"", Duration::from_secs(60))?;
    }
    Ok(())
}
