//! AllowedIPs written by hand that stop what exposures send through a tunnel.

use super::way_through::{Passage, passages};
use crate::codes;
use crate::facts::{Facts, Kind};
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;
use model::{HostId, Sp};
use std::collections::BTreeSet;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let wants = |index: usize| {
        facts
            .tunnels
            .get(index)
            .and_then(|t| t.tunnel.r#override.as_ref())
            .is_some_and(|o| !o.allowed_ips.is_empty())
    };
    let mut said: BTreeSet<(usize, &HostId)> = BTreeSet::new();
    for passage in passages(facts, wants) {
        let Some(tunnel) = facts.tunnels.get(passage.tunnel) else { continue };
        let Some(replaced) = &tunnel.tunnel.r#override else { continue };
        // The inner end takes packets from any client; the outer one sends them to the target.
        let ends = [
            (passage.inner, clients(&passage), "clients"),
            (passage.outer, targets(facts, &passage), "the target"),
        ];
        for (end, needed, whose) in ends {
            let Some(allowed) = replaced.allowed_ips.get(end) else { continue };
            let Some(missing) = needed.into_iter().find(|n| !covered(*n, allowed)) else { continue };
            if !said.insert((passage.tunnel, end)) {
                continue;
            }
            let place = allowed.first().map_or(&replaced.place, |p| &p.place);
            let list: Vec<String> = allowed.iter().map(|p| p.value.to_string()).collect();
            out.about(
                Kind::Tunnel,
                tunnel.id.as_str(),
                Diagnostic::error(
                    codes::ALLOWED_IPS_NARROW,
                    place,
                    format!(
                        "{} breaks at tunnel `{}`: its end `{end}` passes {} only, not {missing} of {whose}",
                        passage.exposed.title(facts),
                        tunnel.id,
                        list.join(", ")
                    ),
                )
                .label(passage.exposed.place(), "the exposure")
                .help(format!("add {missing}, or leave the override out")),
            );
        }
    }
}

/// Where clients come from: anywhere, or the sources that are let in.
fn clients(passage: &Passage<'_, '_>) -> Vec<IpNet> {
    let from: Vec<IpNet> = passage.exposed.expose.from.iter().map(|p| p.value).collect();
    if !from.is_empty() {
        return from;
    }
    let any = |text: &str| text.parse::<IpNet>().ok();
    let v4 = passage.v4.then(|| any("0.0.0.0/0")).flatten();
    v4.into_iter().chain(passage.v6.then(|| any("::/0")).flatten()).collect()
}

/// Written addresses of the host that takes the requests, of the families that pass.
fn targets(facts: &Facts<'_>, passage: &Passage<'_, '_>) -> Vec<IpNet> {
    facts
        .addresses
        .iter()
        .filter(|a| a.host == passage.target && matches!(a.holder, crate::facts::Holder::Lan(_)))
        .filter(|a| if a.address.ip.is_ipv4() { passage.v4 } else { passage.v6 })
        .map(|a| IpNet::from(a.address.ip))
        .collect()
}

/// True when the prefixes hold all of it. Two halves make a whole (`0.0.0.0/1`, `128.0.0.0/1`).
fn covered(needed: IpNet, allowed: &[Sp<IpNet>]) -> bool {
    IpNet::aggregate(&allowed.iter().map(|p| p.value).collect()).iter().any(|a| a.contains(&needed))
}
