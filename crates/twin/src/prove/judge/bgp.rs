//! Are BGP sessions established?

use super::super::context::ProveContext;
use super::super::question::{Ask, Question};
use super::super::verdict::Outcome;
use super::bird;
use model::HostId;
use std::time::Duration;

pub(super) fn sessions(ctx: &ProveContext<'_>, host: &HostId, group: &[&Question]) -> Vec<Outcome> {
    let probe = "birdc show protocols";
    let ran = ctx.ground.remote(host.as_str()).and_then(|r| {
        r.run(&["birdc", "show", "protocols"], b"", Duration::from_secs(5)).map_err(|e| e.to_string())
    });
    let protocols = match ran {
        Ok(output) if output.ok() => bird::protocols(&output.text()),
        Ok(output) => return vec![Outcome::refuted(host, probe, output.error_text()); group.len()],
        Err(e) => return vec![Outcome::refuted(host, probe, e); group.len()],
    };
    let sessions = ctx.fleet.hosts.get(host).and_then(|h| h.bgp.as_ref()).map(|b| b.sessions.as_slice());
    let sessions = sessions.unwrap_or_default();
    let judge = |question: &&Question| {
        let Ask::Session { session, .. } = &question.ask else { return Outcome::unjudged("not a session") };
        let Some(session) = sessions.get(*session) else { return Outcome::unjudged("no such session") };
        match protocols.get(&session.name) {
            Some(p) if p.info == "Established" => Outcome::proved("Established"),
            Some(p) => Outcome::refuted(host, probe, format!("{}: {} {}", session.name, p.state, p.info)),
            None => Outcome::refuted(host, probe, format!("there is no protocol {}", session.name)),
        }
    };
    group.iter().map(judge).collect()
}
