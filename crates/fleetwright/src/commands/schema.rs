//! `fleetwright schema`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{Cx, codes};
use clap::Args;
use diag::Diagnostic;

/// Print the JSON Schema of the sources
///
/// Editors with a YAML language server complete and check by it. Without a kind it is the schema of
/// fleet.yaml; with one, that of KIND/NAME.yaml.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright schema > fleet.schema.json\n  fleetwright schema services > services.schema.json\n\n\
    In a source file:\n  # yaml-language-server: $schema=../services.schema.json"
)]
pub struct Schema {
    /// `sites`, `hosts`, `services`, …
    kind: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When there is no such kind.
pub fn run(command: &Schema, cx: &Cx) -> Result<Exit, Failure> {
    let Some(kind) = &command.kind else {
        cx.console.json(&source::schema())?;
        return Ok(Exit::Ok);
    };
    let Some(schema) = source::schema_of(kind) else {
        let kinds = || source::folder::KINDS.iter().chain(source::folder::SINGLES).copied();
        let unknown = Diagnostic::bare(codes::NO_KIND, format!("there is no schema of `{kind}`"))
            .help(format!("kinds are {}", kinds().collect::<Vec<_>>().join(", ")))
            .suggest(kind, kinds());
        return Err(Failure::new(Exit::Errors, unknown));
    };
    cx.console.json(&schema)?;
    Ok(Exit::Ok)
}
