//! The pages of `docs/` that follow from the code: one a command, and the exit codes. A test holds that the
//! files are what these functions say.

use crate::cli::Cli;
use crate::exit;
use clap::{Arg, Command, CommandFactory};
use std::collections::BTreeMap;
use std::fmt::Write;

/// `docs/` paths and texts.
pub fn pages() -> BTreeMap<String, String> {
    let mut root = Cli::command();
    root.build();
    let mut pages = BTreeMap::new();
    let mut index = "# Commands\n\nMade from the program's own definitions; `fleetwright COMMAND --help` says the same.\n\n".to_owned();
    commands(&root, "fleetwright", &mut pages, &mut index);
    let _ = writeln!(index, "\n## Options of every command\n\n{}", options(&root, true));
    index.push_str(
        "Exit codes: [exit-codes.md](../exit-codes.md). Shapes of `--json`: [json.md](../json.md).\n",
    );
    pages.insert("commands/README.md".to_owned(), index);
    pages.insert("exit-codes.md".to_owned(), exit_codes());
    pages
}

fn commands(parent: &Command, path: &str, pages: &mut BTreeMap<String, String>, index: &mut String) {
    for command in parent.get_subcommands() {
        let path = format!("{path} {}", command.get_name());
        let file = path.trim_start_matches("fleetwright ").replace(' ', "-");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(index, "- [`{path}`]({file}.md): {about}");
        pages.insert(format!("commands/{file}.md"), page(command, &path));
        commands(command, &path, pages, index);
    }
}

fn page(command: &Command, path: &str) -> String {
    let mut out = format!("# {path}\n\n");
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(out, "{about}\n");
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let _ = writeln!(out, "```\n{usage}\n```\n");
    let positionals: Vec<&Arg> = command.get_positionals().collect();
    if !positionals.is_empty() {
        out.push_str("| argument | meaning |\n|---|---|\n");
        for arg in positionals {
            let names: Vec<String> =
                arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "| `{}` | {} |", names.join(" "), meaning(arg));
        }
        out.push('\n');
    }
    let own = options(command, false);
    if !own.is_empty() {
        let _ = writeln!(out, "{own}");
    }
    if let Some(after) = command.get_after_help() {
        let _ = writeln!(out, "{}", examples(&after.to_string()));
    }
    out.push_str("Global options and exit codes: [Commands](README.md).\n");
    out
}

/// A table of options: those of every command, or a command's own.
fn options(command: &Command, global: bool) -> String {
    let own = |arg: &&Arg| !arg.is_positional() && !arg.is_hide_set() && arg.is_global_set() == global;
    let mut rows = String::new();
    for arg in
        command.get_arguments().filter(own).filter(|a| !matches!(a.get_id().as_str(), "help" | "version"))
    {
        let mut names: Vec<String> = arg.get_short().map(|c| format!("-{c}")).into_iter().collect();
        names.extend(arg.get_long().map(|l| format!("--{l}")));
        let takes = arg.get_action().takes_values();
        let value = if takes {
            arg.get_value_names().map(|v| format!(" {}", v.join(" "))).unwrap_or_default()
        } else {
            String::new()
        };
        let _ = writeln!(rows, "| `{}{value}` | {} |", names.join("`, `"), meaning(arg));
    }
    if rows.is_empty() { rows } else { format!("| option | meaning |\n|---|---|\n{rows}") }
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|v| !v.is_hide_set())
        .map(|v| format!("`{}`", v.get_name()))
        .collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        let _ = write!(text, " ({})", values.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        let _ = write!(text, " [default: {}]", defaults.join(" "));
    }
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Indented lines become a block, the others stay words.
fn examples(text: &str) -> String {
    let mut out = String::new();
    let mut block = false;
    for line in text.lines() {
        let inside = line.starts_with("  ");
        if inside != block {
            out.push_str(if inside { "\n```sh\n" } else { "```\n" });
            block = inside;
        }
        out.push_str(line.trim_start());
        out.push('\n');
    }
    if block {
        out.push_str("```\n");
    }
    out
}

fn exit_codes() -> String {
    let mut out = "# Exit codes\n\nEvery command ends with one of these. \"Unknown\" is never 0.\n\n| code | word | meaning |\n|---|---|---|\n".to_owned();
    for row in exit::TABLE {
        let _ = writeln!(out, "| {} | {} | {} |", row.exit.code(), row.word, row.meaning);
    }
    out
}
