//! A controller in a process of its own, to be killed.

use crate::lab::Lab;
use crate::state::State;
use crate::way::Way;
use apply::{AgentBinary, Options};
use std::sync::Arc;

/// What it is to do; one line of JSON on standard input.
#[derive(Debug, serde::Deserialize)]
pub struct Job {
    twin: String,
    machine: String,
    seed: u64,
    state: u64,
    deadline_s: u32,
    agent: String,
}

/// Does it.
///
/// # Errors
/// When the job or the machine is not there.
pub fn one_apply(job: &Job) -> Result<String, String> {
    // The machine has the agent already: its bytes are not needed, and reading them takes long.
    let agent = AgentBinary { bytes: Vec::new().into(), sha256: job.agent.clone() };
    let lab = Lab::open(&job.twin, job.seed, agent).map_err(|e| e.to_string())?;
    let host = lab.twin.remote(&job.machine).map_err(|e| e.to_string())?;
    let options = Options { deadline_s: job.deadline_s, ..lab.options() };
    let told = lab.apply(Way::new(Arc::new(host)), &State::of(job.seed, job.state), &options);
    Ok(told.to_string())
}
