//! Connections that others go over: one each, shared by all hosts behind it.

use super::Destination;
use super::config::{Failure, Route};
use super::connect::Connection;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

#[derive(Default)]
struct Hop {
    connection: Weak<Connection>,
    made: Option<Instant>,
}

/// What is open, by where it leads.
#[derive(Default)]
pub(super) struct Hops {
    open: Mutex<BTreeMap<String, Arc<Mutex<Hop>>>>,
}

impl Hops {
    /// The connection to a hop, made after `fresh`; a new one where there is none. Others who want the same
    /// one wait meanwhile.
    ///
    /// # Errors
    /// Those of `connect`.
    pub(super) fn get(
        &self,
        hop: &Destination,
        fresh: Instant,
        connect: impl FnOnce() -> Result<Connection, Failure>,
    ) -> Result<Arc<Connection>, Failure> {
        let way = hop.jump.as_ref().map_or(String::new(), |j| format!("{j},"));
        let key = format!("{way}{}", text(hop));
        let slot = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.entry(key).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slot.connection.upgrade()
            && !known.handle.is_closed()
            && slot.made.is_some_and(|made| made >= fresh)
        {
            return Ok(known);
        }
        let made = Instant::now();
        let connection = Arc::new(connect()?);
        *slot = Hop { connection: Arc::downgrade(&connection), made: Some(made) };
        Ok(connection)
    }
}

/// The last hop before a host, with those before it as its own way.
pub(super) fn last(route: &Route) -> Option<Destination> {
    let (last, before) = route.jump.split_last()?;
    let mut hop = last.clone();
    if !before.is_empty() {
        hop.jump = Some(before.iter().map(text).collect::<Vec<_>>().join(","));
    }
    Some(hop)
}

fn text(hop: &Destination) -> String {
    let user = hop.user.as_ref().map_or(String::new(), |u| format!("{u}@"));
    let name = if hop.name.contains(':') { format!("[{}]", hop.name) } else { hop.name.clone() };
    let port = hop.port.map_or(String::new(), |p| format!(":{p}"));
    format!("{user}{name}{port}")
}
