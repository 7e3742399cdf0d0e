//! Many cases on many machines at once.

use crate::case::Done;
use crate::kind::Kind;
use crate::lab::{Bench, Lab};
use crate::tally::Tally;
use crate::verdict::Told;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Neighbouring cases run on one machine: each begins in the state the one before ended in.
const CHUNK: u64 = 8;

/// Which cases.
#[derive(Clone, Debug)]
pub struct Which {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Only of this kind.
    pub only: Option<Kind>,
}

impl Which {
    fn kind(&self, seed: u64, case: u64) -> Kind {
        self.only.unwrap_or_else(|| Kind::of(seed, case))
    }
}

/// Runs cases until all are done, `stop` is set, or something is wrong and the lab keeps machines.
/// `tell` hears of each case as it ends.
pub fn run(
    lab: &Lab,
    machines: usize,
    which: &Which,
    stop: &AtomicBool,
    tell: &(dyn Fn(&Done) + Sync),
) -> Tally {
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for number in 0..machines {
            let (next, tally) = (&next, &tally);
            scope.spawn(move || {
                let Ok(mut bench) = lab.bench(number) else { return };
                while !stop.load(Ordering::Relaxed) {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if from >= which.count {
                        return;
                    }
                    let cases = from..(from + CHUNK).min(which.count);
                    if !chunk(lab, &mut bench, which, cases, stop, tally, tell) {
                        return;
                    }
                }
            });
        }
    });
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.elapsed = begun.elapsed();
    tally
}

/// Gives false when the machine cannot be used any more.
fn chunk(
    lab: &Lab,
    bench: &mut Bench,
    which: &Which,
    cases: std::ops::Range<u64>,
    stop: &AtomicBool,
    tally: &Mutex<Tally>,
    tell: &(dyn Fn(&Done) + Sync),
) -> bool {
    for case in cases {
        if stop.load(Ordering::Relaxed) {
            return true;
        }
        let case = which.first + case;
        let done = lab.case(bench, case, which.kind(lab.seed, case));
        tally.lock().unwrap_or_else(PoisonError::into_inner).add(&done);
        tell(&done);
        if done.told == Told::Hung || lab.keep && !done.wrong.is_empty() {
            if lab.keep {
                stop.store(true, Ordering::Relaxed);
            }
            return false;
        }
    }
    true
}
