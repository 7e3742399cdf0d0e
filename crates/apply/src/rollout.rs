//! Wave after wave over hosts that wait: nobody in a wave is switched before all of it was checked, those
//! that change together are confirmed together, and a wave that fails is the last.

use crate::crew::{At, Crew};
use crate::inbox::Command;
use crate::options::Options;
use crate::types::HostOutcome;
use crate::waves::{units, waves};
use std::collections::BTreeSet;

/// A rollout under way.
pub(crate) struct Rollout<'a, 'c> {
    pub(crate) options: &'a Options,
    pub(crate) crew: &'a mut Crew<'c>,
    /// Called for each host that could not be reached and may be.
    pub(crate) absent: &'a dyn Fn(String),
}

/// How it went.
#[derive(Default)]
pub(crate) struct Went {
    /// The waves that were begun.
    pub(crate) waves: Vec<Vec<String>>,
    /// Unknown hosts that may be.
    pub(crate) allowed: BTreeSet<String>,
    /// Confirmed hosts whose group did not come through: they have to go back, and why.
    pub(crate) back: Vec<(String, String)>,
    /// A host failed; nobody only asked to stop.
    pub(crate) failed: bool,
}

const INTERRUPTED: &str = "interrupted";

impl Rollout<'_, '_> {
    /// Carries it out.
    pub(crate) fn conduct(mut self) -> Went {
        let mut went = Went::default();
        let hosts: Vec<String> = self.crew.at.keys().cloned().collect();
        let mut stop = self.meet(&hosts, &mut went.allowed);
        went.failed = hosts.iter().any(|h| self.crew.failed(h) && !went.allowed.contains(h))
            && stop.as_deref() != Some(INTERRUPTED);
        for host in &went.allowed {
            (self.absent)(host.clone());
        }
        let waiting: BTreeSet<String> =
            hosts.iter().filter(|h| self.crew.at.get(*h) == Some(&At::Ready)).cloned().collect();
        let constraints = self.options.constraints(went.allowed.clone());
        let order = match &stop {
            Some(_) => vec![waiting.into_iter().collect()],
            None => waves(&waiting, &self.options.waves, &constraints).unwrap_or_else(|no| {
                went.failed = true;
                stop = Some(no.to_string());
                vec![waiting.into_iter().collect()]
            }),
        };
        for wave in order {
            if stop.is_none() && self.options.cancelled() {
                stop = Some(INTERRUPTED.to_owned());
            }
            if let Some(reason) = &stop {
                self.leave(&wave, reason);
                self.until(|crew| crew.all(&wave, At::is_ended));
                continue;
            }
            went.waves.push(wave.clone());
            stop = self.wave(&wave, &mut went);
        }
        went
    }

    /// Waits until it holds.
    fn until(&mut self, what: impl Fn(&Crew<'_>) -> bool) {
        while !what(self.crew) {
            self.crew.next();
        }
    }

    /// Tells all of them to leave their hosts as they are.
    fn leave(&mut self, hosts: &[String], reason: &str) {
        for host in hosts {
            self.crew.tell(host, Command::Leave(reason.to_owned()));
        }
    }

    /// Waits until every host was looked at. Gives why nothing is to be changed anywhere.
    fn meet(&mut self, hosts: &[String], allowed: &mut BTreeSet<String>) -> Option<String> {
        let mut told = false;
        while !self.crew.all(hosts, |at| *at != At::Meeting) {
            self.crew.next();
            if self.options.cancelled() && !told {
                told = true;
                self.leave(hosts, INTERRUPTED);
            }
        }
        if told || self.options.cancelled() {
            return Some(INTERRUPTED.to_owned());
        }
        let mut bad = Vec::new();
        for host in hosts {
            match self.crew.outcome(host) {
                Some(HostOutcome::Unknown { .. }) if self.options.allow_unreachable.contains(host) => {
                    allowed.insert(host.clone());
                }
                Some(outcome) if !outcome.is_ok() => bad.push(host.as_str()),
                _ => {}
            }
        }
        (!bad.is_empty()).then(|| format!("nothing was changed anywhere because of {}", bad.join(", ")))
    }

    /// One wave. Gives why it is the last.
    fn wave(&mut self, wave: &[String], went: &mut Went) -> Option<String> {
        for host in wave {
            self.crew.tell(host, Command::Go);
        }
        let mut left = None;
        while !self.crew.all(wave, |at| *at == At::Checked || at.is_ended()) {
            self.crew.next();
            if left.is_none() {
                left = self.reason_to_leave(wave);
                left.iter().for_each(|reason| self.leave(wave, reason));
            }
        }
        if let Some(reason) = left.or_else(|| self.reason_to_leave(wave)) {
            self.leave(wave, &reason);
            self.until(|crew| crew.all(wave, At::is_ended));
            went.failed |= reason != INTERRUPTED;
            return Some(reason);
        }
        self.switch(wave, went);
        let bad: Vec<&str> = wave.iter().filter(|h| self.crew.failed(h)).map(String::as_str).collect();
        let back = went.back.iter().map(|(host, _)| host.as_str());
        let bad: BTreeSet<&str> = bad.into_iter().chain(back).collect();
        went.failed |= !bad.is_empty();
        let names: Vec<&str> = bad.into_iter().collect();
        (!names.is_empty()).then(|| format!("not begun because of {}", names.join(", ")))
    }

    /// Why nobody of a wave is to be switched.
    fn reason_to_leave(&self, wave: &[String]) -> Option<String> {
        if let Some(bad) = wave.iter().find(|host| self.crew.failed(host)) {
            return Some(format!("not switched because of {bad}"));
        }
        self.options.cancelled().then(|| INTERRUPTED.to_owned())
    }

    /// Switches all of a wave at once and sees every host to its end.
    fn switch(&mut self, wave: &[String], went: &mut Went) {
        let due: BTreeSet<String> =
            wave.iter().filter(|h| self.crew.at.get(*h) == Some(&At::Checked)).cloned().collect();
        let groups: Vec<Vec<String>> =
            units(&due, &self.options.together).into_iter().map(|unit| unit.into_iter().collect()).collect();
        for group in &groups {
            for host in group {
                self.crew.tell(host, Command::Switch { alone: group.len() == 1 });
            }
        }
        let mut decided: BTreeSet<usize> = BTreeSet::new();
        while !self.crew.all(wave, At::is_ended) {
            self.crew.next();
            for (at, group) in groups.iter().enumerate().filter(|(_, group)| group.len() > 1) {
                if decided.contains(&at) {
                    continue;
                }
                if let Some(bad) = group.iter().find(|host| self.crew.failed(host)) {
                    let reason = format!("taken back with {bad}");
                    group.iter().for_each(|host| self.crew.tell(host, Command::Undo(reason.clone())));
                    decided.insert(at);
                } else if self.crew.all(group, |at| *at == At::Proven) {
                    group.iter().for_each(|host| self.crew.tell(host, Command::Confirm));
                    decided.insert(at);
                }
            }
        }
        for group in groups.iter().filter(|group| group.len() > 1) {
            if let Some(bad) = group.iter().find(|host| self.crew.failed(host)) {
                let confirmed = group.iter().filter(|host| !self.crew.failed(host));
                went.back.extend(confirmed.map(|host| (host.clone(), format!("taken back with {bad}"))));
            }
        }
    }
}
