//! A line typed at the terminal without being shown.

use crate::ui::Undisturbed;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};

/// Asks at the terminal, without showing what is typed. `None` without a terminal or an answer.
pub fn secretly(question: &str) -> Option<String> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let _screen = Undisturbed::new();
    write!(&terminal, "{question}: ").ok()?;
    let hidden = Hidden::on(&terminal)?;
    let line = line_of(&mut &terminal);
    drop(hidden);
    let _ = (&terminal).write_all(b"\n");
    line.filter(|l| !l.is_empty())
}

/// A line as typed; `None` at the end of input and for Ctrl-C, which is a character while a line is hidden.
fn line_of(from: &mut impl Read) -> Option<String> {
    const INTERRUPT: u8 = 3;
    let (mut line, mut byte) = (Vec::new(), [0]);
    while from.read(&mut byte).ok()? == 1 {
        match byte[0] {
            b'\n' => return String::from_utf8(line).ok(),
            INTERRUPT => return None,
            other => line.push(other),
        }
    }
    None
}

/// While it lives, a terminal shows nothing of what is typed.
struct Hidden<'a> {
    terminal: &'a File,
    before: rustix::termios::Termios,
}

impl<'a> Hidden<'a> {
    fn on(terminal: &'a File) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut hidden = before.clone();
        // Signals too: an interrupted question must not leave a terminal that shows nothing.
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(terminal, OptionalActions::Flush, &hidden).ok()?;
        Some(Hidden { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn a_hidden_line_ends_or_is_none() {
        assert_eq!(line_of(&mut b"secret\nmore".as_slice()).as_deref(), Some("secret"));
        assert_eq!(line_of(&mut b"sec\x03ret\n".as_slice()), None);
        assert_eq!(line_of(&mut b"half".as_slice()), None);
    }
}
