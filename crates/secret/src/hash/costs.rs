//! What hashes may cost. More than this would be a way to stop the tool, or a small host, with one line of text.

use super::Scheme;
use std::ops::RangeInclusive;

/// Memory of argon2id in KiB: from the least there is to 2 GiB, the first choice of RFC 9106 (section 4).
pub(crate) const MEMORY: RangeInclusive<u32> = 8..=2_097_152;
/// Passes of argon2id.
pub(crate) const PASSES: RangeInclusive<u32> = 1..=1_000;
/// Lanes of argon2id.
pub(crate) const LANES: RangeInclusive<u32> = 1..=255;
/// KiB times passes of argon2id: 16 GiB, about ten seconds.
const WORK: u64 = 16 * 1024 * 1024;
/// Cost of bcrypt: 18 are about ten seconds.
pub(crate) const BCRYPT: RangeInclusive<u32> = 4..=18;
/// Rounds of PBKDF2: fifty million are about a minute.
pub(crate) const PBKDF2: RangeInclusive<u32> = 1..=50_000_000;
/// Rounds of sha512-crypt; it takes no fewer.
pub(crate) const CRYPT: RangeInclusive<u32> = 1_000..=50_000_000;

impl Scheme {
    /// What is wrong with its costs, if anything is.
    pub(crate) fn fault(self) -> Option<String> {
        let outside = |name: &str, value: u32, range: &RangeInclusive<u32>| {
            (!range.contains(&value))
                .then(|| format!("`{name}` is {value}, and is from {} to {}", range.start(), range.end()))
        };
        match self {
            Scheme::Argon2id { memory, iterations, parallelism } => outside("memory", memory, &MEMORY)
                .or_else(|| outside("iterations", iterations, &PASSES))
                .or_else(|| outside("parallelism", parallelism, &LANES))
                .or_else(|| {
                    let least = 8 * parallelism;
                    (memory < least)
                        .then(|| format!("`memory` is {memory} KiB, and {parallelism} lanes need {least}"))
                })
                .or_else(|| {
                    (u64::from(memory) * u64::from(iterations) > WORK).then(|| {
                        format!("{iterations} passes over {memory} KiB take minutes: {WORK} KiB in all are the most")
                    })
                }),
            Scheme::Bcrypt { cost } => outside("cost", cost, &BCRYPT),
            Scheme::Pbkdf2Sha512 { iterations } => outside("iterations", iterations, &PBKDF2),
            Scheme::Sha512Crypt { rounds } => outside("rounds", rounds, &CRYPT),
        }
    }
}
