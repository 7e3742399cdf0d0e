//! Codes of diagnostics the command line itself makes. Numbers are stable; never reuse one.

/// No folder with a `fleet.yaml` here or above.
pub const NO_FLEET: &str = "FW3001";
/// A file could not be read.
pub const UNREADABLE: &str = "FW3002";
/// A file could not be written.
pub const UNWRITABLE: &str = "FW3003";
/// The fleet has no host, path, line or thing of this name.
pub const NO_SUCH: &str = "FW3004";
/// The value of a secret is not on this machine.
pub const NO_SECRET: &str = "FW3006";
/// There is no way onto the hosts.
pub const NO_WAY: &str = "FW3007";
/// The folder already holds a fleet or an output that is not ours.
pub const IN_THE_WAY: &str = "FW3008";
/// There is no diagnostic of this code.
pub const NO_CODE: &str = "FW3009";
/// The lock or a secret is damaged.
pub const DAMAGED: &str = "FW3010";
/// An answer is needed and there is nobody to ask.
pub const NO_ANSWER: &str = "FW3011";
/// This machine lacks something the twin needs.
pub const LACKS: &str = "FW3012";
/// The twin could not be built, found, changed or taken down.
pub const TWIN: &str = "FW3013";
/// Stopped before the end.
pub const INTERRUPTED: &str = "FW3014";
/// A secret that nothing uses.
pub const SECRET_UNUSED: &str = "FW1140";
/// A secret that somebody who should read it cannot, or the other way round.
pub const SECRET_READERS: &str = "FW1141";
/// A hash that is not of its plaintext.
pub const SECRET_HASH: &str = "FW1142";
/// A value that cannot stand where it is used.
pub const SECRET_UNFIT: &str = "FW1143";
/// A secret of a kind with which this cannot be done.
pub const SECRET_KIND: &str = "FW1144";
/// Another tool's file has no value where it should stand, or did not open.
pub const SECRET_ELSEWHERE: &str = "FW1145";
/// There is no schema of this kind.
pub const NO_KIND: &str = "FW3015";
