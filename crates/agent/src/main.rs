//! `fleetwright-agent COMMAND`: one request on standard input, one JSON value a line on standard output.
//! Exit code 0: done; 1: not done, the last line says why; 2: wrong arguments.

use agent::{
    System, Talk, Watched, apply_command, confirm_command, deadman, drift_command, drift_watch,
    generations_command, observe_command, probe_command, recover_command, status_command, undo_command,
    unlock_command,
};
use artifact::protocol::{Event, Fault};
use std::process::ExitCode;

const USAGE: &str = "usage: fleetwright-agent [--root DIR] \
                     (observe | apply | confirm | undo [--generation N --deadman] | recover [--boot] | status \
                     | generations | drift | drift-watch [--metrics FILE] | probe | unlock)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (root, args) = match args.as_slice() {
        ["--root", root, rest @ ..] => (*root, rest),
        rest => ("/", rest),
    };
    let mut system = System::new(root);
    match args {
        ["drift-watch"] => return watched(drift_watch(&mut system, None)),
        ["drift-watch", "--metrics", file] => return watched(drift_watch(&mut system, Some(*file))),
        _ => {}
    }
    let mut talk = Talk::stdio();
    let ended = match args {
        ["observe"] => observe_command(&mut system, &mut talk),
        ["apply"] => apply_command(&mut system, &mut talk),
        ["confirm"] => confirm_command(&mut system, &mut talk),
        ["undo"] => undo_command(&mut system, &mut talk),
        ["undo", "--generation", generation, "--deadman"] => match generation.parse() {
            Ok(generation) => deadman(&mut system, generation),
            Err(_) => return usage(),
        },
        ["recover"] => recover_command(&mut system),
        ["recover", "--boot"] => {
            system.booting = true;
            recover_command(&mut system)
        }
        ["status"] => status_command(&mut system, &mut talk),
        ["generations"] => generations_command(&mut system, &mut talk),
        ["drift"] => drift_command(&mut system, &mut talk),
        ["probe"] => probe_command(&mut system, &mut talk),
        ["unlock"] => unlock_command(&mut system, &mut talk),
        _ => return usage(),
    };
    let event = ended.unwrap_or_else(Event::Refused);
    talk.say(&event);
    match event {
        Event::Refused(_) | Event::Failed(_) => ExitCode::FAILURE,
        // The timer tries again what could not be put back.
        Event::Undone(report) if args.contains(&"--deadman") && !report.remaining.is_empty() => {
            ExitCode::FAILURE
        }
        Event::Undone(_) if args == ["apply"] || args == ["confirm"] => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// By a timer, whose only reader is the journal: that something differs is no failure of the look.
fn watched(ended: Result<Watched, Fault>) -> ExitCode {
    match ended {
        Ok(watched) => {
            for line in watched.lines() {
                eprintln!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(fault) => {
            let message = fault.message.replace(char::is_control, "?");
            eprintln!("<3>could not look for drift: {}: {message}", fault.code);
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
