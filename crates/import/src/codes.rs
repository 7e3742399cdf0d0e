//! Codes of importing, FW16xx. A code is never reused; each has a page in `docs/codes/`.
//! FW1601–FW1619 are of all imports, FW1620–FW1699 of one engine's files each.

/// A file cannot be read as what it was given for.
pub const UNREADABLE: &str = "FW1601";
/// A source of the name is there already.
pub const TAKEN: &str = "FW1602";
/// Two things of the imported files would be one in the model.
pub const COLLISION: &str = "FW1603";
/// The host is not in the fleet, or was not named.
pub const NO_HOST: &str = "FW1604";
/// The fleet with what was imported has errors.
pub const DOES_NOT_FIT: &str = "FW1605";
/// What is rendered is not what was imported.
pub const NOT_THE_SAME: &str = "FW1606";
/// The host's source cannot be extended with its stage.
pub const NO_STAGE: &str = "FW1607";

/// A line of a WireGuard file that `wg` would refuse.
pub const WG_LINE: &str = "FW1620";
/// A value of a WireGuard file that is not what its key takes.
pub const WG_VALUE: &str = "FW1621";
/// A WireGuard file without an interface, a peer's key, or peers.
pub const WG_MISSING: &str = "FW1622";
/// A BIRD configuration that cannot be parted into statements.
pub const BIRD_SYNTAX: &str = "FW1630";
/// A file of Prometheus whose parts are of kinds they cannot be.
pub const PROM_SHAPE: &str = "FW1640";
/// A target that is no host and port.
pub const PROM_TARGET: &str = "FW1641";
/// A file of nftables that cannot be parted into tables, chains and rules.
pub const NFT_SYNTAX: &str = "FW1650";
/// A Caddyfile that cannot be parted into sites and directives.
pub const CADDY_SYNTAX: &str = "FW1660";
