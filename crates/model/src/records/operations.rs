//! How the fleet is run: environments, sign-in, git, people, certificates, DNS, alerts.

use crate::{
    Audience, EnvironmentId, HostId, Label, NetworkId, Raw, Seconds, SecretRef, ServiceId, Sp, choice, record,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

record! {
    /// A slice planned, locked and applied on its own.
    pub struct Environment {
        /// What runs it: `incus`, or hosts of the fleet when not written.
        engine: Option<Sp<String>>,
        /// How the engine is reached.
        remote: Option<EngineRemote>,
        /// Its hosts.
        members: Vec<Sp<HostId>>,
        /// Storage pools by name.
        storage: BTreeMap<Label, Raw>,
        /// Image for system containers.
        image: Option<String>,
        /// Packages cloud-init brings, and nothing else.
        bootstrap: Vec<String>,
    }
}

record! {
    /// An engine's API.
    pub struct EngineRemote {
        /// URL.
        address: String,
        /// Fingerprint of its certificate (SHA-256).
        fingerprint: Option<String>,
        /// Client certificate.
        certificate: Option<Sp<SecretRef>>,
    }
}

choice! {
    /// Strength of sign-in.
    pub enum Factor {
        /// Password.
        OneFactor = "one-factor",
        /// Password and a second factor.
        TwoFactor = "two-factor",
    }
}

record! {
    /// Sign-in for the whole fleet.
    pub struct AuthSettings {
        /// The service that knows people.
        directory: Option<Sp<ServiceId>>,
        /// The service that issues tokens.
        oidc: Option<Sp<ServiceId>>,
        /// The service that asks before a request goes on.
        gate: Option<Sp<ServiceId>>,
        /// What `sso` means; one-factor when not written.
        default: Option<Sp<Factor>>,
        /// OIDC clients by name.
        clients: BTreeMap<Label, OidcClient>,
    }
}

record! {
    /// A service that signs people in by OIDC; redirect addresses and both sides' secrets are derived.
    pub struct OidcClient {
        /// The service.
        service: Sp<ServiceId>,
        /// Path of its redirect address.
        callback: String,
    }
}

record! {
    /// Changes come by pull request.
    pub struct Gitops {
        /// Where the sources are.
        forge: Forge,
        /// When a plan is made.
        plan: Option<GitopsPlan>,
        /// When it is applied.
        apply: Option<GitopsApply>,
        /// The host that runs it.
        on: Option<Sp<String>>,
    }
}

record! {
    /// A git forge.
    pub struct Forge {
        /// `forgejo`, `github` or `gitlab`.
        kind: String,
        /// URL.
        url: String,
        /// Owner and name.
        repo: String,
        /// Webhook secret.
        secret: Option<Sp<SecretRef>>,
    }
}

record! {
    /// When a plan is made and what is proved.
    pub struct GitopsPlan {
        /// `pull-request`.
        on: String,
        /// Write the plan as a comment.
        comment: Option<bool>,
        /// Proofs: `static`, `twin`.
        proof: Vec<String>,
    }
}

record! {
    /// When a plan is applied.
    pub struct GitopsApply {
        /// `merge`.
        on: String,
        /// Approvals needed.
        approvals: Option<u32>,
        /// Environments in order.
        order: Vec<Sp<EnvironmentId>>,
    }
}

record! {
    /// A person with access to hosts.
    pub struct Admin {
        /// SSH public keys.
        keys: Vec<Sp<String>>,
        /// Public keys for secrets (`age1…`), besides the SSH keys.
        age: Vec<Sp<String>>,
        /// May become root.
        sudo: Option<bool>,
        /// Only on these hosts or groups; on all when not written.
        on: Vec<Sp<String>>,
    }
}

record! {
    /// Certificates.
    pub struct Certificates {
        /// Mail address for the ACME account.
        email: Option<String>,
        /// ACME directory; Let's Encrypt's when not written.
        directory: Option<String>,
        /// Names not on the internet get certificates from this service or, when not written, the ingress' own CA.
        internal: Option<Sp<ServiceId>>,
    }
}

record! {
    /// Names.
    pub struct DnsSettings {
        /// Who serves the public zone: `cloudflare`, `file`, or a service of the fleet.
        provider: Option<Sp<String>>,
        /// Its API token.
        token: Option<Sp<SecretRef>>,
        /// Resolvers for other names.
        upstream: Vec<Sp<IpAddr>>,
        /// Requests come through the provider's proxy: records point there, and only its ranges are let in.
        proxied: Option<bool>,
        /// Further records of the public zone by name.
        records: BTreeMap<String, Raw>,
    }
}

record! {
    /// Where alerts go and how long a fault must last.
    pub struct AlertSettings {
        /// Receivers by name: webhook URLs or mail addresses.
        receivers: BTreeMap<Label, Receiver>,
        /// How long a site must be away; 5m when not written.
        site_down: Option<Seconds>,
        /// How long a host must be away; 2m when not written.
        host_down: Option<Seconds>,
        /// How long a service must be down; 2m when not written.
        service_down: Option<Seconds>,
    }
}

record! {
    /// Who is told.
    pub struct Receiver {
        /// Webhook URL.
        webhook: Option<Sp<String>>,
        /// Mail address.
        email: Option<Sp<String>>,
    }
}

record! {
    /// Address pools the tool allocates from.
    pub struct Pools {
        /// Prefixes for tunnels that write none.
        tunnels: Vec<Sp<ipnet::IpNet>>,
        /// Ports for `dynamic`; 20000–32000 when not written.
        ports: Vec<Sp<u16>>,
    }
}

record! {
    /// Measurement of hosts by streaming, or by scraping.
    pub struct Federation {
        /// From which metrics service.
        from: Sp<ServiceId>,
        /// By which.
        by: Sp<ServiceId>,
        /// Over which network.
        network: Option<Sp<NetworkId>>,
        /// Who may read it.
        to: Option<Audience>,
    }
}
