//! A question with yes or no.

use crate::Cx;
use crate::ui::Undisturbed;
use std::io::{BufRead, IsTerminal};

/// True when there is a person who can be asked.
pub fn somebody(cx: &Cx) -> bool {
    !cx.global.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks until the answer is yes or no. The end of input is no.
pub fn agreed(cx: &Cx, question: &str) -> bool {
    let _screen = Undisturbed::new();
    loop {
        cx.console.note(format!("{question} [y/n] "));
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return true,
            "n" | "no" => return false,
            _ => {}
        }
    }
}
