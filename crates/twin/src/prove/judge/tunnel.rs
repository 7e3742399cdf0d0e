//! Does a tunnel carry packets, and would it come up anew?

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::hop::{End, dump};
use super::super::probe::{ping, udp};
use super::super::verdict::{BrokenHop, Outcome};
use derive::fleet::{TunnelLink, WgInterface, WgPeer};
use model::HostId;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A session older than this is dead (REJECT_AFTER_TIME of the WireGuard paper, section 6.1).
const DEAD_AFTER: u64 = 180;
/// How long one round waits for an echo.
const ECHO: Duration = Duration::from_millis(800);

/// One end as the fleet has it.
struct Side<'a> {
    host: &'a HostId,
    interface: &'a WgInterface,
    peer: &'a WgPeer,
    /// Addresses of the other end inside.
    far: &'a [IpAddr],
}

pub(super) fn carries(ctx: &ProveContext<'_>, link: usize) -> Outcome {
    let Some(link) = ctx.fleet.links.get(link) else { return Outcome::unjudged("no such tunnel") };
    let (Some(a), Some(b)) = (side(ctx, link, 0), side(ctx, link, 1)) else {
        return Outcome::unjudged("an end of the tunnel is not on its host");
    };
    match across(ctx, &a, &b) {
        Ok(seen) => Outcome::proved(seen),
        Err(outcome) => outcome,
    }
}

fn side<'a>(ctx: &ProveContext<'a>, link: &'a TunnelLink, n: usize) -> Option<Side<'a>> {
    let ((host, device), (other, _)) = (&link.ends[n], &link.ends[1 - n]);
    let interface = ctx.fleet.hosts.get(host)?.wireguard.iter().find(|w| w.name == *device)?;
    let peer = interface.peers.iter().find(|p| p.host == *other)?;
    Some(Side { host, interface, peer, far: &link.addresses[1 - n] })
}

fn across(ctx: &ProveContext<'_>, a: &Side<'_>, b: &Side<'_>) -> Result<String, Outcome> {
    // A new handshake first: it says what is wrong when nothing crosses.
    for (near, far) in [(a, b), (b, a)] {
        if let Some(endpoint) = near.peer.endpoint {
            admitted(ctx, near, far, endpoint)?;
        }
    }
    let mut echoes = Vec::new();
    for ip in a.far {
        let took = within(ctx.ground, a.host.as_str(), || ping::ping(*ip, ECHO)).and_then(|r| r);
        let took = took.map_err(|e| lost(ctx, a, b, &e))?;
        echoes.push(format!("{ip} in {:.1} ms", took.as_secs_f64() * 1000.0));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let mut ages = Vec::new();
    for side in [a, b] {
        let end = engine(ctx, side).map_err(|e| Outcome::refuted(side.host, command(side), e))?;
        let shaken = end.peer(&side.peer.public_key).map(|(_, at)| at);
        match shaken {
            Some(at) if at > 0 && now.saturating_sub(at) <= DEAD_AFTER => ages.push(now.saturating_sub(at)),
            Some(0) => return Err(Outcome::refuted(side.host, command(side), "no handshake yet")),
            Some(at) => {
                let seen = format!("the last handshake is {} s old", now.saturating_sub(at));
                return Err(Outcome::refuted(side.host, command(side), seen));
            }
            None => {
                let seen = format!("{} is no peer of {}", side.peer.host, side.interface.name);
                return Err(Outcome::refuted(side.host, command(side), seen));
            }
        }
    }
    let age = ages.into_iter().max().unwrap_or_default();
    Ok(format!("echo from {}; handshakes at most {age} s old", echoes.join(" and ")))
}

fn command(side: &Side<'_>) -> String {
    format!("wg show {} dump", side.interface.name)
}

fn engine(ctx: &ProveContext<'_>, side: &Side<'_>) -> Result<End, String> {
    let remote = ctx.ground.remote(side.host.as_str())?;
    dump(remote.as_ref(), &side.interface.name)
}

/// A datagram of a new flow gets past the filter of the end that listens: what keeps a tunnel of which a flow
/// is still open from coming up after a restart is seen here.
fn admitted(
    ctx: &ProveContext<'_>,
    near: &Side<'_>,
    far: &Side<'_>,
    endpoint: SocketAddr,
) -> Result<(), Outcome> {
    let limit = Duration::from_millis(300);
    let probe = format!("a datagram from {} to {endpoint}/udp", near.host);
    match udp::arrives(ctx.ground, near.host.as_str(), endpoint, far.host.as_str(), limit) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Outcome::Refuted {
            host: far.host.to_string(),
            probe,
            seen: format!("nothing gets past the filter of {}", far.host),
            hop: Some(Box::new(BrokenHop {
                what: format!("tunnel {}: way to {endpoint}/udp on {}", near.interface.tunnel, far.host),
                host: far.host.to_string(),
                place: far.interface.why.place.to_string(),
                evidence: "a new flow to the tunnel's port is dropped before it is delivered".to_owned(),
            })),
        }),
        Err(e) => Err(Outcome::unjudged(format!("{probe}: {e}"))),
    }
}

/// Why an echo may have been lost, from what both engines say.
fn lost(ctx: &ProveContext<'_>, a: &Side<'_>, b: &Side<'_>, seen: &str) -> Outcome {
    let mut evidence = Vec::new();
    for side in [a, b] {
        match engine(ctx, side) {
            Err(e) => evidence.push(format!("{}: {e}", side.host)),
            Ok(end) => match end.peer(&side.peer.public_key) {
                None => evidence.push(format!("{} has no such peer on {}", side.host, side.interface.name)),
                Some((_, 0)) => evidence.push(format!("{} has never shaken hands", side.host)),
                Some((allowed, _)) => {
                    let missing = side.far.iter().filter(|ip| !allowed.iter().any(|net| net.contains(*ip)));
                    evidence
                        .extend(missing.map(|ip| format!("AllowedIPs on {} do not contain {ip}", side.host)));
                }
            },
        }
    }
    let hop = (!evidence.is_empty()).then(|| {
        Box::new(BrokenHop {
            what: format!("tunnel {} from {} to {}", a.interface.tunnel, a.host, b.host),
            host: a.host.to_string(),
            place: a.peer.why.place.to_string(),
            evidence: evidence.join("; "),
        })
    });
    Outcome::Refuted { host: a.host.to_string(), probe: "ping".to_owned(), seen: seen.to_owned(), hop }
}
