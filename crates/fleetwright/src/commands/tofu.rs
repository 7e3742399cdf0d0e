//! `fleetwright tofu`: the user's own OpenTofu or Terraform in a stack's folder.

use crate::exit::Exit;
use crate::failure::{Failure, envelope};
use crate::stack_program::{self as program, Ended, Ready};
use crate::{Cx, codes, folder};
use clap::{Args, Subcommand};
use diag::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tofu::Output;

/// Plan and apply stacks of OpenTofu or Terraform, and read what they give
///
/// Runs your own `tofu` (else `terraform`, or the stack's `program`) in the stack's folder, with your environment and
/// your terminal: what it prints is printed as it comes, what it asks you are asked. A stack is named under `tofu` in
/// fleet.yaml. The fleet itself may be incomplete: stacks are planned and applied before hosts have addresses.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright tofu plan\n  fleetwright tofu apply && fleetwright tofu output"
)]
pub struct Tofu {
    #[command(subcommand)]
    command: TofuCommand,
}

#[derive(Debug, Subcommand)]
enum TofuCommand {
    Plan(Plan),
    Apply(Apply),
    Output(Outputs),
}

/// Show what an apply would change
///
/// Exit codes are OpenTofu's own: 0 no changes, 2 changes, 1 an error. With --json its JSON comes through, a value a
/// line, and last one line of ours.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright tofu plan\n  fleetwright tofu plan ixp -- -out=ixp.plan -refresh=false"
)]
struct Plan {
    #[command(flatten)]
    what: What,
}

/// Apply a stack
///
/// OpenTofu shows its plan and asks; --yes is the answer. Exit code 0 when it was applied, 1 when it was not.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright tofu apply ixp\n  fleetwright tofu apply ixp --yes && fleetwright tofu output ixp\n  \
    fleetwright tofu apply ixp -- ixp.plan"
)]
struct Apply {
    #[command(flatten)]
    what: What,
    /// Apply without asking (OpenTofu's -auto-approve)
    #[arg(short, long)]
    yes: bool,
}

/// Write a stack's outputs into its file
///
/// The file is the stack's `outputs`; the fleet's `tofu/STACK/OUTPUT` are read from it. It is replaced in one step, and
/// only you may read it when an output is sensitive.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fleetwright tofu output ixp")]
struct Outputs {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
struct What {
    /// The stack; not needed where there is one
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// More arguments for OpenTofu, after `--`
    #[arg(last = true, value_name = "ARGUMENT")]
    more: Vec<String>,
}

/// The command's name, as JSON answers have it.
pub fn name(tofu: &Tofu) -> &'static str {
    match &tofu.command {
        TofuCommand::Plan(_) => "tofu plan",
        TofuCommand::Apply(_) => "tofu apply",
        TofuCommand::Output(_) => "tofu output",
    }
}

/// Runs it.
///
/// # Errors
/// When there is no such stack, no program, or the program fails.
pub fn run(tofu: &Tofu, cx: &Cx) -> Result<Exit, Failure> {
    let folder = folder::find(cx.global.fleet.as_deref())?;
    let what = match &tofu.command {
        TofuCommand::Plan(Plan { what })
        | TofuCommand::Apply(Apply { what, .. })
        | TofuCommand::Output(Outputs { what }) => what,
    };
    let ready = ready(&folder, what)?;
    let more: Vec<&str> = what.more.iter().map(String::as_str).collect();
    match &tofu.command {
        TofuCommand::Plan(_) => {
            let ended = streamed(cx, &ready, &["plan", "-detailed-exitcode"], &more)?;
            let exit = if ended.code == 2 && !ended.interrupted { Exit::Changes } else { exit(&ended) };
            last(cx, &ready, exit, vec![("changes", json!(ended.code == 2))])
        }
        TofuCommand::Apply(Apply { yes, .. }) => {
            // A plan that was written by `plan -out` was looked at.
            if cx.global.json && !yes && more.is_empty() {
                let message = "there is nobody to ask whether to apply: the answer is JSON";
                return Err(Failure::bare(Exit::Usage, codes::NO_ANSWER, message).help(
                    "--yes applies without asking; `-- FILE` applies a plan of `tofu plan -- -out=FILE`",
                ));
            }
            let mut arguments = vec!["apply"];
            if *yes {
                arguments.push("-auto-approve");
            }
            let ended = streamed(cx, &ready, &arguments, &more)?;
            last(cx, &ready, exit(&ended), Vec::new())
        }
        TofuCommand::Output(_) => output(cx, &folder, &ready, &more),
    }
}

