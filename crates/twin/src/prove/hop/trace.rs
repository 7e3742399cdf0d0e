//! Watching one attempt on its way through the world.

use super::super::context::ProveContext;
use super::super::ground::within;
use super::super::probe::sniff::{Flag, Sniffers};
use super::super::probe::{sockets, tcp};
use super::diagnose::Observed;
use super::wg;
use derive::fleet::{Exposure, HopKind};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// How long an attempt is watched: a SYN, its repeat after a second, and the way back.
const WATCHED: Duration = Duration::from_millis(1_300);

/// Makes one attempt from a node and gathers where its packets are seen. What cannot be observed is missing.
pub(crate) fn observe(ctx: &ProveContext<'_>, exposure: &Exposure, from: &str, to: SocketAddr) -> Observed {
    let mut observed = Observed::default();
    let mut nodes: BTreeSet<&str> = BTreeSet::from([from]);
    for entry in &exposure.entries {
        nodes.insert(entry.edge.as_str());
        for hop in &entry.hops {
            nodes.insert(hop.host.as_str());
            if let HopKind::Tunnel(_, far) = &hop.what {
                nodes.insert(far.as_str());
            }
        }
    }
    let Ok(sniffers) = Sniffers::start(ctx.ground, nodes.iter().copied()) else { return observed };
    let own = within(ctx.ground, from, || tcp::attempt(to, WATCHED));
    // What a packet socket was given last is read within its next round.
    std::thread::sleep(Duration::from_millis(60));
    let seen = sniffers.seen();
    if let Ok(Some(own)) = own {
        let first = seen.iter().find(|p| p.node == from && p.out && p.flag == Flag::Syn && p.from == own);
        if let Some(isn) = first.map(|p| p.isn) {
            observed.packets = seen.into_iter().filter(|p| p.isn == isn).collect();
        }
    }
    let mut asked = BTreeSet::new();
    for hop in exposure.entries.iter().flat_map(|e| &e.hops) {
        match &hop.what {
            HopKind::Tunnel(tunnel, _) => {
                let ends = ctx.fleet.links.iter().filter(|l| l.tunnel == *tunnel).flat_map(|l| &l.ends);
                for (host, device) in ends {
                    if !nodes.contains(host.as_str()) || !asked.insert((host, device)) {
                        continue;
                    }
                    if let Ok(remote) = ctx.ground.remote(host.as_str())
                        && let Ok(end) = wg::dump(remote.as_ref(), device)
                    {
                        observed.ends.push(end);
                    }
                }
            }
            HopKind::Listen(..) => {
                let all = within(ctx.ground, hop.host.as_str(), sockets::tcp).unwrap_or_default();
                let listening = all.into_iter().filter(|t| t.listening).map(|t| t.local).collect();
                observed.listening.insert(hop.host.to_string(), listening);
            }
            _ => {}
        }
    }
    observed
}
