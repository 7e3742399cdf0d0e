//! BGP in a fleet that has no AS number.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Carries;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    if facts.fleet.bgp.is_some() {
        return;
    }
    let help = "write `bgp: {asn: …}` in fleet.yaml";
    for (id, host) in &facts.fleet.hosts {
        if let Some(bgp) = &host.bgp {
            let message = format!("host `{id}` speaks BGP, but the fleet has no AS number");
            out.push(Diagnostic::error(codes::BGP_WITHOUT_ASN, &bgp.place, message).help(help));
        }
    }
    for ends in &facts.tunnels {
        if let Some(carries) = ends.tunnel.carries.iter().find(|c| c.value == Carries::Bgp) {
            let message = format!("tunnel `{}` carries BGP, but the fleet has no AS number", ends.id);
            out.push(Diagnostic::error(codes::BGP_WITHOUT_ASN, &carries.place, message).help(help));
        }
    }
}
