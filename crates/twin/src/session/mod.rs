//! A fleet in its twin: build the world, boot it, apply to it, find it again. The apply is the ordinary one;
//! only the way onto the hosts is the twin's.

mod access;
mod certs;
mod timers;

pub use access::{Access, Credentials, USER as ADMINISTRATOR, fingerprint};
pub use certs::acme_files;
pub use timers::{TimerChange, changes as timer_changes, short as short_timers};

use crate::base::Recipe;
use crate::error::Step;
use crate::world::{self, Materials, World};
use crate::{Base, Twin, TwinError, Watch};
use apply::{Event, FleetOutcome, Options, Secrets, Target};
use artifact::Desired;
use derive::fleet::Fleet;
use model::HostId;
use plan::FleetPlan;
use remote::Remote;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// A fleet as it is derived and rendered, with the values of its secrets.
pub struct Subject<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// What every host should be.
    pub desired: &'a BTreeMap<HostId, Desired>,
    /// The values of its secrets.
    pub secrets: Secrets<'a>,
}

/// A running twin of a fleet.
pub struct Session {
    /// The twin.
    pub twin: Twin,
    /// What stands around the fleet.
    pub world: World,
}

/// Builds the world around a fleet. Certificates of its public CA and its SSH keys are kept in `folder`, so that
/// every process that looks at one twin sees the same world.
///
/// # Errors
/// When the fleet leaves no room for a world, or certificates cannot be made.
pub fn world_of(subject: &Subject<'_>, folder: &Path, stand_in: &[u8]) -> Result<World, TwinError> {
    let acme = if world::needs_acme(subject.fleet) {
        Some(acme_files(&folder.join("ca")).step(|| "make the certificates of the public CA".to_owned())?)
    } else {
        None
    };
    let secret = |name: &str| (subject.secrets)(name);
    let access = access_of(folder)?;
    let materials = Materials { acme: acme.as_ref(), stand_in, secret: &secret, access: &access };
    world::world(subject.fleet, &materials)
        .map_err(|e| TwinError::failed("make the world around the fleet", e))
}

/// The SSH keys of a world that is kept in `folder`.
///
/// # Errors
/// When they cannot be read or made.
pub fn access_of(folder: &Path) -> Result<Access, TwinError> {
    Access::of(&folder.join("ssh"))
}

/// The base image a fleet needs: the usual one, and the fleet's packages where it lacks them.
pub fn recipe(desired: &BTreeMap<HostId, Desired>) -> Recipe {
    let usual = Recipe::default();
    let mut more: Vec<String> = desired.values().flat_map(|d| d.packages.keys()).cloned().collect();
    more.sort();
    more.dedup();
    more.retain(|p| !usual.packages.contains(p));
    usual.with(more)
}

impl Session {
    /// Boots a fleet's machines in their world; nothing is applied yet.
    ///
    /// # Errors
    /// As [`Twin::up`]; all that was made is released.
    pub fn up(
        name: &str,
        world: World,
        desired: &BTreeMap<HostId, Desired>,
        watch: &Watch,
    ) -> Result<Session, TwinError> {
        let base = Base::ensure(&recipe(desired), watch)?;
        let twin = Twin::up(name, world.topology.clone(), &world.seeds, &base, watch)?;
        Ok(Session { twin, world })
    }

    /// Finds a running twin and brings its world to what the fleet now needs.
    ///
    /// # Errors
    /// When there is no such twin, or the world cannot be changed.
    pub fn attach(name: &str, world: World, watch: &Watch) -> Result<Session, TwinError> {
        let twin = Twin::open(name)?;
        twin.update(world.topology.clone(), &world.seeds, watch)?;
        Ok(Session { twin, world })
    }

    /// Brings every host to its desired state by the ordinary apply, by the twin's own way onto its machines.
    ///
    /// # Errors
    /// When a host of the fleet is not in the twin. What happens on hosts is in the outcome.
    pub fn apply(
        &self,
        subject: &Subject<'_>,
        options: &Options,
        events: &Sender<Event>,
    ) -> Result<FleetOutcome, TwinError> {
        self.apply_to(&self.targets(subject)?, options, events)
    }

    /// Brings hosts to their desired state by whatever ways onto them.
    ///
    /// # Errors
    /// When the twin cannot be tidied up afterwards. What happens on hosts is in the outcome.
    pub fn apply_to(
        &self,
        targets: &[Target<'_>],
        options: &Options,
        events: &Sender<Event>,
    ) -> Result<FleetOutcome, TwinError> {
        let outcome = apply::apply_fleet(targets, options, events);
        // Where the old configuration still stands, so must what makes it run here.
        if outcome.is_ok() {
            self.twin.tidy(&self.world.seeds)?;
        }
        Ok(outcome)
    }

    /// What an apply would change.
    ///
    /// # Errors
    /// When a host of the fleet is not in the twin.
    pub fn plan(
        &self,
        subject: &Subject<'_>,
        options: &Options,
        events: &Sender<Event>,
    ) -> Result<FleetPlan, TwinError> {
        Ok(apply::observe_fleet(&self.targets(subject)?, options, events))
    }

    fn targets<'a>(&self, subject: &Subject<'a>) -> Result<Vec<Target<'a>>, TwinError> {
        subject
            .desired
            .iter()
            .map(|(host, desired)| {
                let remote: Arc<dyn Remote> = Arc::new(self.twin.remote(host.as_str())?);
                Ok(Target { remote, desired, secrets: subject.secrets })
            })
            .collect()
    }
}
