//! AllowedIPs written by hand for a host that is no end of the tunnel.

use crate::codes;
use crate::facts::{Facts, Joined};
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in facts.tunnels.iter().filter(|e| e.joined != Joined::Unclear) {
        let Some(replaced) = &ends.tunnel.r#override else { continue };
        let hosts: Vec<&str> = ends.hosts().iter().map(|h| h.as_str()).collect();
        for (host, prefixes) in &replaced.allowed_ips {
            if hosts.contains(&host.as_str()) {
                continue;
            }
            let place = prefixes.first().map_or(&replaced.place, |p| &p.place);
            let diagnostic = Diagnostic::error(
                codes::OVERRIDE_NOT_AN_END,
                place,
                format!("`{host}` is no end of tunnel `{}`", ends.id),
            );
            out.push(match diag::nearest(host.as_str(), hosts.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("its ends: {}", hosts.join(", "))),
            });
        }
    }
}
