//! A certificate that nobody could issue, or a password without one.

use crate::codes;
use crate::facts::{Facts, Way};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{Audience, Auth, CertificateKind};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    // With the provider's token names are proved by a DNS record, and need not be on the internet.
    let by_dns = facts.fleet.dns.as_ref().is_some_and(|d| d.token.is_some());
    for exposed in &facts.exposures {
        let Some(certificate) = &exposed.expose.certificate else { continue };
        let title = exposed.title(facts);
        let error = |message| Diagnostic::error(codes::CERTIFICATE, &certificate.place, message);
        match certificate.value {
            CertificateKind::Acme if exposed.expose.host.is_none() => out.push(
                error(format!("a public CA certifies names, and {title} has none"))
                    .help("write `host:`, or `certificate: internal`"),
            ),
            CertificateKind::Acme if exposed.audience != Audience::Internet && !by_dns => out.push(
                error(format!("a public CA cannot ask {title} from the internet"))
                    .help("write `certificate: internal`, or `dns: {token: secret/NAME}` in fleet.yaml"),
            ),
            CertificateKind::None if exposed.way != Way::Direct => {
                if let Some(Auth::Basic(_) | Auth::Sso | Auth::OneFactor | Auth::TwoFactor) = &exposed.auth {
                    out.push(
                        error(format!("people would sign in to {title} in clear text"))
                            .help("leave `certificate: none` out"),
                    );
                }
            }
            CertificateKind::Acme | CertificateKind::Internal | CertificateKind::None => {}
        }
    }
}
