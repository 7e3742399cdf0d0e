//! Random text.

use crate::{Entropy, Secret, entropy};
use zeroize::Zeroizing;

/// Characters to choose from: at least two, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet(Vec<char>);

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

impl Alphabet {
    /// The names a specification can use.
    pub const NAMES: [&str; 7] =
        ["alphanumeric", "base64url", "digits", "hex", "letters", "lower", "printable"];

    /// One of [`NAMES`](Self::NAMES). `printable` is all of ASCII that can be seen, the space left out.
    pub fn named(name: &str) -> Option<Self> {
        let characters = match name {
            "alphanumeric" => return Some(Self::default()),
            "base64url" => [UPPER, LOWER, DIGITS, "-_"].concat(),
            "digits" => DIGITS.to_owned(),
            "hex" => [DIGITS, "abcdef"].concat(),
            "letters" => [UPPER, LOWER].concat(),
            "lower" => LOWER.to_owned(),
            "printable" => ('!'..='~').collect(),
            _ => return None,
        };
        Some(Alphabet(characters.chars().collect()))
    }

    /// These characters. The error says what is wrong with them.
    pub fn of(characters: &str) -> Result<Self, String> {
        let mut sorted: Vec<char> = characters.chars().collect();
        sorted.sort_unstable();
        if let Some(c) = sorted.iter().find(|c| c.is_control()) {
            return Err(format!("it holds the control character U+{:04X}", u32::from(*c)));
        }
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("`{}` stands twice in it, and would be chosen twice as often", pair[0]));
        }
        if sorted.len() < 2 {
            return Err("it needs two characters at least".to_owned());
        }
        Ok(Alphabet(characters.chars().collect()))
    }

    /// The characters.
    pub fn characters(&self) -> &[char] {
        &self.0
    }
}

impl Default for Alphabet {
    /// `alphanumeric`: nothing of it needs quotes anywhere.
    fn default() -> Self {
        Alphabet([UPPER, LOWER, DIGITS].concat().chars().collect())
    }
}

/// Each character as likely as any other: numbers above the last whole multiple are drawn again.
pub(super) fn text(length: usize, alphabet: &Alphabet, entropy: &mut dyn Entropy) -> Secret {
    let count = u32::try_from(alphabet.0.len()).unwrap_or(u32::MAX);
    let above = u32::MAX - u32::MAX % count;
    let mut out = Zeroizing::new(String::with_capacity(length * 4));
    for _ in 0..length {
        let number = loop {
            let number = u32::from_le_bytes(*entropy::array(entropy));
            if number < above {
                break number % count;
            }
        };
        out.extend(usize::try_from(number).ok().and_then(|at| alphabet.0.get(at)));
    }
    Secret::new(out.as_bytes())
}

pub(super) fn uuid(entropy: &mut dyn Entropy) -> Secret {
    let mut bytes = entropy::array::<16>(entropy);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = Zeroizing::new(crate::hex::encode(&*bytes));
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Secret::new(groups.join("-"))
}
