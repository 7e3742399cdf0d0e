//! Verdicts on paper: a table for people, JUnit for CI. JSON is serde's.

mod junit;
mod table;

pub use junit::junit;
pub use table::{details, summary};
