//! One host in a run: what it should be, and the questions it is asked.

use crate::contact::{Contact, Trouble, call, json, unexpected};
use crate::gate::Gates;
use crate::options::Options;
use crate::teller::Teller;
use crate::types::{Phase, Target};
use artifact::FlatDesired;
use artifact::protocol::{
    Claim, DriftReport, Event, GenerationSeen, Hello, ObserveRequest, PROTOCOL, Pending, Status,
    StatusRequest, UnlockRequest,
};
use plan::HostPlan;
use remote::Remote;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The agent answers a question within this time.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// Where a host is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To the target's desired state.
    Desired,
    /// To a generation it keeps.
    Generation(u64),
}

/// One host's part of a run.
pub(crate) struct HostRun<'a> {
    pub(crate) target: &'a Target<'a>,
    pub(crate) aim: Aim,
    pub(crate) options: &'a Options,
    pub(crate) teller: Teller<'a>,
    pub(crate) others: &'a Others,
    pub(crate) gates: &'a Gates,
}

/// The hosts of a run, for what one host says about another.
pub(crate) struct Others {
    remotes: BTreeMap<String, Arc<dyn Remote>>,
    /// Those that cannot be reached.
    absent: Mutex<BTreeSet<String>>,
}

impl Others {
    pub(crate) fn new(remotes: BTreeMap<String, Arc<dyn Remote>>) -> Self {
        Others { remotes, absent: Mutex::default() }
    }

    /// The way onto a host that takes part.
    pub(crate) fn way(&self, host: &str) -> Option<&dyn Remote> {
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner).contains(host);
        self.remotes.get(host).filter(|_| !absent).map(AsRef::as_ref)
    }

    pub(crate) fn absent(&self, host: String) {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner).insert(host);
    }
}

/// The desired state for the wire, and its bytes by hash.
pub(crate) type Flat = (FlatDesired, BTreeMap<String, Vec<u8>>);

/// For what ends a transaction or only looks: whichever agent is there must do it.
pub(crate) fn any_agent() -> Hello {
    Hello { protocol: PROTOCOL, agent: String::new() }
}

/// A secret that nobody here knows.
pub(crate) fn unknown_secret(name: &str) -> Trouble {
    Trouble::failed(format!("the secret {name} is not known"))
}

impl HostRun<'_> {
    pub(crate) fn remote(&self) -> &dyn Remote {
        self.target.remote.as_ref()
    }

    pub(crate) fn contact(&self) -> Contact<'_> {
        Contact { remote: self.remote(), agent: &self.options.agent, teller: &self.teller }
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello { protocol: PROTOCOL, agent: self.options.agent.sha256.clone() }
    }

    pub(crate) fn flat(&self) -> Result<Flat, Trouble> {
        FlatDesired::of(self.target.desired, self.target.secrets).map_err(|name| unknown_secret(&name))
    }

    /// What would change.
    pub(crate) fn observe(&self) -> Result<HostPlan, Trouble> {
        self.teller.tell(Phase::Observing, "");
        let request = self.gates.desk.pass(|| {
            let desired = self.flat()?.0;
            json(&ObserveRequest { hello: self.hello(), desired })
        })?;
        let seen = self.contact().with_agent(|| match call(self.remote(), "observe", &request, ANSWER)? {
            Event::Observed(seen) => Ok(seen),
            other => Err(unexpected(other)),
        })?;
        if let Some(pending) = &seen.pending {
            // What is there now may be gone in a moment: no plan can be made of it.
            let Pending { generation, state } = pending;
            let what = format!("generation {generation} is {state} and neither confirmed nor undone");
            return Err(Trouble::Unknown(format!("{what}; the next apply settles it")));
        }
        let plan = self
            .gates
            .desk
            .pass(|| Ok::<_, Trouble>(HostPlan::of(self.target.desired, &self.flat()?.0, &seen)))?;
        self.teller.tell(Phase::Done, format!("{} steps", plan.steps.len()));
        Ok(plan)
    }

    fn ask(&self, command: &str, limit: Duration) -> Result<Event, Trouble> {
        call(self.remote(), command, &json(&StatusRequest { hello: any_agent() })?, limit)
    }

    /// What the host says about itself; any build of the agent may answer.
    pub(crate) fn status(&self, limit: Duration) -> Result<Status, Trouble> {
        match self.ask("status", limit)? {
            Event::Status(status) => Ok(*status),
            other => Err(unexpected(other)),
        }
    }

    /// What it can go back to.
    pub(crate) fn generations(&self) -> Result<Vec<GenerationSeen>, Trouble> {
        match self.ask("generations", ANSWER)? {
            Event::Generations(all) => Ok(all),
            other => Err(unexpected(other)),
        }
    }

    /// What is no longer as it was left.
    pub(crate) fn drift(&self) -> Result<DriftReport, Trouble> {
        match self.ask("drift", ANSWER)? {
            Event::Drift(report) => Ok(*report),
            other => Err(unexpected(other)),
        }
    }

    /// Ends whoever holds the lock by that name.
    pub(crate) fn unlock(&self, holder: &str) -> Result<Claim, Trouble> {
        let request = UnlockRequest { hello: any_agent(), holder: holder.to_owned() };
        match call(self.remote(), "unlock", &json(&request)?, ANSWER)? {
            Event::Unlocked(claim) => Ok(claim),
            other => Err(unexpected(other)),
        }
    }
}
