//! Breaking and healing a running twin: links, machines, daemons.

use crate::ground::{cgroup, links, outside};
use crate::machine::power;
use crate::twin::Twin;
use crate::watch::Watch;
use crate::{PowerOff, TwinError};

impl Twin {
    /// Pulls or plugs an interface's cable. On a segment of two both ends lose or find their carrier, on a
    /// larger one this end alone, as with a switch.
    ///
    /// # Errors
    /// When there is no such interface or the link cannot be changed.
    pub fn set_link(&self, node: &str, iface: &str, up: bool) -> Result<(), TwinError> {
        self.change(|state| {
            let wiring = &state.wiring;
            let port = wiring.ports.get(node).and_then(|p| p.get(iface));
            let port = port.ok_or_else(|| TwinError::NoSuch(format!("interface {iface} of {node}")))?;
            let all = wiring.ports.values().flat_map(|p| p.values());
            let mut segment: Vec<&str> =
                all.filter(|p| p.segment == port.segment).map(|p| p.name.as_str()).collect();
            if segment.len() != 2 {
                segment = vec![&port.name];
            }
            links::set_ports(&self.paths, &segment, up)
        })
    }

    /// Stops every process of a machine where it stands, or lets them go on: a host that hangs. Its network
    /// stack is the kernel's and still answers pings.
    ///
    /// # Errors
    /// When there is no such machine or its control group cannot be changed.
    pub fn freeze(&self, machine: &str, frozen: bool) -> Result<(), TwinError> {
        self.needs_machine(machine)?;
        self.change(|_| cgroup::freeze(&format!("{}/{machine}", self.paths.cgroup()), frozen))
    }

    /// Switches a machine off; its disk stays. One that is off already is fine.
    ///
    /// # Errors
    /// When there is no such machine or it cannot be ended.
    pub fn power_off(&self, machine: &str, how: PowerOff) -> Result<(), TwinError> {
        self.needs_machine(machine)?;
        self.change(|state| {
            power::off(&self.paths, machine, state.machines.get(machine), how)?;
            state.machines.remove(machine);
            Ok(())
        })
    }

    /// Switches a machine on from its disk and waits until it is up. One that is on already is fine.
    ///
    /// # Errors
    /// When there is no such machine or it does not come up.
    pub fn power_on(&self, machine: &str, watch: &Watch) -> Result<(), TwinError> {
        self.needs_machine(machine)?;
        self.change(|state| {
            if state.machines.get(machine).is_some_and(|p| p.leader.alive()) {
                return Ok(());
            }
            power::off(&self.paths, machine, None, PowerOff::Cut)?;
            let starting = self.switch_on(&state.base, machine)?;
            state.machines.extend(self.settle(vec![starting], watch)?);
            Ok(())
        })
    }

    /// True while the machine is switched on (it may be frozen).
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn powered(&self, machine: &str) -> Result<bool, TwinError> {
        self.needs_machine(machine)?;
        let state = crate::state::State::load(&self.paths)?;
        Ok(state.is_some_and(|s| s.machines.get(machine).is_some_and(|p| p.leader.alive())))
    }

    /// Ends a daemon of an outside, with all it started. One that is not running is fine.
    ///
    /// # Errors
    /// When there is no such daemon.
    pub fn stop_daemon(&self, outside: &str, daemon: &str) -> Result<(), TwinError> {
        self.needs_daemon(outside, daemon)?;
        self.change(|state| {
            let Some(id) = state.daemons.get_mut(outside).and_then(|d| d.remove(daemon)) else {
                return Ok(());
            };
            outside::stop(&id);
            outside::gone(&self.paths, outside, daemon, &id, false)
        })
    }

    /// Starts a daemon of an outside again and waits until it is ready. One that is running is fine.
    ///
    /// # Errors
    /// When there is no such daemon or it does not become ready.
    pub fn start_daemon(&self, outside: &str, daemon: &str) -> Result<(), TwinError> {
        let spec = self.needs_daemon(outside, daemon)?;
        self.change(|state| {
            let running = state.daemons.entry(outside.to_owned()).or_default();
            if running.get(daemon).is_some_and(|id| id.alive()) {
                return Ok(());
            }
            let (id, child) = outside::start(&self.paths, &state.base, outside, &spec)?;
            self.adopt(child);
            running.insert(daemon.to_owned(), id);
            Ok(())
        })
    }

    fn needs_daemon(&self, outside: &str, daemon: &str) -> Result<crate::topology::Daemon, TwinError> {
        let state = self.known();
        let found =
            state.topology.outside.get(outside).and_then(|o| o.daemons.iter().find(|d| d.name == daemon));
        found.cloned().ok_or_else(|| TwinError::NoSuch(format!("daemon {daemon} of {outside}")))
    }
}
