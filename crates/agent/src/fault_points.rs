//! Faults on demand, in builds with debug assertions only: what the tests of "old or new, never between"
//! are made of. `FLEETWRIGHT_DIE_AT` and `FLEETWRIGHT_FAIL_AT` name a journal line as `STATE` or
//! `STATE:STEP`; once it is written the agent kills itself, or fails as if the next effect had.

use crate::journal::Entry;
use artifact::protocol::{Code, Fault};

/// Called after a line was written.
///
/// # Errors
/// When a test asked for a failure here.
pub fn reached(entry: &Entry) -> Result<(), Fault> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let here = |name: &str| {
        std::env::var(name).is_ok_and(|at| match at.split_once(':') {
            Some((state, step)) => entry.state.name() == state && entry.step == step,
            None => entry.state.name() == at,
        })
    };
    if here("FLEETWRIGHT_DIE_AT") {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    if here("FLEETWRIGHT_FAIL_AT") {
        return Err(Fault::new(Code::SwitchFailed, format!("asked to fail at {}", entry.state)));
    }
    Ok(())
}
