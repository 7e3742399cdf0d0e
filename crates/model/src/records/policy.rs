//! Policies: what zones may say to each other, and the standards a fleet holds itself to.

use crate::{Label, Sp, record};

record! {
    /// Rules between zones, and standards with their exceptions.
    pub struct Policy {
        /// What is allowed between zones beyond `needs` and `expose`.
        allow: Vec<Allow>,
        /// A set of standards to hold: `discovered`.
        profile: Option<Sp<String>>,
        /// Standards that are set aside, each with a reason and an end.
        exceptions: Vec<Exception>,
    }
}

record! {
    /// Traffic that is allowed.
    pub struct Allow {
        /// From: `zone/NAME`, `host/NAME`, `group/NAME`, `network/NAME`, `any` or `internet`.
        from: Vec<Sp<String>>,
        /// To: the same words.
        to: Vec<Sp<String>>,
        /// Ports: `ssh`, `nfs`, `tcp/9090`, `icmp`, or `any`.
        ports: Vec<Sp<String>>,
    }
}

record! {
    /// A standard set aside.
    pub struct Exception {
        /// The rule.
        rule: Sp<Label>,
        /// The thing it is set aside for: `services/NAME`.
        of: Sp<String>,
        /// Why.
        reason: Sp<String>,
        /// Until when, `2027-06-30`.
        until: Sp<String>,
    }
}
