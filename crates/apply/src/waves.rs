//! In which order hosts are changed. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Between two places in the order there is room for hosts that have to be moved.
const ROOM: usize = 1 << 20;

/// The order somebody asks for. A wave begins when the one before it has ended whole. Empty: all hosts at
/// once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waves {
    /// First these, one wave after the other.
    pub canary: Vec<Canary>,
    /// Then these, wave by wave, by name.
    pub order: Vec<Vec<String>>,
    /// Then all others, so many percent of all hosts at a time (1–100).
    pub percent: Option<u32>,
    /// Or all others, one site after the other, those of none last. Sites by host.
    pub by: BTreeMap<String, String>,
    /// These after all others: the machine one stands on.
    pub last: BTreeSet<String>,
}

/// Hosts that go first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// So many, whichever.
    Count(usize),
    /// These.
    Hosts(BTreeSet<String>),
}

/// What waves must keep whatever order is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Hosts of a group are in one wave.
    pub together: Vec<BTreeSet<String>>,
    /// By host, the hosts it is reached through: they are in later waves, or in its group.
    pub paths: BTreeMap<String, BTreeSet<String>>,
    /// Of these hosts at most so many are in one wave, less those that are down.
    pub max_unavailable: Vec<(BTreeSet<String>, usize)>,
    /// Hosts that cannot be reached.
    pub down: BTreeSet<String>,
}

/// Why there is no order. Names hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoOrder {
    /// Each of these is reached through the next, and the last through the first.
    Circle(Vec<String>),
    /// These change together, and that is more than may be unavailable at once.
    TooMany {
        /// Those that change together.
        together: BTreeSet<String>,
        /// How many of them may be unavailable.
        allowed: usize,
        /// Those of the same service that are down already.
        down: BTreeSet<String>,
    },
}

impl fmt::Display for NoOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |hosts: &BTreeSet<String>| hosts.iter().cloned().collect::<Vec<_>>().join(", ");
        match self {
            NoOrder::Circle(hosts) => write!(
                f,
                "whichever goes first takes the only path to another: {} are reached through each other; \
                 apply to some of them alone, or give one another way in",
                hosts.join(", ")
            ),
            NoOrder::TooMany { together, allowed, down } => {
                write!(f, "{} change together, ", names(together))?;
                write!(f, "and at most {allowed} of their service may be unavailable")?;
                if !down.is_empty() {
                    write!(f, " while {} cannot be reached", names(down))?;
                }
                f.write_str("; allow more, or apply to fewer of them")
            }
        }
    }
}

impl std::error::Error for NoOrder {}

/// Hosts that cannot be told apart: one, or a group.
type Unit = BTreeSet<String>;

