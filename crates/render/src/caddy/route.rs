//! What happens to a request: sign-in by path, then on to the service.

use crate::codes;
use crate::cx::Cx;
use crate::out::Out;
use artifact::{Text, Why};
use derive::fleet::{Exposure, Instance, InstanceHealth};
use diag::{Diagnostic, Place};
use engine::secret::bcrypt_of;
use model::{Auth, Label, Sp};
use std::net::SocketAddr;

/// Headers that say who somebody is; taken from clients' requests, set by the gate.
pub(super) const IDENTITY: [&str; 4] = ["Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"];

pub(super) fn render(
    cx: &Cx<'_>,
    exposure: &Exposure,
    served: Option<&Instance>,
    text: &mut Text,
    out: &mut Out<'_>,
) {
    // The longest path first: `/admin/api` before `/admin`.
    let mut paths: Vec<_> = exposure.paths.iter().collect();
    paths.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(b.0)));
    for (n, (path, rule)) in paths.iter().enumerate() {
        let why = Why::new(&rule.place, format!("rule for {path}"));
        let bare = path.trim_end_matches('/');
        let matched = if bare.is_empty() { "/*".to_owned() } else { format!("{bare} {bare}/*") };
        text.line(format!("\t\t@path{n} path {matched}\n\t\thandle @path{n} {{\n\t\t\troute {{"), &why);
        let auth = rule.auth.as_ref().map_or(&exposure.auth, |a| &a.value);
        sign_in(cx, exposure, auth, &rule.groups, &why, text, out);
        proxy(exposure, served, text);
        text.line("\t\t\t}\n\t\t}", &why);
    }
    let why = &exposure.why;
    text.line("\t\thandle {\n\t\t\troute {", why);
    sign_in(cx, exposure, &exposure.auth, &[], why, text, out);
    proxy(exposure, served, text);
    text.line("\t\t\t}\n\t\t}", why);
}

fn sign_in(
    cx: &Cx<'_>,
    exposure: &Exposure,
    auth: &Auth,
    groups: &[Sp<Label>],
    why: &Why,
    text: &mut Text,
    out: &mut Out<'_>,
) {
    match auth {
        Auth::None | Auth::Own => {
            if let Some(group) = groups.first() {
                out.say(
                    Diagnostic::error(
                        codes::GATE_MISSING,
                        &group.place,
                        "groups are asked for where nobody asks who a person is",
                    )
                    .label(&exposure.place, "the exposure")
                    .help("write `auth: sso` for this path, or take the groups away"),
                );
            }
        }
        Auth::Sso => gate(cx, exposure, groups, why, text, out),
        Auth::OneFactor | Auth::TwoFactor => {
            let strength = if *auth == Auth::TwoFactor { "two-factor" } else { "one-factor" };
            out.say(
                Diagnostic::note(
                    codes::GATE_STRENGTH,
                    &exposure.place,
                    format!("not supported yet: {strength} for {}", exposure.name.as_deref().unwrap_or("")),
                )
                .help("the gate asks as its own rules say; write the rule for this name there"),
            );
            gate(cx, exposure, groups, why, text, out);
        }
        Auth::Basic(secret) => {
            text.line("\t\t\t\tbasicauth {", why);
            let user = format!("\t\t\t\t\t{} ", exposure.service);
            text.secret_line(&user, &bcrypt_of(&secret.0), "", why);
            text.line("\t\t\t\t}", why);
        }
    }
}

fn gate(
    cx: &Cx<'_>,
    exposure: &Exposure,
    groups: &[Sp<Label>],
    why: &Why,
    text: &mut Text,
    out: &mut Out<'_>,
) {
    let Some((host, address, port)) = &exposure.gate else {
        out.say(
            Diagnostic::error(
                codes::GATE_MISSING,
                &exposure.place,
                "sign-in is wanted and the fleet has no gate",
            )
            .help("name the service that asks people in `auth: {gate: …}`"),
        );
        return;
    };
    let gate = cx
        .fleet
        .hosts
        .get(host)
        .and_then(|h| h.instances.iter().find(|i| i.provides.contains(&model::Provides::Gate)));
    let uri = match (gate.and_then(|g| g.params.get("forward-auth")), &cx.fleet.sign_in) {
        (Some(path), _) => path.clone(),
        (None, Some(name)) => format!("/api/verify?rd=https://{name}/"),
        (None, None) => "/api/verify".to_owned(),
    };
    text.line(format!("\t\t\t\tforward_auth {} {{", SocketAddr::new(*address, *port)), why);
    text.line(format!("\t\t\t\t\turi {uri}\n\t\t\t\t\tcopy_headers {}\n\t\t\t\t}}", IDENTITY.join(" ")), why);
    if !groups.is_empty() {
        let names: Vec<&str> = groups.iter().map(|g| g.value.as_str()).collect();
        let pattern = format!(r"`(^|[,;])\s*({})\s*([,;]|$)`", names.join("|"));
        text.line(format!("\t\t\t\t@stranger not header_regexp Remote-Groups {pattern}"), why);
        text.line("\t\t\t\trespond @stranger \"not for you\" 403", why);
    }
}

fn proxy(exposure: &Exposure, served: Option<&Instance>, text: &mut Text) {
    let why = &exposure.why;
    let tls = served.is_some_and(|i| {
        let port = exposure.backends.first().map(|(_, _, port)| *port);
        i.ports.values().any(|p| Some(p.number) == port && p.protocol == "https")
    });
    let scheme = if tls { "https://" } else { "" };
    let upstreams: Vec<String> = exposure
        .backends
        .iter()
        .map(|(_, ip, port)| format!("{scheme}{}", SocketAddr::new(*ip, *port)))
        .collect();
    if upstreams.is_empty() {
        text.line("\t\t\t\trespond \"no copy of this service runs\" 503", why);
        return;
    }
    let several = upstreams.len() > 1;
    let head = format!("\t\t\t\treverse_proxy {}", upstreams.join(" "));
    if !several && !tls {
        text.line(head, why);
        return;
    }
    text.line(head + " {", why);
    if several {
        text.line("\t\t\t\t\tlb_policy least_conn\n\t\t\t\t\tlb_try_duration 2s", why);
        text.line("\t\t\t\t\tfail_duration 10s", why);
        let served = served.map(|i| (&i.health, &i.place));
        if let Some((Some(InstanceHealth::Http(port, path)), place)) = served
            && exposure.backends.iter().all(|(_, _, p)| p == port)
        {
            let why = health_why(place, exposure);
            text.line(format!("\t\t\t\t\thealth_uri {path}\n\t\t\t\t\thealth_interval 5s"), &why);
            text.line("\t\t\t\t\thealth_timeout 2s", &why);
        }
    }
    if tls {
        // The service's own certificate is nobody's business but this proxy's; the path is inside the fleet.
        text.line("\t\t\t\t\ttransport http {\n\t\t\t\t\t\ttls_insecure_skip_verify\n\t\t\t\t\t}", why);
    }
    text.line("\t\t\t\t}", why);
}

fn health_why(place: &Place, exposure: &Exposure) -> Why {
    Why::new(place, format!("copies of {} that are not well get no requests", exposure.service))
}
