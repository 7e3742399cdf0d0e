//! BGP sessions and what they must carry.

use super::super::question::{Ask, Kind};
use super::List;
use crate::world::World;
use derive::fleet::{Fleet, Session, SessionKind};
use model::HostId;

fn whom(session: &Session) -> String {
    match &session.kind {
        SessionKind::External { neighbour, .. } => neighbour.to_string(),
        SessionKind::Internal { host, .. } => host.to_string(),
    }
}

/// Every session of the fleet with its host and number.
fn all(fleet: &Fleet) -> impl Iterator<Item = (&HostId, usize, &Session)> {
    let hosts = fleet.hosts.iter().filter_map(|(id, h)| h.bgp.as_ref().map(|b| (id, b)));
    hosts.flat_map(|(id, b)| b.sessions.iter().enumerate().map(move |(n, s)| (id, n, s)))
}

pub(super) fn sessions(fleet: &Fleet, list: &mut List) {
    for (host, n, session) in all(fleet) {
        let text = format!("{host}'s session with {} ({}) is established", whom(session), session.remote);
        let ask = Ask::Session { host: host.clone(), session: n };
        list.add(Kind::Bgp, format!("{host}/{}", session.name), &session.place, text, ask);
    }
}

pub(super) fn routes(fleet: &Fleet, world: &World, list: &mut List) {
    for (s, speaker) in world.speakers.iter().enumerate() {
        for (host, name) in &speaker.sessions {
            let Some((_, n, session)) = all(fleet).find(|(h, _, s)| *h == host && s.name == *name) else {
                continue;
            };
            let prefixes = match session.sends.len() {
                0 => "nothing".to_owned(),
                1 => format!("exactly {}", session.sends[0].0),
                many => format!("exactly {many} prefixes"),
            };
            let text =
                format!("{} holds {prefixes} from {host}, by our AS alone, and forwards by it", speaker.name);
            let ask = Ask::Hears { speaker: s, host: host.clone(), session: n };
            let subject = format!("{}-hears-{host}/{name}", speaker.name);
            let place = session.sends.first().map_or(&session.place, |(_, why)| &why.place);
            list.add(Kind::Routes, subject, place, text, ask);
            let (bad, good) = speaker
                .announces
                .iter()
                .filter(|r| r.prefix.addr().is_ipv4() == session.remote.is_ipv4())
                .fold(
                    (0, 0),
                    |(bad, good), r| if r.refuse.is_some() { (bad + 1, good) } else { (bad, good + 1) },
                );
            let text = format!("{host} takes {good} routes of {} and refuses {bad} bad ones", speaker.name);
            let ask = Ask::Takes { speaker: s, host: host.clone(), session: n };
            list.add(
                Kind::Routes,
                format!("{host}-takes-{}/{name}", speaker.name),
                &session.place,
                text,
                ask,
            );
        }
    }
    for (sender, n, session) in all(fleet) {
        let SessionKind::Internal { host, .. } = &session.kind else { continue };
        if session.sends.is_empty() && !session.sends_default {
            continue;
        }
        let what = match (session.sends.len(), session.sends_default) {
            (0, _) => "a default route".to_owned(),
            (many, true) => format!("a default route and {many} prefixes"),
            (many, false) => format!("{many} prefixes"),
        };
        let text = format!("{host} has from {sender} {what}, in its kernel");
        let ask = Ask::Holds { host: host.clone(), sender: sender.clone(), session: n };
        list.add(Kind::Routes, format!("{host}-from-{sender}/{}", session.name), &session.place, text, ask);
    }
}
