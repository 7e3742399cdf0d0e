//! Codes of diagnostics about trees of templates. Numbers are stable; never reuse one.

/// Two files of a tree become one and the same file.
pub const TARGET_TWICE: &str = "FW1350";
/// A file would be written outside its folder.
pub const OUTSIDE: &str = "FW1351";
/// Something in a tree that is no file, or leads out of the tree.
pub const NOT_A_FILE: &str = "FW1352";
/// A folder or file of a tree that serves no host.
pub const SERVES_NOBODY: &str = "FW1353";
/// A template that is not UTF-8.
pub const NOT_UTF8: &str = "FW1354";
/// A tree, or a template of its own, that is not there.
pub const NO_TREE: &str = "FW1355";
/// A file of outputs that is none.
pub const OUTPUTS: &str = "FW1356";
/// A variable of the inventory that hides the fleet's own model.
pub const FLEET_HIDDEN: &str = "FW1357";
