//! Who holds which routes: in BIRD, and in the kernel where packets are forwarded.

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::question::{Ask, Question};
use super::super::verdict::Outcome;
use super::bird;
use crate::world;
use derive::fleet::{Bgp, Session, SessionKind};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::HostId;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

/// RTPROT_BIRD of linux/rtnetlink.h.
const BY_BIRD: u64 = 12;

/// Destinations in all of a node's tables that BIRD put there.
fn kernel(ctx: &ProveContext<'_>, node: &str) -> Result<BTreeSet<IpNet>, String> {
    let show = |family: &str| -> Result<Vec<u8>, String> {
        let args = ["-N", "-j", family, "route", "show", "table", "all", "proto", "12"];
        let output = Command::new("ip").args(args).output().map_err(|e| format!("ip route: {e}"))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(format!("ip route: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
    };
    let (v4, v6) = within(ctx.ground, node, || (show("-4"), show("-6")))?;
    let mut all = BTreeSet::new();
    for (text, any) in [(v4?, IpNet::V4(Ipv4Net::default())), (v6?, IpNet::V6(Ipv6Net::default()))] {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let list: Vec<serde_json::Value> =
            serde_json::from_slice(&text).map_err(|e| format!("ip route: {e}"))?;
        all.extend(list.iter().filter_map(|route| {
            if route["protocol"].as_str().is_some_and(|p| p != "bird" && p != BY_BIRD.to_string()) {
                return None;
            }
            match route["dst"].as_str()? {
                "default" => Some(any),
                dst => {
                    dst.parse().ok().or_else(|| dst.parse().ok().map(|ip: std::net::IpAddr| IpNet::from(ip)))
                }
            }
        }));
    }
    Ok(all)
}

fn say(list: impl IntoIterator<Item = IpNet>) -> String {
    let all: Vec<String> = list.into_iter().map(|p| p.to_string()).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn bgp<'a>(ctx: &ProveContext<'a>, host: &HostId) -> Option<&'a Bgp> {
    ctx.fleet.hosts.get(host)?.bgp.as_ref()
}

/// What a router of another network holds from sessions of ours.
pub(super) fn hears(ctx: &ProveContext<'_>, speaker: usize, group: &[&Question]) -> Vec<Outcome> {
    let Some(speaker) = ctx.world.speakers.get(speaker) else {
        return vec![Outcome::unjudged("no such router"); group.len()];
    };
    let forwards = match kernel(ctx, &speaker.name) {
        Ok(forwards) => forwards,
        Err(e) => return vec![Outcome::unjudged(e); group.len()],
    };
    let judge = |question: &&Question| {
        let Ask::Hears { host, session, .. } = &question.ask else {
            return Outcome::unjudged("not a session");
        };
        let Some((own, session)) = bgp(ctx, host).and_then(|b| Some((b, b.sessions.get(*session)?))) else {
            return Outcome::unjudged("no such session");
        };
        let protocol = world::speaker_protocol(host, &session.name);
        let argv = ["birdc", "-s", "/srv/bird/bird.ctl", "show", "route", "all", "protocol", &protocol];
        let probe = argv.join(" ");
        match ctx.ground.outside(&speaker.name, &argv, Duration::from_secs(5)) {
            Err(e) => Outcome::unjudged(e),
            Ok(output) if !output.ok() => Outcome::unjudged(format!("{probe}: {}", output.error_text())),
            Ok(output) => match heard(own, session, &bird::routes(&output.text()), &forwards) {
                Ok(seen) => Outcome::proved(seen),
                Err(seen) => Outcome::refuted(&speaker.name, probe, seen),
            },
        }
    };
    group.iter().map(judge).collect()
}

/// Exactly what the session sends, by our AS alone, and in the kernel.
fn heard(
    own: &Bgp,
    session: &Session,
    held: &BTreeMap<IpNet, Vec<bird::Route>>,
    kernel: &BTreeSet<IpNet>,
) -> Result<String, String> {
    let wanted: BTreeSet<IpNet> = session.sends.iter().map(|(p, _)| *p).collect();
    let got: BTreeSet<IpNet> = held.keys().copied().collect();
    let (missing, extra) = (wanted.difference(&got), got.difference(&wanted));
    let (missing, extra): (Vec<_>, Vec<_>) = (missing.copied().collect(), extra.copied().collect());
    if !missing.is_empty() || !extra.is_empty() {
        return Err(format!("missing: {}; not ours to send: {}", say(missing), say(extra)));
    }
    for (prefix, routes) in held {
        for route in routes {
            let private = |asn: &&String| {
                asn.parse::<u32>().is_ok_and(|n| (64512..=65534).contains(&n) || n >= 4_200_000_000)
            };
            if route.path.first().is_none_or(|asn| *asn != own.fleet_asn.to_string()) {
                return Err(format!(
                    "{prefix} comes by AS path {:?}, not by {}",
                    route.path.join(" "),
                    own.fleet_asn
                ));
            }
            if let Some(asn) = route.path.iter().find(private) {
                return Err(format!("{prefix} carries the private AS {asn}"));
            }
        }
    }
    let unforwarded: Vec<IpNet> = wanted.difference(kernel).copied().collect();
    if !unforwarded.is_empty() {
        return Err(format!("not in the kernel's table: {}", say(unforwarded)));
    }
    Ok(say(wanted))
}

/// What a host of ours holds from its sessions.
pub(super) fn held(ctx: &ProveContext<'_>, host: &HostId, group: &[&Question]) -> Vec<Outcome> {
    let forwards = match kernel(ctx, host.as_str()) {
        Ok(forwards) => forwards,
        Err(e) => return vec![Outcome::unjudged(e); group.len()],
    };
    let remote = match ctx.ground.remote(host.as_str()) {
        Ok(remote) => remote,
        Err(e) => return vec![Outcome::refuted(host, "birdc", e); group.len()],
    };
    let sessions = bgp(ctx, host).map(|b| b.sessions.as_slice()).unwrap_or_default();
    let judge = |question: &&Question| {
        let protocol = match &question.ask {
            Ask::Takes { session, .. } => sessions.get(*session),
            Ask::Holds { sender, session, .. } => {
                let theirs = bgp(ctx, sender).and_then(|b| b.sessions.get(*session));
                sessions.iter().find(|s| {
                    let with_sender = matches!(&s.kind, SessionKind::Internal { host, .. } if host == sender);
                    with_sender && theirs.is_some_and(|t| t.local == s.remote && t.remote == s.local)
                })
            }
            _ => None,
        };
        let Some(protocol) = protocol else { return Outcome::unjudged("the session has no other end") };
        let argv = ["birdc", "show", "route", "protocol", &protocol.name];
        let probe = argv.join(" ");
        let from = match remote.run(&argv, b"", Duration::from_secs(5)) {
            Err(e) => return Outcome::refuted(host, probe, e.to_string()),
            Ok(output) if !output.ok() => return Outcome::refuted(host, probe, output.error_text()),
            Ok(output) => bird::routes(&output.text()).into_keys().collect::<BTreeSet<_>>(),
        };
        let judged = match &question.ask {
            Ask::Takes { speaker, session, .. } => {
                takes(ctx, *speaker, sessions.get(*session), &from, &forwards)
            }
            Ask::Holds { sender, session, .. } => {
                let theirs = bgp(ctx, sender).and_then(|b| b.sessions.get(*session));
                holds(theirs, &from, &forwards)
            }
            _ => Err("not a route question".to_owned()),
        };
        match judged {
            Ok(seen) => Outcome::proved(seen),
            Err(seen) => Outcome::refuted(host, probe, seen),
        }
    };
    group.iter().map(judge).collect()
}

fn takes(
    ctx: &ProveContext<'_>,
    speaker: usize,
    session: Option<&Session>,
    from: &BTreeSet<IpNet>,
    kernel: &BTreeSet<IpNet>,
) -> Result<String, String> {
    let (Some(speaker), Some(session)) = (ctx.world.speakers.get(speaker), session) else {
        return Err("no such session".to_owned());
    };
    let ours = |p: &IpNet| p.addr().is_ipv4() == session.remote.is_ipv4();
    let announced = || speaker.announces.iter().filter(|r| ours(&r.prefix));
    let bad: Vec<String> = announced()
        .filter(|r| from.contains(&r.prefix))
        .filter_map(|r| r.refuse.as_ref().map(|why| format!("{} ({why})", r.prefix)))
        .collect();
    if !bad.is_empty() {
        return Err(format!("took {}", bad.join(", ")));
    }
    let good: BTreeSet<IpNet> = announced().filter(|r| r.refuse.is_none()).map(|r| r.prefix).collect();
    let missing: Vec<IpNet> = good.difference(from).copied().collect();
    if !missing.is_empty() {
        return Err(format!("did not take {}", say(missing)));
    }
    let unforwarded: Vec<IpNet> = good.difference(kernel).copied().collect();
    if !unforwarded.is_empty() {
        return Err(format!("took, but not into the kernel: {}", say(unforwarded)));
    }
    let refused = announced().filter(|r| r.refuse.is_some()).count();
    Ok(format!("took {}; refused {refused}", say(good)))
}

fn holds(
    theirs: Option<&Session>,
    from: &BTreeSet<IpNet>,
    kernel: &BTreeSet<IpNet>,
) -> Result<String, String> {
    let theirs = theirs.ok_or_else(|| "no such session".to_owned())?;
    let mut wanted: BTreeSet<IpNet> = theirs.sends.iter().map(|(p, _)| *p).collect();
    if theirs.sends_default {
        wanted.insert(if theirs.local.is_ipv4() {
            IpNet::V4(Ipv4Net::default())
        } else {
            IpNet::V6(Ipv6Net::default())
        });
    }
    let missing: Vec<IpNet> = wanted.difference(from).copied().collect();
    if !missing.is_empty() {
        return Err(format!("did not get {}", say(missing)));
    }
    let unforwarded: Vec<IpNet> = wanted.difference(kernel).copied().collect();
    if !unforwarded.is_empty() {
        return Err(format!("got, but not into the kernel: {}", say(unforwarded)));
    }
    Ok(say(wanted))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use artifact::Why;
    use diag::Place;

    fn own() -> Bgp {
        Bgp {
            asn: 65010,
            fleet_asn: 64500,
            router_id: std::net::Ipv4Addr::new(10, 0, 0, 1),
            originate: Vec::new(),
            fleet_prefixes: Vec::new(),
            own_space: Vec::new(),
            sessions: Vec::new(),
            rpki: Vec::new(),
            never: Vec::new(),
            default_table: None,
            reject_invalid: false,
            place: Place::builtin("test"),
        }
    }

    fn sends(prefix: &str) -> Session {
        Session {
            name: "t".to_owned(),
            kind: SessionKind::Internal { host: HostId::new("x"), tunnel: None },
            local: "2001:db8::1".parse().unwrap(),
            remote: "2001:db8::2".parse().unwrap(),
            remote_asn: 1,
            interface: None,
            multihop: None,
            password: None,
            limit: None,
            sends: vec![(prefix.parse().unwrap(), Why::new(&Place::builtin("test"), "test"))],
            sends_default: false,
            prepend: 0,
            preference: 100,
            communities: Vec::new(),
            bfd: false,
            reflect: false,
            place: Place::builtin("test"),
        }
    }

    #[test]
    fn leaks_private_paths_and_unforwarded_routes_are_told() {
        let session = sends("2001:db8:50::/44");
        let p: IpNet = "2001:db8:50::/44".parse().unwrap();
        let route = |path: &[&str]| {
            vec![bird::Route {
                path: path.iter().map(|s| (*s).to_owned()).collect(),
                ..bird::Route::default()
            }]
        };
        let kernel = BTreeSet::from([p]);
        let good = BTreeMap::from([(p, route(&["64500"]))]);
        assert!(heard(&own(), &session, &good, &kernel).is_ok());
        let leak = BTreeMap::from([
            (p, route(&["64500"])),
            ("2001:db8:51::/48".parse().unwrap(), route(&["64500"])),
        ]);
        assert!(
            heard(&own(), &session, &leak, &kernel)
                .unwrap_err()
                .contains("not ours to send: 2001:db8:51::/48")
        );
        let private = BTreeMap::from([(p, route(&["64500", "65010"]))]);
        assert!(heard(&own(), &session, &private, &kernel).unwrap_err().contains("private AS 65010"));
        assert!(heard(&own(), &session, &good, &BTreeSet::new()).unwrap_err().contains("kernel"));
        assert!(
            heard(&own(), &session, &BTreeMap::new(), &kernel)
                .unwrap_err()
                .contains("missing: 2001:db8:50::/44")
        );
    }
}
