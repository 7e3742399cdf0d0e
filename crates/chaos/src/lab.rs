//! The machines cases run on.

use crate::clock;
use crate::road::{Plan, Road};
use crate::state::{DISTRO, DISTRO_TEXT, State};
use apply::{AgentBinary, Options};
use remote::Remote;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use twin::base::Recipe;
use twin::{Base, NamespaceRemote, Seeds, Topology, Twin, TwinError, Watch};

/// A twin's network outlives its power; a real machine's packet filter is empty when it starts.
const FLUSH: (&str, &str) = (
    "/etc/systemd/system/systemd-sysctl.service.d/as-after-power.conf",
    "[Service]\nExecStartPre=-/usr/sbin/nft flush ruleset\n",
);

/// Machines and what applies to them are made with.
pub struct Lab {
    /// The machines' twin.
    pub twin: Twin,
    /// What every case follows from.
    pub seed: u64,
    /// Leave a machine as it is when something is wrong with it.
    pub keep: bool,
    agent: AgentBinary,
    /// `fleetwright-chaos`, to be a controller in a process of its own.
    pub program: PathBuf,
    road: Option<Road>,
}

/// One machine and what is known of it.
pub struct Bench {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The way onto it that nothing cuts.
    pub host: Arc<NamespaceRemote>,
    /// The state it is known to be in.
    pub holds: Option<State>,
    /// What else is below `/etc`, as it was first seen.
    pub other: Option<BTreeMap<String, String>>,
}

impl Lab {
    /// Boots so many machines.
    ///
    /// # Errors
    /// When this machine lacks something or they do not come up; nothing is left then.
    pub fn up(name: &str, machines: usize, seed: u64, agent: AgentBinary) -> Result<Self, TwinError> {
        let base = Base::ensure(&Recipe::default(), &Watch::quiet())?;
        let mut topology = Topology::default();
        let mut seeds = Seeds::default();
        seeds.common = seeds.common.with(DISTRO, DISTRO_TEXT, 0o644).with(FLUSH.0, FLUSH.1, 0o644);
        let plan = Plan::draw(name, machines, &mut topology, &mut seeds)?;
        clock::install(&mut seeds)?;
        let twin = Twin::up(name, topology, &seeds, &base, &Watch::quiet())?;
        let road = match plan.build(&twin) {
            Ok(road) => Some(road),
            Err(e) => return twin.down().and(Err(e)),
        };
        Ok(Lab { twin, seed, keep: false, agent, program: PathBuf::new(), road })
    }

    /// Machines another process booted.
    ///
    /// # Errors
    /// When there are none of this name.
    pub fn open(name: &str, seed: u64, agent: AgentBinary) -> Result<Self, TwinError> {
        Ok(Lab { twin: Twin::open(name)?, seed, keep: false, agent, program: PathBuf::new(), road: None })
    }

    /// The way to the machines' sshd.
    ///
    /// # Errors
    /// When another process booted the machines.
    pub fn road(&self) -> Result<&Road, String> {
        self.road.as_ref().ok_or_else(|| "there is no road to these machines".to_owned())
    }

    /// A machine of the lab.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn bench(&self, number: usize) -> Result<Bench, TwinError> {
        let name = format!("m{number}");
        let host = Arc::new(self.twin.remote(&name)?);
        Ok(Bench { number, name, host, holds: None, other: None })
    }

    /// How applies are made: short waits, one host.
    pub fn options(&self) -> Options {
        Options { parallel: 1, settle_ms: 60, ..Options::new(self.agent.clone()) }
    }

    /// The hash of the agent under test.
    pub fn agent(&self) -> &str {
        &self.agent.sha256
    }
}

impl Bench {
    /// Runs a script on the machine.
    ///
    /// # Errors
    /// When the machine is off or the script fails, with what it said.
    pub fn sh(&self, script: &str) -> Result<String, String> {
        let said = self.host.run(&["/bin/sh", "-c", script], b"", Duration::from_secs(20));
        let said = said.map_err(|e| e.to_string())?;
        if said.ok() { Ok(said.text()) } else { Err(format!("`{script}`: {}", said.error_text())) }
    }
}
