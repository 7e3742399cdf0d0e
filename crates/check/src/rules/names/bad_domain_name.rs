//! A name that DNS cannot hold, or that needs a domain the fleet does not have.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let domain = fleet.domain.as_ref();
    if let Some(domain) = domain
        && let Some(fault) = fault(domain)
    {
        let message = format!("`{}` is no domain name: {fault}", domain.value);
        out.push(Diagnostic::error(codes::BAD_DOMAIN_NAME, &domain.place, message));
    }
    for exposed in &facts.exposures {
        let Some(host) = &exposed.expose.host else { continue };
        let error = |message| Diagnostic::error(codes::BAD_DOMAIN_NAME, &host.place, message);
        if let Some(fault) = fault(host) {
            out.push(error(format!("`{}` is no host name: {fault}", host.value)));
        } else if !host.contains('.') && domain.is_none() {
            out.push(
                error(format!("`{}` has no dot, and the fleet has no domain to put it under", host.value))
                    .help("write `domain: …` in fleet.yaml, or the full name here"),
            );
        }
    }
}

/// Why a text is no host name (RFC 1123; `_` is not allowed, a leading `*.` is).
fn fault(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if rest.is_empty() || rest.len() > 253 {
        return Some("a name has 1 to 253 characters");
    }
    rest.split('.').find_map(|label| {
        if label.is_empty() {
            Some("between two dots there is at least one character, and none at the end")
        } else if label.len() > 63 {
            Some("between two dots there are at most 63 characters")
        } else if !label.chars().all(ok) {
            Some("only a-z, 0-9, - and dots")
        } else if label.starts_with('-') || label.ends_with('-') {
            Some("a part starts and ends with a letter or digit")
        } else {
            None
        }
    })
}
