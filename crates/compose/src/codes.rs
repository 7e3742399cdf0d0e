//! Codes of diagnostics about Compose files. Numbers are stable; never reuse one.

/// The text is not YAML.
pub const NOT_YAML: &str = "FW1401";
/// Aliases that repeat too much text, themselves, or nothing.
pub const ALIAS: &str = "FW1402";
/// Nested deeper than any Compose file.
pub const TOO_DEEP: &str = "FW1403";
/// A tag other than `!reset`, `!override` and YAML's own.
pub const TAG: &str = "FW1404";
/// The same key twice in one map.
pub const DUPLICATE_KEY: &str = "FW1405";
/// A key that is not a text.
pub const STRANGE_KEY: &str = "FW1406";
/// `<<` of something that is not a map.
pub const MERGE_KEY: &str = "FW1407";
/// Bytes that are not UTF-8.
pub const NOT_UTF8: &str = "FW1408";
/// A file that is named and is not there.
pub const NO_FILE: &str = "FW1409";
/// Nothing to read: no file, an empty project, or a text that is no map.
pub const EMPTY: &str = "FW1410";
/// A key the Compose Specification does not have.
pub const UNKNOWN_KEY: &str = "FW1411";
/// A value of a type its key cannot have.
pub const WRONG_TYPE: &str = "FW1412";
/// A value that cannot be read: a port, a mount, a size, a duration, a word that is no choice.
pub const WRONG_VALUE: &str = "FW1413";
/// A key that must be there.
pub const MISSING: &str = "FW1414";
/// A number where a text is meant, which changes by being read.
pub const NUMBER_TEXT: &str = "FW1415";
/// Two files say things of different kinds in one place.
pub const CANNOT_MERGE: &str = "FW1416";
/// `${…` that cannot be read.
pub const TEMPLATE: &str = "FW1417";
/// A variable that must have a value has none.
pub const REQUIRED_VARIABLE: &str = "FW1418";
/// A variable that is not set becomes an empty text.
pub const UNSET_VARIABLE: &str = "FW1419";
/// A line of an environment file that cannot be read.
pub const ENV_FILE: &str = "FW1420";
/// `extends` names a service that is not there.
pub const EXTENDS: &str = "FW1421";
/// Services that extend each other.
pub const EXTENDS_CYCLE: &str = "FW1422";
/// Files that include each other.
pub const INCLUDE_CYCLE: &str = "FW1423";
/// An included file and the including one describe the same thing differently.
pub const INCLUDE_CONFLICT: &str = "FW1424";
/// A service names a network, volume, secret, config or service that is not described.
pub const UNDEFINED: &str = "FW1425";
/// Services that wait for each other.
pub const DEPENDENCY_CYCLE: &str = "FW1426";
/// A service without image and build.
pub const NO_IMAGE: &str = "FW1427";
/// Two keys that exclude each other, or contradict each other.
pub const CONTRADICTION: &str = "FW1428";
/// A project name that cannot be one, or none.
pub const PROJECT_NAME: &str = "FW1429";
/// A command text that is not read as a shell would.
pub const SHELL_WORDS: &str = "FW1430";
/// A key that is read and means nothing any more.
pub const OBSOLETE: &str = "FW1431";
/// What repeats itself in a project comes to more than any project needs.
pub const TOO_LARGE: &str = "FW1432";
/// What the model cannot express.
pub const NOT_CARRIED: &str = "FW1440";
/// What the model cannot express, and a service may not work or be safe without.
pub const LEFT_OUT: &str = "FW1441";
/// Two services of Compose projects that would have one name in the fleet.
pub const SAME_SERVICE: &str = "FW1442";
/// A name that cannot be a service's in the fleet.
pub const SERVICE_NAME: &str = "FW1443";
/// A secret inside a longer text, or where no secret can stand.
pub const SECRET_INSIDE: &str = "FW1444";
/// A word of `without` that means nothing in the project.
pub const WITHOUT_UNUSED: &str = "FW1445";
/// A service of a project that runs elsewhere than the others, which look for it on their own host.
pub const ELSEWHERE: &str = "FW1446";
