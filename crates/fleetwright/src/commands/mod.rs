//! One file a command.

pub mod adopt;
pub mod apply;
pub mod check;
pub mod completions;
pub mod compose;
pub mod explain;
pub mod generations;
pub mod graph;
pub mod history;
pub mod import;
pub mod init;
pub mod inventory;
pub mod lock;
pub mod man;
pub mod outcome;
pub mod plan;
pub mod render;
mod render_trees;
pub mod rollback;
pub mod schema;
pub mod secrets;
pub mod show;
pub mod status;
pub mod tofu;
pub mod trust;
pub mod twin;
pub mod unlock;
pub mod why;

use crate::cli::Command;

/// The command's name, as JSON answers have it.
pub fn name(command: &Command) -> &'static str {
    match command {
        Command::Init(_) => "init",
        Command::Check(_) => "check",
        Command::Explain(_) => "explain",
        Command::Schema(_) => "schema",
        Command::Show(_) => "show",
        Command::Compose(_) => "compose",
        Command::Lock(_) => "lock",
        Command::Render(_) => "render",
        Command::Inventory(_) => "inventory",
        Command::Import(_) => "import",
        Command::Why(_) => "why",
        Command::Graph(_) => "graph",
        Command::Plan(_) => "plan",
        Command::Apply(_) => "apply",
        Command::Secrets(secrets) => secrets::name(secrets),
        Command::Status(_) => "status",
        Command::History(_) => "history",
        Command::Generations(_) => "generations",
        Command::Adopt(_) => "adopt",
        Command::Rollback(_) => "rollback",
        Command::Unlock(_) => "unlock",
        Command::Trust(_) => "trust",
        Command::Tofu(tofu) => tofu::name(tofu),
        Command::Twin(twin) => twin::name(twin),
        Command::Completions(_) => "completions",
        Command::Man(_) => "man",
    }
}
