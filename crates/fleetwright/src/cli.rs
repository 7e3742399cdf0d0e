//! The command line. Help, man pages, completions and `docs/commands/` are all made from these definitions.

use crate::commands;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// One declarative model of a self-hosted fleet: derived, proved on a twin, applied, watched.
///
/// A fleet is a folder with a fleet.yaml. Everything else (addresses, keys, tunnels, firewalls, proxies,
/// DNS, alerts) is derived from it; `fleetwright why HOST:PATH:LINE` names the source line behind any line
/// of any file.
#[derive(Debug, Parser)]
#[command(
    name = "fleetwright",
    version,
    propagate_version = true,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 ok, 1 errors in the sources, 2 usage, 3 refuted or failed, 4 unknown, 5 something is \
                  missing on this machine, 130 interrupted."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// The fleet's folder [default: the nearest folder with a fleet.yaml, from here upwards]
    #[arg(short = 'C', long = "fleet", value_name = "DIR", global = true, help_heading = "Global options")]
    pub fleet: Option<PathBuf>,
    /// Print one JSON object instead of text (shapes: docs/json.md)
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// When to use colour
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        help_heading = "Global options"
    )]
    pub color: When,
    /// Say nothing when all is well
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Say on standard error how long each phase took and how much memory was needed
    #[arg(long, global = true, hide = true)]
    pub timing: bool,
}

/// When something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands, in the order a fleet meets them.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the commands' own structs say what they are")]
pub enum Command {
    Init(commands::init::Init),
    Check(commands::check::Check),
    Explain(commands::explain::Explain),
    Schema(commands::schema::Schema),
    Show(commands::show::Show),
    Compose(commands::compose::Compose),
    Lock(commands::lock::Lock),
    Render(commands::render::Render),
    Inventory(commands::inventory::Inventory),
    Import(commands::import::Import),
    Why(commands::why::Why),
    Graph(commands::graph::Graph),
    Plan(commands::plan::Plan),
    Apply(commands::apply::Apply),
    Secrets(commands::secrets::Secrets),
    Status(commands::status::Status),
    Adopt(commands::adopt::Adopt),
    History(commands::history::HistoryOf),
    Generations(commands::generations::Generations),
    Rollback(commands::rollback::Rollback),
    Unlock(commands::unlock::Unlock),
    Trust(commands::trust::Trust),
    Tofu(commands::tofu::Tofu),
    Twin(commands::twin::Twin),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}
