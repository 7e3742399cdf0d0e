//! A tunnel that is not exactly one of a pair, a hub with spokes, and a mesh.

use crate::codes;
use crate::facts::{Facts, Joined};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        let (id, tunnel) = (ends.id, ends.tunnel);
        let error = |message| Diagnostic::error(codes::TUNNEL_SHAPE, &tunnel.place, message);
        let hub = tunnel.hub.is_some() || tunnel.spokes.is_some();
        let forms = [(!tunnel.between.is_empty(), "between"), (hub, "hub"), (tunnel.mesh.is_some(), "mesh")];
        let written: Vec<&str> = forms.iter().filter(|(there, _)| *there).map(|(_, word)| *word).collect();
        match written.as_slice() {
            [] => {
                out.push(
                    error(format!("tunnel `{id}` joins nobody"))
                        .help("write `between: [A, B]`, `hub:` and `spokes:`, or `mesh:`"),
                );
                continue;
            }
            [_] => {}
            several => {
                out.push(
                    error(format!("tunnel `{id}` has {}: it can be one of them", several.join(" and ")))
                        .help("make two tunnels of it"),
                );
                continue;
            }
        }
        if !tunnel.between.is_empty() && tunnel.between.len() != 2 {
            let place = tunnel.between.last().map_or(&tunnel.place, |e| &e.place);
            let message = format!("`between` has two ends, this one {}", tunnel.between.len());
            out.push(
                Diagnostic::error(codes::TUNNEL_SHAPE, place, message).help("for more hosts write `mesh:`"),
            );
        }
        if hub && tunnel.hub.is_none() {
            out.push(error(format!("tunnel `{id}` has spokes and no hub")));
        } else if hub && tunnel.spokes.is_none() {
            out.push(error(format!("tunnel `{id}` has a hub and no spokes")));
        }
        let set = tunnel.spokes.as_ref().or(tunnel.mesh.as_ref());
        let too_few = match &ends.joined {
            Joined::Hub(_, spokes) => spokes.is_empty(),
            Joined::Mesh(hosts) => hosts.len() < 2,
            Joined::Pair(..) | Joined::Unclear => false,
        };
        // Names that refer to nothing are reported as such.
        if let Some(set) = set
            && too_few
            && set.names.iter().all(|name| {
                facts.has(crate::facts::Kind::Group, name) || facts.has(crate::facts::Kind::Host, name)
            })
        {
            out.push(Diagnostic::error(
                codes::TUNNEL_SHAPE,
                &set.place,
                format!("tunnel `{id}` has too few ends: no host is meant here beside its other end"),
            ));
        }
    }
}
