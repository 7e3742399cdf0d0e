//! Codes of diagnostics about secrets. Numbers are stable; never reuse one.

/// Text that is no Ansible Vault.
pub const NOT_A_VAULT: &str = "FW1101";
/// A vault whose first line cannot be read.
pub const VAULT_HEADER: &str = "FW1102";
/// A version of the vault format nobody knows here.
pub const VAULT_VERSION: &str = "FW1103";
/// A cipher other than AES256.
pub const VAULT_CIPHER: &str = "FW1104";
/// A character that is no hexadecimal digit.
pub const VAULT_NOT_HEX: &str = "FW1105";
/// A vault that ends too early.
pub const VAULT_TRUNCATED: &str = "FW1106";
/// A vault whose parts do not have the shape they must have.
pub const VAULT_DAMAGED: &str = "FW1107";
/// No given password opens it.
pub const VAULT_PASSWORD: &str = "FW1108";
/// No password was given, or none of the id that is asked for.
pub const VAULT_NO_PASSWORD: &str = "FW1109";
/// A vault id that cannot be written.
pub const VAULT_ID: &str = "FW1110";
/// A NUL in a value.
pub const NUL: &str = "FW1111";
/// Something that is no age file.
pub const AGE_FORMAT: &str = "FW1120";
/// An age file that was cut or changed.
pub const AGE_DAMAGED: &str = "FW1121";
/// None of the identities is a recipient of the file.
pub const AGE_IDENTITY: &str = "FW1122";
/// A recipient that cannot be read.
pub const AGE_BAD_RECIPIENT: &str = "FW1123";
/// A private key that cannot be read.
pub const AGE_BAD_IDENTITY: &str = "FW1124";
/// A generator nobody knows.
pub const GENERATOR: &str = "FW1130";
/// An option of a generator that cannot be what it is.
pub const GENERATOR_OPTION: &str = "FW1131";
/// A secret that cannot be hashed this way.
pub const UNHASHABLE: &str = "FW1132";
/// A stored hash that cannot be read.
pub const HASH: &str = "FW1133";
