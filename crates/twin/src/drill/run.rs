//! One part after the other: break it, see exactly the predicted alerts, heal it, see them clear.

use super::component::{Part, parts};
use super::expect::{Expected, Told, expected};
use super::fault::{Faults, break_part, heal_part};
use crate::Watch;
use crate::prove::{ActiveAlert, Kind, Outcome, ProveContext, Verdict, active_alerts, picks};
use derive::fleet::{Component, Fleet};
use diag::Place;
use model::HostId;
use render::component_label as word;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How often the alertmanagers are asked: they tell nobody but receivers.
const GLANCE: Duration = Duration::from_millis(250);
/// A machine that is switched on again boots, and its services start.
const BOOT: Duration = Duration::from_secs(30);
/// Prometheus says again that an alert is over when the first word was lost on a connection that broke with
/// the fault (`--rules.alert.resend-delay`, 1 min by default).
const RESEND: Duration = Duration::from_secs(75);

type Picture = BTreeMap<HostId, Expected>;

/// Drills every host, service, tunnel and uplink, or what `filter` picks (`host`, `service/photos`, `*kyiv*`).
/// Progress and the wish to stop go by `watch`; what is broken is healed before it stops.
pub fn drill(
    ctx: &ProveContext<'_>,
    faults: &dyn Faults,
    filter: Option<&str>,
    watch: &Watch,
    progress: &(dyn Fn(&Verdict) + Sync),
) -> Vec<Verdict> {
    let all = parts(ctx.fleet);
    let chosen: Vec<&Component> = all.iter().filter(|c| filter.is_none_or(|f| picks(f, &word(c)))).collect();
    let drill = Drill { ctx, faults, watch, times: Times::of(ctx.fleet) };
    let mut verdicts = Vec::new();
    for (n, component) in chosen.iter().enumerate() {
        if watch.cancelled() {
            break;
        }
        watch.say(&format!("{}/{} {}", n + 1, chosen.len(), word(component)));
        let begun = Instant::now();
        let outcome = drill.one(component).unwrap_or_else(|outcome| *outcome);
        let verdict = verdict(ctx.fleet, component, outcome, begun.elapsed());
        progress(&verdict);
        verdicts.push(verdict);
    }
    verdicts
}

fn verdict(fleet: &Fleet, component: &Component, outcome: Outcome, took: Duration) -> Verdict {
    let name = word(component);
    Verdict {
        id: format!("drill/{name}"),
        kind: Kind::Drill,
        text: format!(
            "when {name} breaks, exactly the alerts that name it are told, and they clear when it heals"
        ),
        subject: name,
        place: place(fleet, component).to_string(),
        outcome,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

fn place(fleet: &Fleet, component: &Component) -> Place {
    let found = match component {
        Component::Site(site) => fleet.sites.get(site).map(|s| &s.place),
        Component::Uplink(segment) => fleet.segments.get(segment).map(|s| &s.place),
        Component::Tunnel(tunnel, ..) => fleet.links.iter().find(|l| l.tunnel == *tunnel).map(|l| &l.place),
        Component::Host(host) | Component::Session(host, _) => fleet.hosts.get(host).map(|h| &h.place),
        Component::Service(service, host) => {
            let host = fleet.hosts.get(host);
            host.and_then(|h| h.instances.iter().find(|i| i.service == *service)).map(|i| &i.place)
        }
    };
    found.cloned().unwrap_or_else(|| Place::builtin("drill"))
}

/// How long things take at most, from the fleet's own timers.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Until an alert is told, at most.
    told: Duration,
    /// How long the picture must stay the same to count.
    steady: Duration,
    /// A wrong alert that lasts longer than this would have been told to people.
    page: Duration,
    /// Until all is clear after healing, at most.
    clear: Duration,
}

impl Times {
    fn of(fleet: &Fleet) -> Times {
        let t = &fleet.timers;
        let fors = [t.host_down_ms, t.site_down_ms, t.service_down_ms];
        let longest = fors.into_iter().max().unwrap_or_default();
        let shortest = fors.into_iter().min().unwrap_or_default();
        let round = t.scrape_ms + t.evaluate_ms;
        let told = longest + 3 * round + t.group_wait_ms;
        Times {
            told: Duration::from_millis(2 * told) + Duration::from_secs(5),
            steady: Duration::from_millis(longest - shortest + round),
            page: Duration::from_millis(t.group_wait_ms),
            clear: Duration::from_millis(2 * told) + BOOT + RESEND,
        }
    }
}

struct Drill<'a> {
    ctx: &'a ProveContext<'a>,
    faults: &'a dyn Faults,
    watch: &'a Watch,
    times: Times,
}

