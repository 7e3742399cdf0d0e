//! `fleetwright explain`.

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::{Cx, codes};
use clap::Args;
use diag::{Diagnostic, Report};
use serde_json::{Map, json};

/// Tell what a diagnostic code means and what to do
///
/// Without a code, lists all of them. The same pages are in docs/codes/.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright explain FW0101\n  fleetwright explain")]
pub struct Explain {
    /// The code, `FW` and four digits
    code: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When there is no such code.
pub fn run(command: &Explain, cx: &Cx) -> Result<Exit, Failure> {
    let Some(code) = &command.code else {
        if cx.global.json {
            let all: Vec<_> = check::pages()
                .iter()
                .map(|(code, page)| json!({"code": code, "title": title(page)}))
                .collect();
            let fields = Map::from_iter([("codes".to_owned(), json!(all))]);
            cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
        } else {
            let list: String =
                check::pages().iter().map(|(code, page)| format!("{code}  {}\n", title(page))).collect();
            cx.console.print(list)?;
        }
        return Ok(Exit::Ok);
    };
    let code = code.to_uppercase();
    let Some(page) = check::explain(&code) else {
        let unknown = Diagnostic::bare(codes::NO_CODE, format!("there is no code `{code}`"))
            .help("`fleetwright explain` lists all codes")
            .suggest(&code, check::pages().iter().map(|(code, _)| *code));
        return Err(Failure::new(Exit::Errors, unknown));
    };
    if cx.global.json {
        let fields = Map::from_iter([("code".to_owned(), json!(code)), ("page".into(), json!(page))]);
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
    } else {
        cx.console.print(page)?;
    }
    Ok(Exit::Ok)
}

/// The title of a page: its first line without the mark and the code.
fn title(page: &str) -> &str {
    let line = page.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    line.split_once([':', ' ']).map_or(line, |(_, title)| title.trim())
}
