//! Codes of what rendering has to say.

/// A module names a renderer that does not exist.
pub const NO_ENGINE: &str = "FW0911";
/// Two things want the same path or unit on a host.
pub const TWO_OWNERS: &str = "FW0902";
/// A module's text names a placeholder that has no value.
pub const NO_PLACEHOLDER: &str = "FW0903";
/// Rate limits are not rendered: stock Caddy has none.
pub const NO_RATE_LIMIT: &str = "FW0904";
/// The strength of sign-in is the gate's own matter and not rendered yet.
pub const GATE_STRENGTH: &str = "FW0905";
/// A rule no packet or route can ever match.
pub const NEVER_MATCHES: &str = "FW0906";
/// A value an engine cannot say.
pub const CANNOT_SAY: &str = "FW0907";
/// Raw text for an engine that does not run there.
pub const OVERRIDE_UNUSED: &str = "FW0908";
/// A service needs something another service's module does not say.
pub const GATE_MISSING: &str = "FW0909";
/// A variant that is not rendered yet.
pub const VARIANT: &str = "FW0910";
/// A stage for an engine that is not on the host.
pub const MANAGE_UNUSED: &str = "FW0912";
