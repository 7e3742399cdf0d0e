//! Connection attempts, all at once, while somebody listens where it matters.

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::probe::listen::{Held, Listeners, banner};
use super::super::probe::tcp::{Answer, Dial, dial, file_limit};
use super::super::probe::udp;
use super::super::question::{Ask, Datagram, Expect, Kind, Knock, Question};
use super::super::verdict::{BrokenHop, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Files left for everything else that is going on.
const SPARE_FILES: usize = 512;

pub(super) fn all(ctx: &ProveContext<'_>, group: &[&Question]) -> Vec<Outcome> {
    let knocks = |q: &Question| match &q.ask {
        Ask::Knocks(knocks) => knocks.clone(),
        _ => Vec::new(),
    };
    let every: BTreeSet<Knock> = group.iter().flat_map(|q| knocks(q)).collect();
    let wanted = every.iter().filter_map(|k| k.listener.clone().map(|l| (l, k.to.port()))).collect();
    let listeners = Listeners::start(ctx.ground, &wanted);
    let answers = attempt(ctx, &every, &listeners);
    group
        .iter()
        .map(|q| {
            let outcome = judge(&knocks(q), &answers, &listeners);
            if q.kind == Kind::Uncaught { caught(ctx, q, outcome) } else { outcome }
        })
        .collect()
}

/// Names the translation that catches other people's connections.
fn caught(ctx: &ProveContext<'_>, question: &Question, mut outcome: Outcome) -> Outcome {
    let router = question.subject.rsplit('/').next().and_then(|r| ctx.fleet.hosts.get(r));
    let (Some(router), Outcome::Refuted { seen, hop, .. }) = (router, &mut outcome) else { return outcome };
    let rules = &router.firewall.dnat;
    // Who answers in their stead says which rule it is; a rule without an interface is it for certain.
    if let Some(rule) = rules.iter().find(|d| d.iif.is_none() || d.to.is_none())
        && seen.starts_with("accepted")
    {
        let bound = if rule.iif.is_none() { ", bound to no interface" } else { "" };
        *hop = Some(Box::new(BrokenHop {
            what: format!("DNAT on {} of port {} to {}{bound}", router.id, rule.port, rule.target),
            host: router.id.to_string(),
            place: rule.why.place.to_string(),
            evidence: seen.clone(),
        }));
    }
    outcome
}

type Answers = BTreeMap<Knock, Result<Answer, String>>;

/// Every attempt, each from its own node, at the same time as far as files allow.
fn attempt(ctx: &ProveContext<'_>, every: &BTreeSet<Knock>, listeners: &Listeners) -> Answers {
    let most = file_limit().saturating_sub(SPARE_FILES).max(64);
    let mut answers = Answers::new();
    let list: Vec<&Knock> = every.iter().collect();
    for part in list.chunks(most) {
        let mut nodes: BTreeMap<&str, Vec<&Knock>> = BTreeMap::new();
        for knock in part {
            nodes.entry(&knock.from).or_default().push(knock);
        }
        let silence = ctx.options.silence;
        let done = std::thread::scope(|scope| {
            let threads: Vec<_> = nodes
                .into_iter()
                .map(|(node, knocks)| {
                    let dials: Vec<Dial> =
                        knocks.iter().map(|k| Dial { to: k.to, banner: ours(k, listeners) }).collect();
                    let thread = scope.spawn(move || within(ctx.ground, node, || dial(&dials, silence)));
                    (knocks, thread)
                })
                .collect();
            let mut done = Vec::new();
            for (knocks, thread) in threads {
                let result = thread.join().unwrap_or_else(|_| Err("the attempts broke off".to_owned()));
                for (n, knock) in knocks.into_iter().enumerate() {
                    done.push((knock.clone(), result.as_ref().map(|a| a[n].clone()).map_err(Clone::clone)));
                }
            }
            done
        });
        answers.extend(done);
    }
    answers
}

fn ours(knock: &Knock, listeners: &Listeners) -> bool {
    knock.listener.as_ref().is_some_and(|l| listeners.on(l, knock.to.port()) == Held::Ours)
}

fn judge(knocks: &[Knock], answers: &Answers, listeners: &Listeners) -> Outcome {
    let (mut open, mut closed, mut silent) = (0, 0, 0);
    let mut wrong: Vec<(&Knock, String)> = Vec::new();
    for knock in knocks {
        if let Some(node) = &knock.listener
            && let Held::Nobody(why) = listeners.on(node, knock.to.port())
        {
            return Outcome::unjudged(why);
        }
        let answer = match answers.get(knock) {
            Some(Ok(answer)) => answer,
            Some(Err(e)) => return Outcome::unjudged(e.clone()),
            None => return Outcome::unjudged("an attempt was not made"),
        };
        match (knock.expect, answer) {
            (Expect::Open, Answer::Open(line)) => {
                let expected = knock.listener.as_deref().filter(|_| ours(knock, listeners)).map(banner);
                if expected.is_none() || expected == *line {
                    open += 1;
                } else {
                    let node = knock.listener.as_deref().unwrap_or_default();
                    let by = line.as_deref().map(|l| format!(" ({l})")).unwrap_or_default();
                    wrong.push((knock, format!("accepted by somebody else than the listener in {node}{by}")));
                }
            }
            (Expect::Closed, Answer::Open(line)) => {
                let by = line.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
                wrong.push((knock, format!("accepted{by}; it should not be")));
            }
            (Expect::Open, other) => wrong.push((knock, other.say())),
            (Expect::Closed, Answer::Silent) => silent += 1,
            (Expect::Closed, Answer::Refused | Answer::Rejected(_)) => closed += 1,
        }
    }
    if let Some((knock, seen)) = wrong.first() {
        let more = match wrong.len() {
            1 => String::new(),
            n => format!("; {} more of {} attempts are wrong", n - 1, knocks.len()),
        };
        return Outcome::refuted(&knock.from, format!("connect to {}", knock.to), format!("{seen}{more}"));
    }
    let mut seen = Vec::new();
    for (n, word) in [(open, "open"), (closed, "rejected"), (silent, "without answer")] {
        if n > 0 {
            seen.push(format!("{n} {word}"));
        }
    }
    Outcome::proved(seen.join(", "))
}

pub(super) fn datagram(ctx: &ProveContext<'_>, ask: &Datagram) -> Outcome {
    let probe = format!("a datagram to {}/udp", ask.to);
    let open = ask.expect == Expect::Open;
    let limit = if open { Duration::from_millis(400) } else { ctx.options.silence };
    match udp::arrives(ctx.ground, &ask.from, ask.to, &ask.at, limit) {
        Ok(true) if open => Outcome::proved(format!("delivered on {}", ask.at)),
        Ok(false) if !open => Outcome::proved("not delivered"),
        Ok(true) => Outcome::refuted(&ask.from, probe, format!("delivered on {}", ask.at)),
        Ok(false) => {
            Outcome::refuted(&ask.from, probe, format!("nothing gets past the filter of {}", ask.at))
        }
        Err(e) => Outcome::unjudged(e),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn knock(expect: Expect) -> Knock {
        Knock { from: "a".to_owned(), to: "192.0.2.1:80".parse().unwrap(), listener: None, expect }
    }

    fn outcome(expect: Expect, answer: Answer) -> Outcome {
        let listeners = Listeners::start(&Nowhere, &BTreeSet::new());
        let answers = Answers::from([(knock(expect), Ok(answer))]);
        judge(&[knock(expect)], &answers, &listeners)
    }

    struct Nowhere;
    impl super::super::super::ground::Ground for Nowhere {
        fn remote(&self, _: &str) -> Result<Box<dyn remote::Remote + '_>, String> {
            Err("nowhere".to_owned())
        }
        fn outside(&self, _: &str, _: &[&str], _: Duration) -> Result<remote::Output, String> {
            Err("nowhere".to_owned())
        }
        fn enter(&self, _: &str) -> Result<(), String> {
            Err("nowhere".to_owned())
        }
    }

    #[test]
    fn what_comes_about_is_compared_with_what_must() {
        assert!(outcome(Expect::Open, Answer::Open(None)).is_proved());
        assert!(outcome(Expect::Closed, Answer::Refused).is_proved());
        assert!(outcome(Expect::Closed, Answer::Silent).is_proved());
        assert!(!outcome(Expect::Open, Answer::Silent).is_proved());
        assert!(!outcome(Expect::Closed, Answer::Open(None)).is_proved());
    }

    #[test]
    fn a_listener_that_cannot_be_had_leaves_it_unjudged() {
        let asked = Knock { listener: Some("gone".to_owned()), ..knock(Expect::Closed) };
        let listeners = Listeners::start(&Nowhere, &BTreeSet::from([("gone".to_owned(), 80)]));
        let answers = Answers::from([(asked.clone(), Ok(Answer::Silent))]);
        assert!(matches!(judge(&[asked], &answers, &listeners), Outcome::Unjudged { .. }));
    }
}
