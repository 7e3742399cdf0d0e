//! Those who measure.

use super::super::question::{Ask, Kind};
use super::List;
use derive::fleet::Fleet;
use std::collections::BTreeSet;

pub(super) fn scrapes(fleet: &Fleet, list: &mut List) {
    for (w, watcher) in fleet.watchers.iter().enumerate() {
        for (s, scrape) in watcher.scrapes.iter().enumerate() {
            let subject = format!("{}/{}/{}", watcher.host, scrape.job, scrape.host);
            let text = format!(
                "{} on {} is up for {} on {}",
                scrape.service, scrape.host, watcher.service, watcher.host
            );
            list.add(Kind::Scrape, subject, &scrape.why.place, text, Ask::Scrape { watcher: w, scrape: s });
        }
    }
}

pub(super) fn quiet(fleet: &Fleet, list: &mut List) {
    let mut seen = BTreeSet::new();
    for (host, address, port) in fleet.watchers.iter().flat_map(|w| &w.alertmanagers) {
        if !seen.insert(host) {
            continue;
        }
        let Some(place) = fleet.hosts.get(host).map(|h| &h.place) else { continue };
        let text = format!("nothing fires at {host}'s alertmanager");
        let ask = Ask::Quiet { host: host.clone(), address: *address, port: *port };
        list.add(Kind::AlertsQuiet, host.as_str(), place, text, ask);
    }
}
