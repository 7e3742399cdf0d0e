//! What came of a question.

use super::question::{Kind, Question};
use serde::{Deserialize, Serialize};

/// A question with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The question's id, `tunnel/kyiv-wroclaw`.
    pub id: String,
    /// Its kind.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// The question in words.
    pub text: String,
    /// The source line that makes it a question.
    pub place: String,
    /// What was found.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Milliseconds until it was known.
    pub took_ms: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Proved {
        /// What was seen.
        seen: String,
    },
    /// It does not hold.
    Refuted {
        /// Where it was asked.
        host: String,
        /// The command or probe.
        probe: String,
        /// What was seen.
        seen: String,
        /// The hop that breaks it, when the way is made of hops.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hop: Option<Box<BrokenHop>>,
    },
    /// Nobody can tell.
    Unjudged {
        /// Why not.
        why: String,
    },
}

/// Where a way in or back is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenHop {
    /// The hop in words, `tunnel kyiv-wroclaw`.
    pub what: String,
    /// The host it is at.
    pub host: String,
    /// The source line that decides it.
    pub place: String,
    /// What shows that it is this one.
    pub evidence: String,
}

impl Outcome {
    /// It holds.
    pub(crate) fn proved(seen: impl Into<String>) -> Self {
        Outcome::Proved { seen: seen.into() }
    }
    /// It does not hold.
    pub(crate) fn refuted(host: impl ToString, probe: impl Into<String>, seen: impl Into<String>) -> Self {
        Outcome::Refuted { host: host.to_string(), probe: probe.into(), seen: seen.into(), hop: None }
    }
    /// Nobody can tell.
    pub(crate) fn unjudged(why: impl Into<String>) -> Self {
        Outcome::Unjudged { why: why.into() }
    }
    /// True when it holds.
    pub fn is_proved(&self) -> bool {
        matches!(self, Outcome::Proved { .. })
    }
}

impl Verdict {
    /// An answer to a question.
    pub(crate) fn of(question: &Question, outcome: Outcome, took: std::time::Duration) -> Self {
        Verdict {
            id: question.id.clone(),
            kind: question.kind,
            subject: question.subject.clone(),
            text: question.text.clone(),
            place: question.place.to_string(),
            outcome,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// True when every verdict is "proved"; an empty list proves nothing.
pub fn all_proved(verdicts: &[Verdict]) -> bool {
    !verdicts.is_empty() && verdicts.iter().all(|v| v.outcome.is_proved())
}
