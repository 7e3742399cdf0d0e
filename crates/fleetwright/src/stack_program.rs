//! The user's own `tofu` or `terraform`: found, started in a stack's folder, waited for.

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use diag::Diagnostic;
use model::{Label, TofuStack};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is looked for when a stack names no program.
const USUAL: [&str; 2] = ["tofu", "terraform"];
/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A stack and where it is.
pub struct Ready {
    /// Its name.
    pub name: Label,
    /// The stack.
    pub stack: TofuStack,
    /// The folder it is planned and applied in.
    pub dir: PathBuf,
    /// The program, as a path.
    pub program: PathBuf,
}

impl Ready {
    /// Finds a stack's folder and program.
    ///
    /// # Errors
    /// When there is no such folder, or no program.
    pub fn new(folder: &Path, name: Label, stack: TofuStack) -> Result<Ready, Failure> {
        let dir = folder.join(&stack.dir.value);
        if !dir.is_dir() {
            let message = format!("there is no folder `{}`", stack.dir.value);
            let fault = Diagnostic::error(tofu::codes::NO_STACK, &stack.dir.place, message)
                .help("`dir` counts from the fleet's folder; a tree of templates that makes it: `fleetwright render --trees`");
            return Err(Failure::new(Exit::Errors, fault));
        }
        let program = match &stack.program {
            Some(program) => found(folder, &program.value).ok_or_else(|| {
                let message = format!("there is no program `{}` on this machine", program.value);
                let fault = Diagnostic::error(tofu::codes::NO_PROGRAM, &program.place, message);
                Failure::new(Exit::Missing, fault.help("install it, or take `program` out: `tofu`, else `terraform`, is looked for then"))
            })?,
            None => USUAL.iter().find_map(|name| found(folder, name)).ok_or_else(|| {
                let message = "neither `tofu` nor `terraform` is on this machine";
                Failure::bare(Exit::Missing, tofu::codes::NO_PROGRAM, message).help(
                    "install OpenTofu (https://opentofu.org/docs/intro/install/) or Terraform; one that is not in PATH is named by `program` in the stack",
                )
            })?,
        };
        Ok(Ready { name, stack, dir, program })
    }

    /// The program with its arguments, in the stack's folder and with the caller's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.dir);
        command
    }
}

/// A program by its path (from the fleet's folder) or its name in `PATH`.
fn found(folder: &Path, program: &str) -> Option<PathBuf> {
    let runs = |path: &Path| {
        fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return std::path::absolute(folder.join(program)).ok().filter(|path| runs(path));
    }
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|at| at.join(program)).find(|path| runs(path))
}

/// How a program ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it printed, where its standard output is a pipe.
    pub output: Vec<u8>,
    /// Somebody asked it to stop.
    pub interrupted: bool,
}

/// Starts a program and waits for its end. Signals are passed on: what it holds (a lock on its state) is its own to
/// give up.
///
/// # Errors
/// When it cannot be started, or a signal ended it.
pub fn run(ready: &Ready, command: &mut Command) -> Result<Ended, Failure> {
    let failed = |e: io::Error| {
        Failure::bare(Exit::Errors, tofu::codes::FAILED, format!("{}: {e}", ready.program.display()))
            .help("run it by hand in the stack's folder")
    };
    let mut signals = Signals::listen().map_err(failed)?;
    let mut child = command.spawn().map_err(failed)?;
    let pipe = child.stdout.take();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (status, output) = std::thread::scope(|scope| {
        // Who fills a pipe that nobody reads waits for ever.
        let reading = pipe.map(|mut pipe| {
            scope.spawn(move || {
                let mut output = Vec::new();
                pipe.read_to_end(&mut output).map(|_| output)
            })
        });
        let status = loop {
            // Before it is waited for, its number is nobody else's.
            pid.into_iter().for_each(|pid| signals.pass_on(pid));
            match child.try_wait()? {
                Some(status) => break status,
                None => std::thread::sleep(LOOK),
            }
        };
        let output = match reading.map(std::thread::ScopedJoinHandle::join) {
            None => Vec::new(),
            Some(Ok(output)) => output?,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        };
        Ok((status, output))
    })
    .map_err(failed)?;
    match status.code() {
        Some(code) => Ok(Ended { code, output, interrupted: signals.asked }),
        None => Err(killed(ready, status.signal().unwrap_or_default())),
    }
}

fn killed(ready: &Ready, signal: i32) -> Failure {
    let exit = if signal == SIGINT || signal == SIGTERM { Exit::Interrupted } else { Exit::Errors };
    let message = format!("{} was ended by signal {signal}", ready.program.display());
    Failure::bare(exit, tofu::codes::FAILED, message)
        .help("if it held a lock on its state, the next run says so and how to release it")
}

/// Signals to this process while a program runs.
struct Signals {
    /// One has come.
    asked: bool,
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        let signals = Signals { asked: false, interrupt: Arc::default(), terminate: Arc::default() };
        signal_hook::flag::register(SIGINT, Arc::clone(&signals.interrupt))?;
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminate))?;
        Ok(signals)
    }

    /// Each signal once. Ctrl-C on a terminal has reached the program already, and a second one would make it end
    /// without putting its state in order.
    fn pass_on(&mut self, pid: Pid) {
        let interrupted = self.interrupt.swap(false, Ordering::Relaxed);
        let terminated = self.terminate.swap(false, Ordering::Relaxed);
        self.asked |= interrupted || terminated;
        if terminated || (interrupted && !in_foreground()) {
            // One that has just ended needs no signal.
            let _ = kill_process(pid, Signal::INT);
        }
    }
}

/// True when this process, and so what it started, is what a terminal's keys go to.
fn in_foreground() -> bool {
    let terminal = OpenOptions::new().read(true).open("/dev/tty");
    terminal.is_ok_and(|tty| rustix::termios::tcgetpgrp(tty).is_ok_and(|group| group == getpgrp()))
}

/// Writes a file in one step: a reader sees the old one or the new one.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failed =
        |e: io::Error| Failure::bare(Exit::Errors, codes::UNWRITABLE, format!("{}: {e}", path.display()));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = folder.join(format!(".{name}.new-{}", std::process::id()));
    let write = || {
        fs::create_dir_all(folder)?;
        match fs::remove_file(&staged) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged)?;
        file.write_all(bytes)?;
        // After writing, and past the umask.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&staged, path)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&staged);
        failed(e)
    })
}
