//! The `fleetwright` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    fleetwright::run(std::env::args_os()).into()
}
