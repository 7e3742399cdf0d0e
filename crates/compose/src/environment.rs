//! Variables for interpolation: the shell's first, then those of environment files, a later file over an earlier
//! one (Compose Specification, "Interpolation"; docker docs, "Environment variables precedence").

use crate::budget;
use crate::dotenv::{self, Format};
use crate::load::Loader;
use std::collections::BTreeMap;

/// Variables by name.
pub type Environment = BTreeMap<String, String>;

/// `outer` and what the files add to it.
pub(crate) fn with_files(outer: &Environment, files: &[String], loader: &mut Loader<'_>) -> Environment {
    let mut added = Environment::new();
    for file in files {
        let Some(bytes) = loader.bytes(file, None) else { continue };
        let shell = |name: &str| outer.get(name).cloned();
        let before = |name: &str| added.get(name).cloned();
        let lookups = dotenv::Lookups { outer: &shell, before: &before };
        let variables = dotenv::parse(file, &bytes, Format::Compose, lookups, loader.report);
        for (name, variable) in variables {
            if !loader.budget.take(budget::of_text(variable.value.len()), &variable.place, loader.report) {
                break;
            }
            // A name that starts with a digit can be no variable's.
            if !name.starts_with(|c: char| c.is_ascii_digit()) {
                added.insert(name, variable.value);
            }
        }
    }
    added.extend(outer.iter().map(|(name, value)| (name.clone(), value.clone())));
    added
}
