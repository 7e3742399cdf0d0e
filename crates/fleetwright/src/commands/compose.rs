//! `fleetwright compose`.

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::{Cx, codes, folder, pipeline};
use clap::Args;
use diag::{Diagnostic, Report};
use serde_json::{Map, json};
use std::sync::Arc;

/// Print a Compose project as it is merged
///
/// What `docker compose config` prints of the same files, profiles and variables: long forms, overrides merged,
/// variables filled in; paths count from the fleet's folder. What of it the fleet takes is shown by `fleetwright show services/NAME`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright compose\n  fleetwright compose media > merged.yaml")]
pub struct Compose {
    /// Its name under `compose` in fleet.yaml; all of them when not given
    project: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When a Compose file has errors, or there is no such project.
pub fn run(command: &Compose, cx: &Cx) -> Result<Exit, Failure> {
    let sources = Arc::new(folder::read(&folder::find(cx.global.fleet.as_deref())?)?);
    let mut report = Report::new();
    let mut projects = source::projects(&sources, &mut report);
    report.sort();
    if report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: sources });
    }
    if let Some(wanted) = &command.project {
        let names: Vec<String> = projects.iter().map(|(name, _)| name.clone()).collect();
        projects.retain(|(name, _)| name == wanted);
        if projects.is_empty() {
            let unknown =
                Diagnostic::bare(codes::NO_SUCH, format!("the fleet has no Compose project `{wanted}`"))
                    .help(match names.as_slice() {
                        [] => "it has none: `compose: {NAME: {files: …, on: HOST}}` in fleet.yaml".to_owned(),
                        names => format!("it has {}", names.join(", ")),
                    })
                    .suggest(wanted, names.iter().map(String::as_str));
            return Err(Failure::new(Exit::Errors, unknown));
        }
    }
    if cx.global.json {
        let texts: Map<_, _> = projects.iter().map(|(name, p)| (name.clone(), json!(p.to_yaml()))).collect();
        let fields = Map::from_iter([("projects".to_owned(), texts.into())]);
        cx.console.json(&envelope(cx, Exit::Ok, &report, fields))?;
        return Ok(Exit::Ok);
    }
    pipeline::notes(cx, &report, &sources);
    // Several are several documents.
    let texts: Vec<String> = match projects.as_slice() {
        [(_, one)] => vec![one.to_yaml()],
        all => all.iter().map(|(name, project)| format!("# {name}\n{}", project.to_yaml())).collect(),
    };
    cx.console.print(texts.join("---\n"))?;
    Ok(Exit::Ok)
}
