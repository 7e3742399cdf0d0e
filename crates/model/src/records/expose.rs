//! Exposures: how others reach a service.

use crate::{Label, SecretRef, SiteId, Sp, choice, record};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

choice! {
    /// From where an exposure can be used.
    pub enum Audience {
        /// Anyone on the internet.
        Internet = "internet",
        /// The LANs of our sites.
        Lan = "lan",
        /// Hosts of the fleet only.
        Fleet = "fleet",
    }
}

choice! {
    /// Who signs the certificate.
    pub enum CertificateKind {
        /// A public CA by ACME (RFC 8555).
        Acme = "acme",
        /// The fleet's own CA.
        Internal = "internal",
        /// No TLS.
        None = "none",
    }
}

record! {
    /// A name or port under which others reach a service.
    pub struct Expose = "host" {
        /// Name; under the fleet's domain when it has no dot.
        host: Option<Sp<String>>,
        /// Sign-in: `sso` (default for the internet when the fleet has a gate), `one-factor`, `two-factor`, `own` (the service asks itself), `none`, or `{basic: secret/NAME}`.
        auth: Option<Sp<Auth>>,
        /// Must be `yes` for a name on the internet without sign-in.
        public: Option<Sp<bool>>,
        /// The service's port by name, when it has several.
        port: Option<Sp<Label>>,
        /// From where: `internet` (default), `lan` or `fleet`.
        to: Option<Sp<Audience>>,
        /// `acme` (default for the internet), `internal` or `none`.
        certificate: Option<Sp<CertificateKind>>,
        /// Sites whose uplink it comes in by; derived when not written.
        entry: Vec<Sp<SiteId>>,
        /// Only these source prefixes are let in (a front proxy's ranges).
        from: Vec<Sp<IpNet>>,
        /// Other rules for some paths.
        paths: BTreeMap<PathKey, PathRule>,
        /// Limits on requests.
        limits: Option<Limits>,
        /// What derivation found, replaced by hand.
        r#override: Option<ExposeOverride>,
    }
}

/// Sign-in of an exposure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By the fleet's gate with its default strength.
    Sso,
    /// By the gate, one factor.
    OneFactor,
    /// By the gate, two factors.
    TwoFactor,
    /// The service asks itself.
    Own,
    /// Nobody asks.
    None,
    /// HTTP basic with a password from a secret.
    Basic(SecretRef),
}

record! {
    /// HTTP basic sign-in.
    pub struct BasicAuth {
        /// The secret that holds the password.
        basic: SecretRef,
    }
}

choice! {
    /// Sign-in in one word.
    pub enum AuthWord {
        /// By the fleet's gate with its default strength.
        Sso = "sso",
        /// By the gate, one factor.
        OneFactor = "one-factor",
        /// By the gate, two factors.
        TwoFactor = "two-factor",
        /// The service asks itself.
        Own = "own",
        /// Nobody asks.
        None = "none",
    }
}

impl crate::Decode for Auth {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        if let crate::NodeKind::Map(_) = node.kind {
            return BasicAuth::decode(node, cx).map(|b| Auth::Basic(b.basic));
        }
        AuthWord::decode(node, cx).map(|w| match w {
            AuthWord::Sso => Auth::Sso,
            AuthWord::OneFactor => Auth::OneFactor,
            AuthWord::TwoFactor => Auth::TwoFactor,
            AuthWord::Own => Auth::Own,
            AuthWord::None => Auth::None,
        })
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::OneOf(vec![AuthWord::shape(), BasicAuth::shape()])
    }
}

/// A URL path, starting with `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathKey(pub String);

impl crate::Decode for PathKey {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        crate::decode::scalar(node, cx, "a path, e.g. /admin", |t| {
            if t.starts_with('/') { Ok(PathKey(t.to_owned())) } else { Err("it starts with /".to_owned()) }
        })
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::Text { what: "a path, e.g. /admin", pattern: Some("^/"), bare: false }
    }
}

record! {
    /// A rule for one path of an exposure.
    pub struct PathRule {
        /// Sign-in there.
        auth: Option<Sp<Auth>>,
        /// Only members of these groups of the directory.
        groups: Vec<Sp<Label>>,
        /// Must be `yes` where sign-in is taken away.
        public: Option<Sp<bool>>,
    }
}

record! {
    /// Limits on requests.
    pub struct Limits {
        /// Requests from one client, e.g. `10/s`.
        requests: Option<Sp<String>>,
        /// Largest request body.
        body: Option<crate::Bytes>,
    }
}

record! {
    /// Replaces derived parts of an exposure; marked in reports and proved like everything else.
    pub struct ExposeOverride {
        /// Address the public DNS record points at.
        dns: Vec<Sp<IpAddr>>,
        /// Interface the DNAT is bound to; `any` binds it to none.
        dnat_interface: Option<Sp<String>>,
    }
}
