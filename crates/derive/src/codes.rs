//! Codes of diagnostics about derivation. Numbers are stable; never reuse one.

/// A name that refers to nothing reached derivation (`check` says where it should be).
pub const DANGLING: &str = "FW0800";
/// The lock cannot be read.
pub const BAD_LOCK: &str = "FW0801";
/// The lock does not say what the sources need.
pub const STALE_LOCK: &str = "FW0802";
/// A WireGuard interface has no key in the lock yet.
pub const NO_KEY: &str = "FW0803";
/// Nothing is left to allocate from.
pub const EXHAUSTED: &str = "FW0804";
/// Two hosts want the same address.
pub const ADDRESS_TAKEN: &str = "FW0805";
/// A service has no host.
pub const NO_PLACE: &str = "FW0806";
/// Two services want the same port or unit on one host.
pub const PORT_TAKEN: &str = "FW0807";
/// A service is needed in a way that leaves it open which one is meant.
pub const UNCLEAR_NEED: &str = "FW0808";
/// Neither end of a tunnel can be reached from the other.
pub const UNREACHABLE_TUNNEL: &str = "FW0810";
/// Two peers of one WireGuard interface would hold the same prefix.
pub const ALLOWED_IPS_CONFLICT: &str = "FW0811";
/// An exposure without a way in.
pub const NO_WAY_IN: &str = "FW0812";
/// Two exposures want the same port of the same public address.
pub const ENTRY_TAKEN: &str = "FW0813";
/// A need, a scrape or a backend with no way between its hosts.
pub const NO_WAY: &str = "FW0814";
/// A name exposed over HTTP and no proxy that takes it, or several.
pub const NO_INGRESS: &str = "FW0815";
/// A BGP neighbour that no interface leads to.
pub const NO_NEIGHBOUR_WAY: &str = "FW0820";
/// A prefix that is originated nowhere, or outside of what is owned.
pub const BAD_ORIGIN: &str = "FW0821";
/// The fleet's own AS as a neighbour's.
pub const OWN_ASN: &str = "FW0822";
/// An alert that could never fire.
pub const DEAD_ALERT: &str = "FW0830";
/// Described, but nothing renders it yet.
pub const UNSUPPORTED: &str = "FW0900";
