//! `apply`: what is wanted, what differs, and the order to do it.

use crate::journal::Log;
use crate::observe::observe_on;
use crate::paths;
use crate::recover;
use crate::store::Store;
use crate::system::{System, now};
use crate::take;
use crate::talk::{PATIENCE, Talk};
use crate::transaction::{self, Job, unchanged};
use artifact::protocol::two::{ApplyRequest, DESIRED, Go};
use artifact::protocol::{Code, Event, Fault, Goal, Order, Packed};
use artifact::{FlatDesired, Observation};
use plan::steps;
use std::time::{Duration, Instant};

/// Another agent may take this long to let go of the lock.
const LOCK: Duration = Duration::from_secs(2);
/// Clocks further apart than this are worth a word, in seconds.
const SKEW: u64 = 600;

/// Runs one apply up to `switched`, and says how it ended.
///
/// # Errors
/// What kept it from beginning; nothing live has changed then.
pub fn apply(system: &mut System, talk: &mut Talk, request: &ApplyRequest) -> Result<Event, Fault> {
    let store = Store::of(system);
    let _lock = store.lock(LOCK, &request.claim)?;
    if let Some(said) = skew(request.claim.since, now()) {
        talk.say(&Event::Said(said));
    }
    let mut log = Log::open(store.path("journal"))?;
    recover::before_anything(system, &store, &mut log)?;
    let mut record = store.record()?;
    let generation = record.as_ref().map_or(0, |r| r.manifest.generation);
    let mut back = None;
    let wanted = match &request.target {
        Goal::Digest(digest) if record.as_ref().is_some_and(|r| r.digest == *digest) => None,
        Goal::Digest(digest) => {
            talk.say(&Event::Want);
            let Some(packed) = talk.hear::<Packed>(PATIENCE)? else {
                return Ok(Event::Unchanged(generation));
            };
            Some(opened(&packed, digest)?)
        }
        Goal::Generation(number) => {
            let manifest = store.manifest(*number)?;
            let bad = |e: serde_json::Error| Fault::new(Code::GenerationMissing, e.to_string());
            back = Some(Packed::value(&manifest.desired).map_err(bad)?);
            Some(manifest.desired)
        }
    };
    let on_record = wanted.is_none();
    let mut seen = match &wanted {
        Some(desired) => {
            paths::check(desired)?;
            observe_on(system, &store, record.as_ref(), desired)?
        }
        None => match &record {
            Some(record) => observe_on(system, &store, Some(record), &record.manifest.desired)?,
            None => Observation::default(),
        },
    };
    let Some(desired) = wanted.or_else(|| record.take().map(|r| r.manifest.desired)) else {
        return Ok(Event::Unchanged(generation));
    };
    drop(record);
    let at = Instant::now();
    let steps = steps(&desired, &seen);
    if steps.is_empty() && on_record {
        return Ok(Event::Unchanged(generation));
    }
    if let (Goal::Generation(number), Some(lost)) = (&request.target, seen.lacking.first()) {
        let message = format!("generation {number} is not whole on this host: the bytes {lost} are gone");
        return Err(Fault::new(Code::GenerationMissing, message));
    }
    seen.desired = back;
    talk.say(&Event::Observed(Box::new(seen.clone())));
    seen.desired = None;
    if steps.is_empty() {
        return unchanged(system, &store, &mut log, &desired, &seen, &request.claim);
    }
    let Some(go) = ordered(talk)? else { return Ok(Event::Unchanged(generation)) };
    let mut job = Job {
        desired: &desired,
        seen,
        at,
        steps,
        plan: go.plan,
        hold: go.hold,
        deadline_s: request.deadline_s,
        settle_ms: request.settle_ms,
        claim: request.claim.clone(),
    };
    let taken =
        job.refresh(system, &store).and_then(|()| take::blobs(talk, &store, go.blobs, &job.seen.lacking));
    if let Err(fault) = taken {
        return Ok(Event::Failed(fault));
    }
    transaction::run(system, talk, &store, &mut log, &mut job)
}

/// The desired state, which must be the one that was announced.
fn opened(packed: &Packed, digest: &str) -> Result<FlatDesired, Fault> {
    let bad = |what: String| Fault::new(Code::BadRequest, format!("the desired state: {what}"));
    let desired: FlatDesired = packed.open(DESIRED).map_err(|e| bad(e.to_string()))?;
    if desired.digest() == digest { Ok(desired) } else { Err(bad("another one was announced".to_owned())) }
}

/// Waits for the order to go; `None` when there is none to come.
fn ordered(talk: &mut Talk) -> Result<Option<Go>, Fault> {
    loop {
        match talk.hear::<Order>(PATIENCE)? {
            None => return Ok(None),
            Some(Order::Wait) => {}
            Some(Order::Go(go)) => return Ok(Some(go)),
            Some(Order::Switch) => {
                return Err(Fault::new(Code::BadRequest, "told to switch before being told to go"));
            }
        }
    }
}

/// What is to be told about this host's clock, if it is far from the controller's.
fn skew(theirs: u64, ours: u64) -> Option<String> {
    let apart = theirs.abs_diff(ours);
    if theirs == 0 || apart <= SKEW {
        return None;
    }
    let way = if ours > theirs { "ahead of" } else { "behind" };
    let shown = match apart {
        s if s >= 2 * 86_400 => format!("{} days", s / 86_400),
        s if s >= 2 * 3_600 => format!("{} hours", s / 3_600),
        s => format!("{} minutes", s / 60),
    };
    Some(format!("{}: this host's clock is {shown} {way} the controller's", Code::ClockSkew))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_far_apart_are_told_and_near_ones_not() {
        assert_eq!(skew(0, 1_000_000), None);
        assert_eq!(skew(1_000_000, 1_000_599), None);
        let said = skew(1_000_000, 1_086_400).unwrap_or_default();
        assert_eq!(said, "clock-skew: this host's clock is 24 hours ahead of the controller's");
        assert!(skew(1_000_000, 1).is_some_and(|s| s.contains("11 days behind")));
    }
}
