//! An RPKI-to-router server that is neither an address with a port nor a service.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Provides;
use std::net::SocketAddr;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let servers = facts.fleet.bgp.iter().flat_map(|b| &b.rpki).flat_map(|r| &r.servers);
    for server in servers {
        let error = |message| Diagnostic::error(codes::BAD_RPKI_SERVER, &server.place, message);
        if server.contains(':') {
            if server.parse::<SocketAddr>().is_err() {
                out.push(
                    error(format!("`{}` is no address with a port", server.value))
                        .help("for example `192.0.2.1:323` or `[2001:db8::1]:323`"),
                );
            }
        } else if let Some(svc) = facts.service(server)
            && svc.module.is_some()
            && !svc.provides(Provides::Rpki)
        {
            out.push(
                error(format!("service `{}` serves no ROAs: its module does not provide `rpki`", svc.name))
                    .label(&svc.service.module.place, "its module"),
            );
        }
    }
}
