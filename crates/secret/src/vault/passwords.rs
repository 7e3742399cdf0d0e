//! Passwords by vault id.

use crate::{Secret, codes};
use diag::{Diagnostic, Place};

/// The id of passwords given without one.
pub(crate) const DEFAULT: &str = "default";

/// An id as it can stand in a vault's first line: no `;`, no whitespace, no control characters, not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VaultId(String);

impl VaultId {
    /// Reads one; `FW1110` for what would break the line it stands in.
    pub fn new(text: &str, place: &Place) -> Result<Self, Diagnostic> {
        let breaks = |c: char| c == ';' || c.is_whitespace() || c.is_control() || !c.is_ascii();
        if text.is_empty() || text.contains(breaks) {
            let message = format!("`{text}` cannot be a vault id");
            return Err(Diagnostic::error(codes::VAULT_ID, place, message)
                .help("letters, digits and `-._@`: it stands in the first line of the file, between `;`"));
        }
        Ok(VaultId(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Passwords in the order they were given, each under an id. An id may have several.
#[derive(Clone, Debug, Default)]
pub struct Passwords {
    given: Vec<(String, Secret)>,
    only_matching: bool,
}

impl Passwords {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one under an id, or under `default`. The bytes are the password as [`of_file`](Self::of_file) and
    /// [`of_program`](Self::of_program) read it.
    pub fn with(mut self, id: Option<&str>, password: Secret) -> Self {
        self.given.push((id.unwrap_or(DEFAULT).to_owned(), password));
        self
    }

    /// Only passwords of a vault's own id are tried on it (Ansible's `DEFAULT_VAULT_ID_MATCH`).
    pub fn only_matching(mut self, only: bool) -> Self {
        self.only_matching = only;
        self
    }

    /// The password out of a file, an environment variable or what was typed: without whitespace around it, as
    /// Ansible reads it. `FW1109` when nothing is left: a vault made with that would be open to everyone.
    pub fn of_file(bytes: &[u8], place: &Place) -> Result<Secret, Diagnostic> {
        // Python's `bytes.strip()`, which takes the vertical tab for whitespace and Rust does not.
        stripped(bytes, |b| b.is_ascii_whitespace() || b == 0x0b, place)
    }

    /// The password a program printed: without line ends around it, spaces kept, as Ansible reads it. `FW1109`
    /// when nothing is left.
    pub fn of_program(bytes: &[u8], place: &Place) -> Result<Secret, Diagnostic> {
        stripped(bytes, |b| matches!(b, b'\r' | b'\n'), place)
    }

    /// No password at all.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Which to try on a vault of this id, in order.
    pub(super) fn candidates(&self, wanted: &str) -> Vec<(&str, &Secret)> {
        let of = |matching: bool| {
            self.given
                .iter()
                .filter(move |(id, _)| (id == wanted) == matching)
                .map(|(id, s)| (id.as_str(), s))
        };
        let rest = (!self.only_matching).then(|| of(false)).into_iter().flatten();
        of(true).chain(rest).collect()
    }
}

fn stripped(bytes: &[u8], around: impl Fn(u8) -> bool, place: &Place) -> Result<Secret, Diagnostic> {
    let start = bytes.iter().position(|b| !around(*b));
    let end = bytes.iter().rposition(|b| !around(*b));
    match (start, end) {
        (Some(start), Some(end)) => Ok(Secret::new(&bytes[start..=end])),
        _ => Err(Diagnostic::error(codes::VAULT_NO_PASSWORD, place, "this vault password is empty")
            .help("look whether the file, the variable or the program gives what it should")),
    }
}
