//! `fleetwright why`.

use crate::commands::render::no_host;
use crate::exit::Exit;
use crate::failure::{Failure, text_of};
use crate::ui::Style;
use crate::{Cx, codes, pipeline};
use artifact::Desired;
use clap::Args;
use diag::Diagnostic;
use model::HostId;
use serde_json::json;
use source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Tell which source line a rendered line came from
///
/// HOST:PATH:LINE asks about one line of a file, HOST:PATH about each of its lines. HOST:NAME asks about a
/// systemd unit, package, account or folder. Needs neither network nor root.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright why kyiv-gw:/etc/fleetwright/nftables.nft:31\n  \
    fleetwright why mac-mini:/etc/caddy/Caddyfile\n  fleetwright why mac-mini:caddy.service")]
pub struct Why {
    /// Host, path and line (from 1)
    #[arg(value_name = "HOST:PATH[:LINE]")]
    what: String,
}

/// A line or a thing with its reason.
pub struct Answer<'d> {
    /// Its number in the file; `None` for what is no file.
    pub number: Option<usize>,
    /// What is there, secrets hidden.
    pub text: String,
    /// Why.
    pub why: &'d artifact::Why,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, or no such host, path or line.
pub fn run(command: &Why, cx: &Cx) -> Result<Exit, Failure> {
    let rendered = pipeline::render(cx)?;
    let answers = answer(&rendered.hosts, &command.what)?;
    let checked = &rendered.chosen.checked;
    let list = || {
        answers
            .iter()
            .map(|a| json!({"line": a.number, "text": a.text, "place": a.why.place, "reason": a.why.reason}))
    };
    let fields = || vec![("question", json!(command.what)), ("answers", list().collect())];
    pipeline::finish(cx, checked, Exit::Ok, fields, || tell(cx, &answers, &checked.sources))
}

/// The answers to a question.
///
/// # Errors
/// When there is no such host, path or line; near ones are suggested.
pub fn answer<'d>(hosts: &'d BTreeMap<HostId, Desired>, question: &str) -> Result<Vec<Answer<'d>>, Failure> {
    let no_such = |d: Diagnostic| Failure::new(Exit::Errors, d);
    let Some((host, rest)) = question.split_once(':') else {
        return Err(no_such(
            Diagnostic::bare(codes::NO_SUCH, format!("`{question}` is not HOST:PATH[:LINE]"))
                .help("for example kyiv-gw:/etc/fleetwright/nftables.nft:31"),
        ));
    };
    let desired = hosts.get(host).ok_or_else(|| no_host(host, hosts.keys()))?;
    // systemd's names have colons and digits too, so a line number only follows a path.
    let (thing, line) = match rest.rsplit_once(':') {
        Some((path, number)) if rest.starts_with('/') && !desired.files.contains_key(rest) => {
            match number.parse::<usize>() {
                Ok(n) => (path, Some(n)),
                Err(_) => (rest, None),
            }
        }
        _ => (rest, None),
    };
    if let Some(file) = desired.files.get(thing) {
        let lines = file.text.lines.iter().enumerate();
        let answers: Vec<Answer<'_>> = lines
            .filter(|(i, _)| line.is_none_or(|n| n == i + 1))
            .map(|(i, l)| Answer { number: Some(i + 1), text: l.public(), why: &l.why })
            .collect();
        if answers.is_empty() && line.is_some() {
            let message = format!("{host}:{thing} has {} lines", file.text.lines.len());
            return Err(no_such(Diagnostic::bare(codes::NO_SUCH, message)));
        }
        return Ok(answers);
    }
    let whys = [
        desired.units.get(thing).map(|u| &u.why),
        desired.packages.get(thing).map(|p| &p.why),
        desired.users.get(thing).map(|u| &u.why),
        desired.dirs.get(thing).map(|d| &d.why),
        desired.links.get(thing).map(|l| &l.why),
    ];
    let answers: Vec<Answer<'_>> =
        whys.into_iter().flatten().map(|why| Answer { number: None, text: thing.to_owned(), why }).collect();
    if answers.is_empty() {
        let names = desired
            .files
            .keys()
            .chain(desired.units.keys())
            .chain(desired.packages.keys())
            .map(String::as_str);
        let unknown =
            Diagnostic::bare(codes::NO_SUCH, format!("{host} has no file, unit or package `{thing}`"))
                .help(format!("`fleetwright render --host {host}` lists its files"));
        return Err(no_such(unknown.suggest(thing, names)));
    }
    Ok(answers)
}

/// One line: the line, its reason, its place and the text there. Many: a line each.
fn tell(cx: &Cx, answers: &[Answer<'_>], sources: &Sources) -> String {
    let paint = cx.console.paint;
    let mut out = String::new();
    if let [only] = answers {
        let number = only.number.map_or(String::new(), |n| format!("{n}  "));
        let _ = writeln!(out, "{}{}", paint.with(Style::Dim, number), only.text);
        let _ = writeln!(out, "  because {}", only.why.reason);
        if only.why.place.is_source() {
            let line = text_of(sources, &only.why.place.file)
                .and_then(|t| t.lines().nth(only.why.place.line as usize - 1).map(|l| l.trim().to_owned()));
            let _ = writeln!(
                out,
                "  from {}  {}",
                paint.with(Style::Name, only.why.place.to_string()),
                line.unwrap_or_default()
            );
        } else {
            let _ = writeln!(out, "  from the tool itself ({})", only.why.place);
        }
        return out;
    }
    let wide = answers.len().to_string().len();
    let mut last = None;
    for a in answers {
        // A run of lines with one reason says it once.
        if last != Some(a.why) {
            let place = paint.with(Style::Name, a.why.place.to_string());
            let _ = writeln!(
                out,
                "{} {place} {}",
                paint.with(Style::Dim, "#"),
                paint.with(Style::Dim, &*a.why.reason)
            );
            last = Some(a.why);
        }
        let number = a.number.map_or(String::new(), |n| format!("{n:>wide$}"));
        let _ = writeln!(out, "{}  {}", paint.with(Style::Dim, number), a.text);
    }
    out
}
