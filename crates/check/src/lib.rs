//! The rules on the model: one file and one stable code each, all in one table.
//!
//! [`check`] runs all of them and reports everything they find. Nothing here reads files, clocks or the
//! network: what day it is comes from the caller ([`check_on`]).

mod codes;
mod cycle;
mod date;
mod exceptions;
mod facts;
mod pages;
mod rule;
mod rules;
mod run;
mod standards;
mod table;

pub use pages::{explain, pages};
pub use rule::{Class, Rule};
pub use run::{check, check_on};
pub use standards::{Standing, profiles, standards};
pub use table::RULES;
