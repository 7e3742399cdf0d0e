//! What was reported against what is.

use crate::facts::{Facts, difference};
use crate::kind::Kind;
use apply::HostOutcome;
use std::fmt;

/// What the controller said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is in the new state, by this generation.
    New(u64),
    /// It is in the old state.
    Old(String),
    /// It went back and says what is not as it was.
    NotWholly(String),
    /// Nobody knows.
    Unknown(String),
    /// The controller was killed before it could say.
    Nothing,
    /// The controller never ended.
    Hung,
}

impl Told {
    /// What an outcome says.
    pub fn of(outcome: &HostOutcome) -> Self {
        match outcome {
            HostOutcome::Unchanged { generation } | HostOutcome::Changed { generation, .. } => {
                Told::New(*generation)
            }
            HostOutcome::Undone { report, .. } if report.remaining.is_empty() => {
                Told::Old(outcome.to_string())
            }
            HostOutcome::Undone { .. } => Told::NotWholly(outcome.to_string()),
            HostOutcome::Failed { .. } | HostOutcome::Skipped { .. } => Told::Old(outcome.to_string()),
            HostOutcome::Unknown { .. } => Told::Unknown(outcome.to_string()),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::New(generation) => write!(f, "new, generation {generation}"),
            Told::Old(why) => write!(f, "old: {why}"),
            Told::NotWholly(why) | Told::Unknown(why) => f.write_str(why),
            Told::Nothing => f.write_str("nothing: the controller was killed"),
            Told::Hung => f.write_str("nothing: the controller hangs"),
        }
    }
}

/// What a machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is {
    /// As before.
    Old,
    /// As wanted.
    New,
    /// Neither; what differs from the one it is nearer to.
    Between(Vec<String>),
}

impl Is {
    /// Compares what was seen with both states.
    pub fn of(seen: &Facts, old: &Facts, new: &Facts) -> Self {
        if seen == new {
            return Is::New;
        }
        let (to_old, to_new) = (difference(seen, old, usize::MAX), difference(seen, new, usize::MAX));
        if to_old.is_empty() {
            return Is::Old;
        }
        let near_old = to_old.len() <= to_new.len();
        let mut near = if near_old { to_old } else { to_new };
        near.truncate(8);
        near.insert(0, format!("near the {} state", if near_old { "old" } else { "new" }));
        Is::Between(near)
    }
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The machine is neither in the old state nor in the new one.
    Between,
    /// A success was reported, and it is not in the new state.
    FalseSuccess,
    /// A failure was reported, and it is in the new state.
    FalseFailure,
    /// Something did not end within its limit.
    Hang,
    /// It was back later than deadline + 5 s.
    Late,
    /// Afterwards `status` said something else than what is.
    FalseStatus,
    /// A clean apply afterwards did not succeed.
    Stuck,
    /// An apply failed although nothing kept it from succeeding.
    Needless,
    /// Something that is not the fleet's was touched.
    Foreign,
    /// The harness itself could not do its part.
    Harness,
}

impl Wrong {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Wrong::Between => "between states",
            Wrong::FalseSuccess => "false success",
            Wrong::FalseFailure => "false failure",
            Wrong::Hang => "hang",
            Wrong::Late => "late",
            Wrong::FalseStatus => "false status",
            Wrong::Stuck => "stuck",
            Wrong::Needless => "needless failure",
            Wrong::Foreign => "foreign touched",
            Wrong::Harness => "harness",
        }
    }
}

/// Something that must never be, and what was seen.
pub type Violation = (Wrong, String);

/// Compares a report with what is. `done`: nothing more is going on on the machine.
pub fn judge(kind: Kind, told: &Told, is: &Is, done: bool) -> Option<Violation> {
    let lines = || match is {
        Is::Between(lines) => lines.join("; "),
        Is::Old => "it is in the old state".to_owned(),
        Is::New => "it is in the new state".to_owned(),
    };
    match (told, is) {
        (Told::Hung, _) => Some((Wrong::Hang, "the controller does not end".to_owned())),
        (Told::New(_), Is::New) | (Told::Old(_) | Told::NotWholly(_), Is::Old) => None,
        (Told::New(_), _) => Some((Wrong::FalseSuccess, lines())),
        (Told::Old(_) | Told::NotWholly(_), Is::New) => Some((Wrong::FalseFailure, lines())),
        (Told::NotWholly(_), Is::Between(_)) if kind.lasts() => None,
        (Told::Unknown(_) | Told::Nothing, Is::Between(_)) if !done => None,
        (Told::Unknown(_) | Told::Nothing, Is::Old | Is::New) => None,
        (Told::Old(_) | Told::NotWholly(_) | Told::Unknown(_) | Told::Nothing, Is::Between(_)) => {
            Some((Wrong::Between, lines()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counts() {
        let between = Is::Between(vec!["x".to_owned()]);
        let old = Told::Old(String::new());
        let wrong = |told: &Told, is: &Is, done| judge(Kind::PowerCut, told, is, done).map(|v| v.0);
        assert_eq!(wrong(&Told::New(1), &Is::New, true), None);
        assert_eq!(wrong(&Told::New(1), &Is::Old, true), Some(Wrong::FalseSuccess));
        assert_eq!(wrong(&Told::New(1), &between, true), Some(Wrong::FalseSuccess));
        assert_eq!(wrong(&old, &Is::New, true), Some(Wrong::FalseFailure));
        assert_eq!(wrong(&old, &between, true), Some(Wrong::Between));
        assert_eq!(wrong(&Told::Nothing, &between, false), None);
        assert_eq!(wrong(&Told::Nothing, &between, true), Some(Wrong::Between));
        assert_eq!(wrong(&Told::NotWholly(String::new()), &between, true), Some(Wrong::Between));
        assert_eq!(judge(Kind::ReadOnly, &Told::NotWholly(String::new()), &between, true), None);
    }

    #[test]
    fn the_nearer_state_is_named() {
        let facts = |text: &str| -> Facts {
            text.split(' ').filter_map(|f| f.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
        };
        let (old, new) = (facts("a=1 b=1 c=1"), facts("a=2 b=2 c=2"));
        assert_eq!(Is::of(&old, &old, &new), Is::Old);
        assert_eq!(Is::of(&new, &old, &new), Is::New);
        let Is::Between(lines) = Is::of(&facts("a=1 b=1 c=2"), &old, &new) else { unreachable!() };
        assert_eq!(lines, ["near the old state", "c: is 2, not 1"]);
    }
}