/// The hosts that change together, each host in exactly one.
pub(crate) fn units(hosts: &BTreeSet<String>, together: &[BTreeSet<String>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = hosts.iter().map(|h| Unit::from([h.clone()])).collect();
    for group in together {
        let (hit, mut rest): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(|u| !u.is_disjoint(group));
        let joined: Unit = hit.into_iter().flatten().collect();
        rest.extend((!joined.is_empty()).then_some(joined));
        units = rest;
    }
    units.sort();
    units
}

/// Hosts by wave, each exactly once.
///
/// # Errors
/// When the constraints leave no order.
pub fn waves(
    hosts: &BTreeSet<String>,
    spec: &Waves,
    constraints: &Constraints,
) -> Result<Vec<Vec<String>>, NoOrder> {
    let units = units(hosts, &constraints.together);
    let before = before(&units, &constraints.paths);
    let mut places = asked_for(&units, &before, hosts.len(), spec);
    keep_paths(&units, &mut places, &before)?;
    let mut by_place: BTreeMap<usize, Vec<&Unit>> = BTreeMap::new();
    for (unit, place) in units.iter().zip(&places) {
        by_place.entry(*place).or_default().push(unit);
    }
    let mut out = Vec::new();
    for units in by_place.values() {
        out.extend(spread(units, constraints)?);
    }
    Ok(out)
}

/// The place of each unit in the order that is asked for.
fn asked_for(units: &[Unit], before: &[BTreeSet<usize>], total: usize, spec: &Waves) -> Vec<usize> {
    let mut places: Vec<Option<usize>> = vec![None; units.len()];
    let mut place = 0;
    let last = |unit: &Unit| !unit.is_disjoint(&spec.last);
    for canary in &spec.canary {
        place += ROOM;
        let mut left = match canary {
            Canary::Count(n) => *n,
            Canary::Hosts(_) => usize::MAX,
        };
        for ((unit, at), before) in units.iter().zip(&mut places).zip(before) {
            let named = match canary {
                // One that must wait for others is no canary.
                Canary::Count(_) => !last(unit) && before.is_empty(),
                Canary::Hosts(names) => !unit.is_disjoint(names),
            };
            if left > 0 && at.is_none() && named {
                *at = Some(place);
                left = left.saturating_sub(unit.len());
            }
        }
    }
    for names in &spec.order {
        place += ROOM;
        for (unit, at) in units.iter().zip(&mut places) {
            if at.is_none() && names.iter().any(|n| unit.contains(n)) {
                *at = Some(place);
            }
        }
    }
    place += ROOM;
    if let Some(percent) = spec.percent {
        let size = (total * percent as usize).div_ceil(100).max(1);
        let mut left = size;
        for (unit, at) in units.iter().zip(&mut places).filter(|(u, at)| at.is_none() && !last(u)) {
            if left == 0 {
                (place, left) = (place + ROOM, size);
            }
            *at = Some(place);
            left = left.saturating_sub(unit.len());
        }
    } else {
        let sites: BTreeSet<&String> = spec.by.values().collect();
        for site in sites {
            for (unit, at) in units.iter().zip(&mut places).filter(|(u, at)| at.is_none() && !last(u)) {
                if unit.iter().any(|h| spec.by.get(h) == Some(site)) {
                    *at = Some(place);
                }
            }
            place += ROOM;
        }
    }
    let rest = place + ROOM;
    let place_of =
        |(unit, at): (&Unit, Option<usize>)| at.unwrap_or(rest + if last(unit) { ROOM } else { 0 });
    units.iter().zip(places).map(place_of).collect()
}

/// By unit, those that are reached through it and so come before it.
fn before(units: &[Unit], paths: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<usize>> {
    let of: BTreeMap<&str, usize> =
        units.iter().enumerate().flat_map(|(at, unit)| unit.iter().map(move |h| (h.as_str(), at))).collect();
    let mut before: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); units.len()];
    for (host, through) in paths {
        let Some(host) = of.get(host.as_str()) else { continue };
        for through in through.iter().filter_map(|h| of.get(h.as_str())).filter(|t| *t != host) {
            before[*through].insert(*host);
        }
    }
    before
}

/// Moves what others are reached through behind them.
fn keep_paths(units: &[Unit], places: &mut [usize], before: &[BTreeSet<usize>]) -> Result<(), NoOrder> {
    let mut done = vec![false; units.len()];
    for _ in 0..units.len() {
        let ready = (0..units.len()).find(|at| !done[*at] && before[*at].iter().all(|b| done[*b]));
        let Some(at) = ready else {
            let stuck = units.iter().zip(&done).filter(|(_, done)| !**done);
            return Err(NoOrder::Circle(stuck.flat_map(|(unit, _)| unit.iter().cloned()).collect()));
        };
        let behind = before[at].iter().map(|b| places[*b] + 1).max().unwrap_or(0);
        places[at] = places[at].max(behind);
        done[at] = true;
    }
    Ok(())
}

/// Splits a wave so that no service loses more hosts at once than it may.
fn spread(units: &[&Unit], constraints: &Constraints) -> Result<Vec<Vec<String>>, NoOrder> {
    let mut waves: Vec<BTreeSet<String>> = Vec::new();
    let fits = |hosts: &BTreeSet<String>| {
        constraints.max_unavailable.iter().find(|(service, allowed)| {
            let changing = hosts.intersection(service).count();
            let down = constraints.down.intersection(service).filter(|h| !hosts.contains(*h)).count();
            changing > 0 && changing + down > *allowed
        })
    };
    for unit in units {
        if let Some((service, allowed)) = fits(unit) {
            return Err(NoOrder::TooMany {
                together: (*unit).clone(),
                allowed: *allowed,
                down: constraints.down.intersection(service).cloned().collect(),
            });
        }
        let joined = |wave: &BTreeSet<String>| wave.union(unit).cloned().collect::<BTreeSet<String>>();
        match waves.iter_mut().find(|wave| fits(&joined(wave)).is_none()) {
            Some(wave) => wave.extend(unit.iter().cloned()),
            None => waves.push((*unit).clone()),
        }
    }
    Ok(waves.into_iter().map(|wave| wave.into_iter().collect()).collect())
}

#[cfg(test)]
mod tests;
