//! Answers: each question is asked until it is proved or patience ends, many at a time.

mod bgp;
mod bird;
mod fetch;
mod host;
mod knock;
mod names;
mod routes;
mod schedule;
mod tunnel;
mod watch;
mod wire;

pub(crate) use watch::{Active as ActiveAlert, active as active_alerts};

use super::ask::questions;
use super::context::ProveContext;
use super::hop::{Observed, observe};
use super::probe::tls::Trust;
use super::question::Question;
use super::verdict::Verdict;
use derive::fleet::Exposure;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Asks everything, or what `filter` picks: a kind (`tunnel`), an id, the beginning of ids up to a slash, or
/// any of them with `*`. Verdicts come in the questions' order; `progress` hears each as it is known.
pub fn prove(
    ctx: &ProveContext<'_>,
    filter: Option<&str>,
    progress: &(dyn Fn(&Verdict) + Sync),
) -> Vec<Verdict> {
    let mut all = questions(ctx.fleet, ctx.world);
    if let Some(filter) = filter {
        all.retain(|q| picks(filter, &q.id));
    }
    schedule::run(&Prover::new(*ctx), &all, progress)
}

/// True when a filter picks an id.
pub(crate) fn picks(filter: &str, id: &str) -> bool {
    if filter.contains('*') {
        return glob(filter.as_bytes(), id.as_bytes());
    }
    let filter = filter.trim_end_matches('/');
    id.strip_prefix(filter).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|n| glob(rest, &text[n..])),
        Some((c, rest)) => text.split_first().is_some_and(|(t, tail)| t == c && glob(rest, tail)),
    }
}

/// A context with what is found out once and used by many questions.
struct Prover<'a> {
    ctx: ProveContext<'a>,
    trust: Mutex<BTreeMap<Root, Trust>>,
    traces: Mutex<Traces>,
}

/// Watched attempts by the node that made them and where to: exposures that share a door share its fate.
type Traces = BTreeMap<(String, SocketAddr), Arc<OnceLock<Observed>>>;

/// A root certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    /// The public CA's.
    Public,
    /// The one of a host's own proxy.
    Proxy(String),
}

impl<'a> Prover<'a> {
    fn new(ctx: ProveContext<'a>) -> Self {
        Prover { ctx, trust: Mutex::default(), traces: Mutex::default() }
    }

    /// Where packets of an attempt are seen, watched once.
    fn trace(&self, exposure: &Exposure, from: &str, to: SocketAddr) -> Arc<OnceLock<Observed>> {
        let mut all = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        let trace = all.entry((from.to_owned(), to)).or_default().clone();
        drop(all);
        trace.get_or_init(|| observe(&self.ctx, exposure, from, to));
        trace
    }

    /// What clients of an exposure trust; asked for again while it cannot be had.
    fn trust(&self, root: Root) -> Result<Trust, String> {
        let mut known = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trust) = known.get(&root) {
            return Ok(trust.clone());
        }
        let pem = match &root {
            Root::Public => wire::public_root(&self.ctx)?,
            Root::Proxy(host) => wire::proxy_root(&self.ctx, host)?,
        };
        let trust = Trust::roots(&pem)?;
        known.insert(root, trust.clone());
        Ok(trust)
    }
}

/// A group of questions that one round of work answers.
type Group<'q> = Vec<&'q Question>;

#[cfg(test)]
mod tests {
    use super::picks;

    #[test]
    fn filters_pick_kinds_ids_and_patterns() {
        assert!(picks("tunnel", "tunnel/a-b"));
        assert!(picks("expose/photos.example", "expose/photos.example/client/v4"));
        assert!(picks("*/v6", "expose/photos.example/client/v6"));
        assert!(picks("expose*berlin*", "expose/x/client-berlin/v4"));
        assert!(!picks("expose", "expose-inside/x"));
        assert!(!picks("tunnel/a", "tunnel/a-b"));
    }
}
