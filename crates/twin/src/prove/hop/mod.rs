//! Which hop of a way in is broken, from where its packets were seen.

mod diagnose;
#[cfg(test)]
mod tests;
mod trace;
mod wg;

pub(super) use diagnose::{Failure, Observed, diagnose};
pub(super) use trace::observe;
pub(super) use wg::{End, dump};
