//! Telling what happens.

use crate::types::{Event, Phase};
use std::sync::mpsc::Sender;
use std::time::Instant;

/// Tells the listener what happens on one host.
pub(crate) struct Teller<'a> {
    /// The host.
    pub(crate) host: &'a str,
    /// Where it goes.
    pub(crate) events: &'a Sender<Event>,
    /// When the run began.
    pub(crate) begun: Instant,
}

impl Teller<'_> {
    pub(crate) fn tell(&self, phase: Phase, message: impl Into<String>) {
        // A listener that is gone is no reason to stop.
        let _ = self.events.send(Event {
            host: self.host.to_owned(),
            phase,
            message: message.into(),
            elapsed: self.begun.elapsed(),
        });
    }
}
