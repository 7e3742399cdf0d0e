//! Codes of diagnostics about OpenTofu and Terraform. Numbers are stable; never reuse one.

/// The text is not JSON.
pub const NOT_JSON: &str = "FW1501";
/// Nested deeper than any configuration, output or state.
pub const TOO_DEEP: &str = "FW1502";
/// JSON that is not what `tofu output -json` prints.
pub const NOT_OUTPUTS: &str = "FW1503";
/// JSON that is not a state file, or of another version than 4.
pub const NOT_STATE: &str = "FW1504";
/// A reference that cannot be read.
pub const BAD_REFERENCE: &str = "FW1505";
/// Something needs a value that is not there.
pub const MISSING: &str = "FW1506";
/// Bytes that are not UTF-8.
pub const NOT_UTF8: &str = "FW1507";
/// A sensitive value where anybody could read it.
pub const SENSITIVE: &str = "FW1508";
/// The file a value would be in is not there.
pub const NO_FILE: &str = "FW1509";
/// The text is not HCL.
pub const NOT_HCL: &str = "FW1510";
/// A file larger than the limit.
pub const TOO_BIG: &str = "FW1511";
/// The same attribute or key twice.
pub const TWICE: &str = "FW1512";
/// No OpenTofu and no Terraform on this machine.
pub const NO_PROGRAM: &str = "FW1520";
/// The program failed.
pub const FAILED: &str = "FW1521";
/// There is no stack of this name, or no folder or file that is needed of it.
pub const NO_STACK: &str = "FW1522";
