//! A client that nobody issues tokens to, or that people could not be sent back to.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let Some(auth) = &facts.fleet.auth else { return };
    for (name, client) in &auth.clients {
        let error = |place, message| Diagnostic::error(codes::OIDC_CLIENT, place, message);
        if auth.oidc.is_none() {
            let message = format!("nobody issues tokens to `{name}`: the fleet has no `oidc`");
            out.push(error(&client.place, message).help("write `auth: {oidc: SERVICE}`"));
        }
        if !client.callback.starts_with('/') {
            let message = format!("`{}` is no path people can be sent back to", client.callback);
            out.push(error(&client.place, message).help(format!("write `callback: /{}`", client.callback)));
        }
        if let Some(svc) = facts.service(client.service.as_str())
            && svc.service.expose.iter().all(|e| e.host.is_none())
        {
            out.push(
                error(
                    &client.service.place,
                    format!("people cannot be sent back to `{}`: it has no name", svc.name),
                )
                .label(&svc.service.place, "the service")
                .help("write `expose: NAME` in it"),
            );
        }
    }
}
