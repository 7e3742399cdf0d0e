//! Making values, with the kernel's randomness.

use crate::clock;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ::secret::generate::{Generator, Given, Made};
use ::secret::{Entropy, Secret};
use diag::Place;

/// Random bytes from the kernel.
///
/// # Errors
/// When the kernel gives none.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| none(&e))?;
    Ok(bytes)
}

fn none(e: &getrandom::Error) -> Failure {
    Failure::bare(Exit::Errors, codes::UNREADABLE, format!("no randomness from the kernel: {e}"))
}

/// A value of its own, made now.
///
/// # Errors
/// When it cannot be made from its plaintext, or the kernel gives no randomness.
pub fn made(name: &str, generator: &Generator, plain: Option<&Secret>) -> Result<Made, Failure> {
    let given = Given { now: i64::try_from(clock::now()).unwrap_or(i64::MAX), plain };
    with_entropy(|entropy| generator.make(given, entropy, &Place::builtin(name)))?.map_err(|mut d| {
        d.place = None;
        d.message = format!("secret/{name}: {}", d.message);
        Failure::new(Exit::Errors, d)
    })
}

/// With the kernel's randomness. The source cannot fail in the middle: what it fills is drawn before it is used, and
/// a kernel that gave randomness once gives it again.
pub(super) fn with_entropy<T>(make: impl FnOnce(&mut dyn Entropy) -> T) -> Result<T, Failure> {
    random::<32>()?;
    let mut kernel = |bytes: &mut [u8]| {
        while getrandom::fill(bytes).is_err() {
            std::thread::yield_now();
        }
    };
    Ok(make(&mut kernel))
}
