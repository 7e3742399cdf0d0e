//! A bound on how many hosts are worked on at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// The bounds of a run.
pub(crate) struct Gates {
    /// Hosts that are contacted or sent to.
    pub(crate) contact: Gate,
    /// Work on whole desired states: as many as there are processors, so that only so many are held in memory.
    pub(crate) desk: Gate,
    /// Big files that are being sent.
    pub(crate) big: Gate,
}

impl Gates {
    /// With this many hosts contacted at once.
    pub(crate) fn new(contact: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Gates { contact: Gate::new(contact), desk: Gate::new(processors), big: Gate::new(4) }
    }
}

/// Lets so many through at once.
pub(crate) struct Gate {
    free: Mutex<usize>,
    passed: Condvar,
}

impl Gate {
    fn new(width: usize) -> Self {
        Gate { free: Mutex::new(width.max(1)), passed: Condvar::new() }
    }

    /// Does something once there is room for it.
    pub(crate) fn pass<T>(&self, what: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever is inside has deadlines for all it does, so it comes out.
        let mut free =
            self.passed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        drop(free);
        let _out = Out(self);
        what()
    }
}

struct Out<'a>(&'a Gate);

impl Drop for Out<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.passed.notify_one();
    }
}
