//! Do names resolve to exactly their addresses, and back?

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::probe::dns::{Reply, Type, ask, reverse};
use super::super::verdict::Outcome;
use derive::fleet::Name;
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const LIMIT: Duration = Duration::from_millis(1_500);

/// What must come of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Addresses(Vec<IpAddr>),
    Names(Vec<String>),
}

fn forward(names: &[Name]) -> BTreeMap<(String, Type), Wanted> {
    let mut merged: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    for name in names {
        merged.entry(name.name.to_ascii_lowercase()).or_default().extend(&name.addresses);
    }
    let mut all = BTreeMap::new();
    for (name, addresses) in merged {
        for kind in [Type::A, Type::Aaaa] {
            let of_kind =
                addresses.iter().copied().filter(|ip| ip.is_ipv6() == (kind == Type::Aaaa)).collect();
            all.insert((name.clone(), kind), Wanted::Addresses(of_kind));
        }
    }
    all
}

fn backward(names: &[Name]) -> BTreeMap<(String, Type), Wanted> {
    let mut all: BTreeMap<(String, Type), BTreeSet<String>> = BTreeMap::new();
    for name in names.iter().filter(|n| n.reverse) {
        for ip in &name.addresses {
            all.entry((reverse(*ip), Type::Ptr)).or_default().insert(name.name.to_ascii_lowercase());
        }
    }
    all.into_iter().map(|(key, names)| (key, Wanted::Names(names.into_iter().collect()))).collect()
}

pub(super) fn on_host(ctx: &ProveContext<'_>, id: &HostId) -> Outcome {
    let mut wanted = forward(&ctx.fleet.names);
    wanted.extend(backward(&ctx.fleet.names));
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    judge(ctx, id.as_str(), server, &wanted)
}

pub(super) fn public(ctx: &ProveContext<'_>, client: usize) -> Outcome {
    let (Some(client), Some(resolver)) = (ctx.world.clients.get(client), ctx.world.resolvers.first()) else {
        return Outcome::unjudged("there is no client or no public resolver");
    };
    judge(ctx, &client.name, SocketAddr::new(*resolver, 53), &forward(&ctx.fleet.public_names))
}

fn judge(
    ctx: &ProveContext<'_>,
    node: &str,
    server: SocketAddr,
    wanted: &BTreeMap<(String, Type), Wanted>,
) -> Outcome {
    let questions: Vec<(String, Type)> = wanted.keys().cloned().collect();
    let probe = format!("DNS at {server}");
    let replies = match within(ctx.ground, node, || ask(server, &questions, LIMIT)) {
        Ok(Ok(replies)) => replies,
        Ok(Err(e)) => return Outcome::refuted(node, probe, e.to_string()),
        Err(e) => return Outcome::unjudged(e),
    };
    let mut wrong = Vec::new();
    for (((name, kind), wanted), reply) in wanted.iter().zip(&replies) {
        if let Some(fault) = fault(wanted, reply.as_ref()) {
            wrong.push(format!("{name} {kind:?}: {fault}"));
        }
    }
    match wrong.as_slice() {
        [] => Outcome::proved(format!("{} answers as they should be", questions.len())),
        [first] => Outcome::refuted(node, probe, first.clone()),
        [first, rest @ ..] => Outcome::refuted(node, probe, format!("{first}; and {} more", rest.len())),
    }
}

fn fault(wanted: &Wanted, reply: Option<&Reply>) -> Option<String> {
    let Some(reply) = reply else { return Some("no answer".to_owned()) };
    let list = |all: Vec<String>| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
    let (is, should): (Vec<String>, Vec<String>) = match wanted {
        Wanted::Addresses(ips) => (
            reply.addresses.iter().map(ToString::to_string).collect(),
            ips.iter().map(ToString::to_string).collect(),
        ),
        Wanted::Names(names) => (reply.names.clone(), names.clone()),
    };
    if is == should {
        None
    } else if reply.code != 0 && is.is_empty() {
        Some(format!("error {} instead of {}", reply.code, list(should)))
    } else {
        Some(format!("{} instead of {}", list(is), list(should)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_is_right_when_it_is_exact() {
        let ip = |t: &str| t.parse::<IpAddr>().unwrap();
        let wanted = Wanted::Addresses(vec![ip("192.0.2.1")]);
        let reply =
            |list: &[&str]| Reply { addresses: list.iter().map(|t| ip(t)).collect(), ..Reply::default() };
        assert_eq!(fault(&wanted, Some(&reply(&["192.0.2.1"]))), None);
        assert!(fault(&wanted, Some(&reply(&["192.0.2.1", "192.0.2.2"]))).is_some());
        assert!(fault(&wanted, Some(&reply(&[]))).unwrap().contains("nothing instead of 192.0.2.1"));
        assert_eq!(fault(&wanted, None).unwrap(), "no answer");
        let none = Wanted::Addresses(Vec::new());
        assert_eq!(fault(&none, Some(&Reply { code: 3, ..Reply::default() })), None);
    }
}
