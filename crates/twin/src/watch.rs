//! How a long step tells what it does and learns that it should stop.

use crate::TwinError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Progress lines out, the wish to stop in.
#[derive(Clone)]
pub struct Watch {
    say: Arc<dyn Fn(&str) + Send + Sync>,
    cancel: Arc<AtomicBool>,
    halt: Arc<AtomicBool>,
}

impl Watch {
    /// Progress lines go to `say`; work stops between steps, releasing what it made, once `cancel` is set.
    pub fn new(say: impl Fn(&str) + Send + Sync + 'static, cancel: Arc<AtomicBool>) -> Self {
        Watch { say: Arc::new(say), cancel, halt: Arc::default() }
    }
    /// Says nothing and is never cancelled.
    pub fn quiet() -> Self {
        Watch::new(|_| (), Arc::new(AtomicBool::new(false)))
    }
    pub(crate) fn say(&self, line: &str) {
        (self.say)(line);
    }
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.halt.load(Ordering::Relaxed)
    }
    /// The same for a part of the work that several threads do; `halt` stops that part alone.
    pub(crate) fn part(&self) -> Watch {
        Watch { halt: Arc::default(), ..self.clone() }
    }
    pub(crate) fn halt(&self) {
        self.halt.store(true, Ordering::Relaxed);
    }
    pub(crate) fn go_on(&self) -> Result<(), TwinError> {
        if self.cancelled() { Err(TwinError::Cancelled) } else { Ok(()) }
    }
}
