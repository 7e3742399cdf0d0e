//! Codes of diagnostics about inventories. Numbers are stable; never reuse one.

/// Bytes that are not UTF-8.
pub const NOT_UTF8: &str = "FW1220";
/// A line of an INI inventory that cannot be read.
pub const LINE: &str = "FW1221";
/// A host range that cannot be expanded.
pub const RANGE: &str = "FW1222";
/// A section about a group that nothing declares.
pub const UNDECLARED: &str = "FW1223";
/// Groups that contain each other.
pub const CYCLE: &str = "FW1224";
/// A group named like a host.
pub const GROUP_AND_HOST: &str = "FW1225";
/// A key of a YAML group that Ansible skips.
pub const SKIPPED: &str = "FW1226";
/// A source that needs a plugin or program.
pub const PLUGIN: &str = "FW1227";
/// A host described in several files.
pub const TWICE: &str = "FW1228";
/// Encrypted text that nobody can decrypt here.
pub const VAULT: &str = "FW1229";
/// A file of variables that is no map.
pub const VARS_FILE: &str = "FW1230";
/// A YAML inventory without the structure of one.
pub const STRUCTURE: &str = "FW1231";
/// A value Python reads as a literal that has no place here.
pub const LITERAL: &str = "FW1232";
/// A source that does not exist, or is no inventory.
pub const SOURCE: &str = "FW1233";
/// Something that is neither file nor folder, or may not be read.
pub const NOT_A_FILE: &str = "FW1234";
/// A file of variables that nothing reads.
pub const UNREAD: &str = "FW1235";
/// A connection variable that cannot be what it should be.
pub const CONNECTION: &str = "FW1236";
/// A port that is given for a host which has its variables already.
pub const PORT: &str = "FW1237";
