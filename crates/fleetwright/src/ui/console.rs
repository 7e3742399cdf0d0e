//! Standard output and error. A reader that went away is no error; a full disk is.

use crate::cli::{Global, When};
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Paint;
use diag::Diagnostic;
use std::io::{ErrorKind, IsTerminal, Write};

/// Where words go, and how wide and colourful they may be.
#[derive(Clone, Debug)]
pub struct Console {
    /// Colour on standard output.
    pub paint: Paint,
    /// Colour on standard error.
    pub paint_err: Paint,
    /// Columns of the terminal; 80 when there is none.
    pub width: usize,
    /// Somebody may look at standard error as it comes.
    pub live: bool,
    /// Somebody may read standard error later: neither `--quiet` nor JSON.
    pub told: bool,
    /// JSON values a line, as things happen.
    pub lines: bool,
    quiet: bool,
}

impl Console {
    /// As the options and the terminal say.
    pub fn new(global: &Global) -> Self {
        let wanted = |terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
                    || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
                terminal && !plain
            }
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Console {
            paint: Paint { on: wanted(out) && !global.json },
            paint_err: Paint { on: wanted(err) },
            width: width(),
            live: err && !global.quiet && !global.json,
            told: !global.quiet && !global.json,
            lines: false,
            quiet: global.quiet,
        }
    }

    /// One that says nothing.
    pub fn mute() -> Self {
        let off = Paint { on: false };
        Console { paint: off, paint_err: off, width: 80, live: false, told: false, lines: false, quiet: true }
    }

    /// The same, but what happens is only drawn: lines about it would repeat the result.
    pub fn only_frames(&self) -> Self {
        Console { told: false, lines: false, ..self.clone() }
    }

    /// A result, on standard output.
    ///
    /// # Errors
    /// When it cannot be written and somebody is still reading.
    pub fn print(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.print_bytes(text.as_ref().as_bytes())
    }

    /// A result that need not be text.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
                Exit::Errors,
                Diagnostic::bare(codes::UNWRITABLE, format!("standard output: {e}")),
            )),
            _ => Ok(()),
        }
    }

    /// A word about what was done, on standard output; not said with `--quiet`.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn say(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.print(format!("{}\n", text.as_ref())) }
    }

    /// One JSON value, on standard output; on one line where each line is one.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn json(&self, value: &serde_json::Value) -> Result<(), Failure> {
        self.print(if self.lines { format!("{value}\n") } else { format!("{value:#}\n") })
    }

    /// Diagnostics and other words beside the result, on standard error. Nobody can be told when it fails.
    pub fn note(&self, text: impl AsRef<str>) {
        let _ = std::io::stderr().lock().write_all(text.as_ref().as_bytes());
    }
}

fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let seen = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|w| usize::from(w.ws_col));
    said.or_else(seen).filter(|w| *w >= 20).unwrap_or(80)
}