impl Drill<'_> {
    fn one(&self, component: &Component) -> Result<Outcome, Box<Outcome>> {
        let unable = |why: String| Box::new(Outcome::Unjudged { why });
        self.await_calm().map_err(|seen| unable(format!("before: {seen}")))?;
        let predicted = expected(self.ctx.fleet, component);
        if predicted.values().all(|e| e.may.is_empty()) {
            return Err(unable(
                "no watcher is left to tell: its metrics or alertmanager go with it".to_owned(),
            ));
        }
        let part = Part::Component(component.clone());
        let done = break_part(self.ctx.fleet, self.faults, &part).map_err(unable)?;
        let begun = Instant::now();
        let told = self.await_told(&predicted);
        let took = begun.elapsed();
        let healed = heal_part(self.ctx.fleet, self.faults, &part);
        healed.map_err(|e| unable(format!("it could not be healed: {e}")))?;
        let begun = Instant::now();
        let calm = self.await_calm();
        let refuted = |seen| {
            Box::new(Outcome::Refuted {
                host: "alertmanagers".to_owned(),
                probe: done.clone(),
                seen,
                hop: None,
            })
        };
        let (names, inhibited) = told.map_err(&refuted)?;
        let last = calm.map_err(|seen| refuted(format!("after healing: {seen}")))?;
        // Slower than alerts come: worth a word.
        let slow = begun.elapsed() > self.times.told;
        let last = last.filter(|_| slow).map(|l| format!(" ({l} last)")).unwrap_or_default();
        Ok(Outcome::Proved {
            seen: format!(
                "{} after {:.1} s, {inhibited} behind it inhibited; clear {:.1} s after healing{last}",
                listed(&names),
                took.saturating_sub(self.times.steady).as_secs_f64(),
                begun.elapsed().as_secs_f64()
            ),
        })
    }

    /// Every alertmanager: host, address, port.
    fn alertmanagers(&self) -> BTreeMap<HostId, (IpAddr, u16)> {
        let all = self.ctx.fleet.watchers.iter().flat_map(|w| &w.alertmanagers);
        all.map(|(host, ip, port)| (host.clone(), (*ip, *port))).collect()
    }

    /// What an alertmanager has active. One that does not answer is an error.
    fn ask(&self, host: &HostId, at: (IpAddr, u16)) -> Result<Vec<ActiveAlert>, String> {
        active_alerts(self.ctx, host, at.0, at.1).map_err(|e| format!("{host}'s alertmanager: {e}"))
    }

    /// Waits until nothing is active anywhere; what was active last.
    fn await_calm(&self) -> Result<Option<String>, String> {
        let end = Instant::now() + self.times.clear;
        let mut last = None;
        loop {
            let seen = self.alertmanagers().iter().find_map(|(host, at)| match self.ask(host, *at) {
                Err(e) => Some(e),
                // What a host says of its own drift comes with no fault and goes with none.
                Ok(all) if all.iter().all(|a| a.severity == "warning") => None,
                Ok(all) => {
                    let names: Vec<String> =
                        all.iter().map(|a| format!("{} {}", a.name, a.component)).collect();
                    Some(format!("{host} still has {}", names.join(", ")))
                }
            });
            match seen {
                None => return Ok(last),
                Some(seen) if Instant::now() > end => return Err(seen),
                Some(_) if self.watch.cancelled() => return Err("cancelled".to_owned()),
                Some(seen) => {
                    last = Some(seen);
                    std::thread::sleep(GLANCE);
                }
            }
        }
    }

    /// Waits until exactly the predicted alerts are told and it stays so; how many others are inhibited.
    fn await_told(&self, predicted: &Picture) -> Result<(BTreeSet<Told>, usize), String> {
        let all = self.alertmanagers();
        let end = Instant::now() + self.times.told;
        let mut same_since: Option<Instant> = None;
        let mut wrong_since: BTreeMap<(HostId, Told), Instant> = BTreeMap::new();
        loop {
            let mut right = true;
            let (mut told, mut inhibited) = (BTreeSet::new(), BTreeSet::new());
            let mut picture = Vec::new();
            let mut wrong = BTreeSet::new();
            for (host, wanted) in predicted {
                let Some(at) = all.get(host) else { continue };
                let active = match self.ask(host, *at) {
                    Ok(active) => active,
                    Err(e) => {
                        right = false;
                        picture.push(e);
                        continue;
                    }
                };
                let pages = active.into_iter().filter(|a| a.severity == "page");
                let (quiet, loud): (Vec<_>, Vec<_>) = pages.partition(|a| a.inhibited);
                inhibited.extend(quiet.into_iter().map(|a| (a.name, a.component)));
                let loud: BTreeSet<Told> =
                    loud.into_iter().map(|a| (a.name, a.component, a.watcher)).collect();
                wrong.extend(loud.difference(&wanted.may).map(|told| (host.clone(), told.clone())));
                right &= wanted.holds(&loud);
                picture.push(format!("{host}: {}", listed(&loud)));
                told.extend(loud);
            }
            wrong_since.retain(|alert, _| wrong.contains(alert));
            for alert in wrong {
                let since = *wrong_since.entry(alert.clone()).or_insert_with(Instant::now);
                if since.elapsed() > self.times.page {
                    let (host, (name, component, _)) = alert;
                    return Err(format!(
                        "{name} {component} is told at {host}; expected {}",
                        listed_all(predicted)
                    ));
                }
            }
            match (right, same_since) {
                (true, None) => same_since = Some(Instant::now()),
                (true, Some(since)) if since.elapsed() >= self.times.steady => {
                    return Ok((told, inhibited.len()));
                }
                (true, Some(_)) => {}
                (false, _) => same_since = None,
            }
            if Instant::now() > end && !right {
                return Err(format!("told: {}; expected {}", picture.join("; "), listed_all(predicted)));
            }
            if self.watch.cancelled() {
                return Err("cancelled".to_owned());
            }
            std::thread::sleep(GLANCE);
        }
    }
}

fn listed(alerts: &BTreeSet<Told>) -> String {
    let names: BTreeSet<String> = alerts.iter().map(|(n, c, _)| format!("{n} {c}")).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}

fn listed_all(predicted: &Picture) -> String {
    let one = |(host, e): (&HostId, &Expected)| {
        let also: BTreeSet<Told> = e.may.difference(&e.must).cloned().collect();
        let also = if also.is_empty() { String::new() } else { format!(" and perhaps {}", listed(&also)) };
        format!("{host}: {}{also}", listed(&e.must))
    };
    predicted.iter().map(one).collect::<Vec<_>>().join("; ")
}
