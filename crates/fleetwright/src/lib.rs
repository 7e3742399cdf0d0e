//! Arguments in, words out. The library never prints by itself: every word goes through [`ui::Console`].
//!
//! `cli` defines the command line, `commands` has one file a command, `folder` is the only place that reads
//! the fleet's files, `lock_file`, `known_hosts` and `secret_store` the only ones that write beside them,
//! `pipeline` runs the pure rooms in their order.

pub mod adopt;
pub mod asking;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod commands;
pub mod compose_files;
pub mod exit;
pub mod failure;
pub mod folder;
pub mod going_back;
pub mod graph;
pub mod history;
pub mod keys;
pub mod known_hosts;
pub mod lock_file;
pub mod output_tree;
pub mod pipeline;
pub mod plan_file;
pub mod receipts;
pub mod reference;
pub mod remembering;
pub mod run_lock;
pub mod runs;
pub mod secret_store;
pub mod sign_in;
pub mod stack_program;
pub mod trees;
pub mod trouble;
pub mod twin_fleet;
pub mod ui;
pub mod waves;
pub mod way;

use clap::Parser;
use cli::{Cli, Command};
use exit::Exit;
use ui::Console;

/// What every command gets.
pub struct Cx {
    /// Options of every command.
    pub global: cli::Global,
    /// Where words go.
    pub console: Console,
    /// Name of the command, for JSON.
    pub command: &'static str,
}

impl Cx {
    /// The same, for a command that prints one JSON value a line.
    pub fn in_lines(&self) -> Cx {
        let global = cli::Global { json: true, ..self.global.clone() };
        let mut console = Console::new(&global);
        console.lines = true;
        Cx { global, console, command: self.command }
    }
}

/// Runs one command line, the program's name first.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap; a closed pipe is nobody's fault.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let console = Console::new(&cli.global);
    let cx = Cx { command: commands::name(&cli.command), global: cli.global, console };
    let ended = match cli.command {
        Command::Init(c) => commands::init::run(&c, &cx),
        Command::Check(c) => commands::check::run(&c, &cx),
        Command::Explain(c) => commands::explain::run(&c, &cx),
        Command::Schema(c) => commands::schema::run(&c, &cx),
        Command::Show(c) => commands::show::run(&c, &cx),
        Command::Compose(c) => commands::compose::run(&c, &cx),
        Command::Lock(c) => commands::lock::run(&c, &cx),
        Command::Render(c) => commands::render::run(&c, &cx),
        Command::Inventory(c) => commands::inventory::run(&c, &cx),
        Command::Import(c) => commands::import::run(&c, &cx),
        Command::Why(c) => commands::why::run(&c, &cx),
        Command::Graph(c) => commands::graph::run(&c, &cx),
        Command::Plan(c) => commands::plan::run(&c, &cx),
        Command::Apply(c) => commands::apply::run(&c, &cx),
        Command::Secrets(c) => commands::secrets::run(&c, &cx),
        Command::Status(c) => commands::status::run(&c, &cx),
        Command::Adopt(c) => commands::adopt::run(&c, &cx),
        Command::History(c) => commands::history::run(&c, &cx),
        Command::Generations(c) => commands::generations::run(&c, &cx),
        Command::Rollback(c) => commands::rollback::run(&c, &cx),
        Command::Unlock(c) => commands::unlock::run(&c, &cx),
        Command::Trust(c) => commands::trust::run(&c, &cx),
        Command::Tofu(c) => commands::tofu::run(&c, &cx),
        Command::Twin(c) => commands::twin::run(&c, &cx),
        Command::Completions(c) => commands::completions::run(&c, &cx),
        Command::Man(c) => commands::man::run(&c, &cx),
    };
    match ended {
        Ok(exit) => exit,
        Err(failure) => failure.report(&cx),
    }
}
