//! A host that nothing could reach.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, host) in &facts.fleet.hosts {
        let lan = facts.site_of(host).is_some_and(|(_, site)| site.lan.is_some());
        let dangling = host.site.is_some() && facts.site_of(host).is_none();
        if !lan && !dangling && host.address.is_empty() && host.interfaces.is_empty() && host.uplink.is_none()
        {
            out.push(
                Diagnostic::error(
                    codes::HOST_WITHOUT_ADDRESS,
                    &host.place,
                    format!("host `{id}` has no address: no site with a LAN, no interface and no uplink"),
                )
                .help("write `site:`, or an `uplink:` or `interfaces:` of its own"),
            );
        }
    }
}