fn ready(folder: &Path, what: &What) -> Result<Ready, Failure> {
    let sources = folder::read(folder)?;
    let (mut stacks, report) = source::stacks(&sources);
    if report.has_errors() {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::new(sources) });
    }
    let no_stack = |message: String, help: String| {
        Failure::bare(Exit::Errors, ::tofu::codes::NO_STACK, message).help(help)
    };
    let names = stacks.keys().map(ToString::to_string).collect::<Vec<_>>();
    let named = match (&what.stack, names.as_slice()) {
        (_, []) => {
            let help = "write `tofu: {STACK: {dir: FOLDER, outputs: FILE}}` into fleet.yaml";
            return Err(no_stack("this fleet names no stacks of OpenTofu".to_owned(), help.to_owned()));
        }
        (None, [one]) => one.clone(),
        (None, _) => {
            return Err(no_stack(
                "which stack is meant?".to_owned(),
                format!("there is {}", names.join(", ")),
            ));
        }
        (Some(name), _) => name.clone(),
    };
    let Some((name, stack)) = stacks.remove_entry(named.as_str()) else {
        return Err(no_stack(
            format!("there is no stack `{named}`"),
            format!("there is {}", names.join(", ")),
        ));
    };
    Ready::new(folder, name, stack).map_err(|failure| Failure { texts: Arc::new(sources), ..failure })
}

/// Runs the program with our own standard streams as its.
fn streamed(cx: &Cx, ready: &Ready, arguments: &[&str], more: &[&str]) -> Result<Ended, Failure> {
    let json: &[&str] = if cx.global.json { &["-json"] } else { &[] };
    program::run(ready, &mut ready.command(&[arguments, json, more].concat()))
}

/// What an exit code of OpenTofu is here: 1 is its only word for an error.
fn exit(ended: &Ended) -> Exit {
    match ended.code {
        0 => Exit::Ok,
        _ if ended.interrupted => Exit::Interrupted,
        _ => Exit::Errors,
    }
}

/// The last line of a streamed answer; nothing but with `--json`.
fn last(cx: &Cx, ready: &Ready, exit: Exit, more: Vec<(&str, Value)>) -> Result<Exit, Failure> {
    if cx.global.json {
        let mut fields = vec![("stack", json!(ready.name.as_str())), ("program", json!(ready.program))];
        fields.extend(more);
        let fields = Map::from_iter(fields.into_iter().map(|(k, v)| (k.to_owned(), v)));
        cx.in_lines().console.json(&envelope(cx, exit, &Report::new(), fields))?;
    }
    Ok(exit)
}

fn output(cx: &Cx, folder: &Path, ready: &Ready, more: &[&str]) -> Result<Exit, Failure> {
    let Some(file) = &ready.stack.outputs else {
        let message = format!("the stack `{}` names no file for its outputs", ready.name);
        let fault = diag::Diagnostic::error(::tofu::codes::NO_STACK, &ready.stack.place, message);
        return Err(Failure::new(Exit::Errors, fault.help("write `outputs: FILE` into it")));
    };
    let mut command = ready.command(&[&["output", "-json"], more].concat());
    let ended = program::run(ready, command.stdout(Stdio::piped()).stdin(Stdio::null()))?;
    if ended.code != 0 {
        let message = format!("`{} output -json` ended with code {}", ready.program.display(), ended.code);
        return Err(Failure::bare(exit(&ended), ::tofu::codes::FAILED, message)
            .help("what it said is above; `init` comes first in a new folder"));
    }
    let mut report = Report::new();
    let read = ::tofu::outputs("tofu output -json", &ended.output, &mut report);
    let Some(outputs) = read.filter(|_| !report.has_errors()) else {
        return Err(Failure { exit: Exit::Errors, report, texts: Arc::default() });
    };
    let path = folder.join(&file.value);
    let before =
        std::fs::read(&path).ok().and_then(|bytes| ::tofu::outputs(&file.value, &bytes, &mut Report::new()));
    let secret = outputs.values().any(|output| output.sensitive);
    program::replace(&path, &ended.output, if secret { 0o600 } else { 0o644 })?;
    let changed = changed(&before.unwrap_or_default(), &outputs);
    if cx.global.json {
        let sensitive: Vec<&String> =
            outputs.iter().filter(|(_, o)| o.sensitive).map(|(name, _)| name).collect();
        let names: Vec<&String> = outputs.keys().collect();
        let fields = json!({"stack": ready.name.as_str(), "file": file.value, "outputs": names, "changed": changed, "sensitive": sensitive});
        let Value::Object(fields) = fields else { return Ok(Exit::Ok) };
        cx.console.json(&envelope(cx, Exit::Ok, &Report::new(), fields))?;
        return Ok(Exit::Ok);
    }
    let mut text = format!("{}: {} outputs in {}", ready.name, outputs.len(), file.value);
    if !changed.is_empty() {
        let _ = write!(text, ", changed: {}", changed.join(", "));
    }
    cx.console.say(text)?;
    Ok(Exit::Ok)
}

/// Names of outputs that are new, gone or of another value.
fn changed(before: &BTreeMap<String, Output>, after: &BTreeMap<String, Output>) -> Vec<String> {
    let same = |name: &&String| match (before.get(*name), after.get(*name)) {
        (Some(a), Some(b)) => a.value.to_value() == b.value.to_value(),
        _ => false,
    };
    let mut all: Vec<&String> = before.keys().chain(after.keys()).collect();
    all.sort();
    all.dedup();
    all.into_iter().filter(|name| !same(name)).cloned().collect()
}
