//! `fleetwright generations`.

use crate::asking::{self, NoAnswer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Progress, Style, Table};
use crate::way::{self, At, Way};
use crate::{Cx, clock, codes, pipeline};
use artifact::protocol::{Event, GenerationSeen};
use clap::Args;
use diag::Diagnostic;
use serde_json::json;

/// List the generations a host keeps: what `fleetwright rollback` can go back to
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright generations mac-mini\n  fleetwright generations mac-mini --json"
)]
pub struct Generations {
    /// The host
    #[arg(value_name = "HOST")]
    host: String,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, there is no way onto the host or it does not answer.
pub fn run(command: &Generations, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let way = way::open(cx, &command.at, std::slice::from_ref(&command.host))?;
    progress.say("asking the host");
    let all = of(&way, &command.host)?;
    drop(progress);
    let fields = || vec![("at", json!(way.name)), ("host", json!(command.host)), ("generations", json!(all))];
    pipeline::finish(cx, &way.checked, Exit::Ok, fields, || {
        if all.is_empty() { "nothing was applied yet\n".to_owned() } else { table(cx, &all) }
    })
}

/// What a host keeps.
///
/// # Errors
/// When it does not answer.
pub(super) fn of(way: &Way, host: &str) -> Result<Vec<GenerationSeen>, Failure> {
    let targets = way.targets();
    let target = targets.iter().find(|t| t.desired.host == host);
    let answer = target.map(|t| asking::one(t, "generations", &asking::plainly()));
    match answer {
        Some(Ok(Event::Generations(all))) => Ok(all),
        Some(Ok(other)) => Err(no_answer(host, &unexpected(&other))),
        Some(Err(why)) => Err(no_answer(host, &why)),
        None => Err(Failure::bare(Exit::Errors, codes::NO_SUCH, format!("the fleet has no host `{host}`"))),
    }
}

/// An answer to another question.
pub(super) fn unexpected(event: &Event) -> NoAnswer {
    NoAnswer { code: None, text: format!("unexpected answer: {}", event.name()), help: None }
}

/// A host that does not answer, as what ends a command.
pub(super) fn no_answer(host: &str, why: &NoAnswer) -> Failure {
    let mut said = Diagnostic::bare(why.code.unwrap_or(codes::NO_WAY), format!("{host}: {}", why.text));
    said.help.clone_from(&why.help);
    // What the agent refuses was understood and not done; what was not reached is unknown.
    let refused =
        why.code.is_some_and(|c| (crate::trouble::LOCK_HELD..crate::trouble::PLAN_FILE).contains(&c));
    Failure::new(if refused { Exit::Refuted } else { Exit::Unknown }, said)
}

fn table(cx: &Cx, all: &[GenerationSeen]) -> String {
    let mut table = Table::new();
    for g in all {
        let (word, style) = match (g.current, g.whole, g.receipt) {
            (true, _, _) => ("current", Style::Good),
            (false, false, _) => ("damaged", Style::Bad),
            (false, true, true) => ("kept", Style::Name),
            (false, true, false) => ("undone", Style::Dim),
        };
        let at = if g.at == 0 { "-".to_owned() } else { clock::moment(g.at) };
        let who = if g.who.is_empty() { "-" } else { &g.who };
        table.styled([
            (&g.generation.to_string(), Some(Style::Bold)),
            (word, Some(style)),
            (&at, Some(Style::Dim)),
            (who, None),
            (&format!("{} files, {} units", g.files, g.units), None),
        ]);
    }
    table.text(0, cx.console.width, cx.console.paint)
}
