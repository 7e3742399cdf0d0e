//! Words for people and machines: standard output and error, colour, width, progress.

pub mod ask;
mod board;
mod console;
pub mod hidden;
mod interrupt;
mod live;
mod paint;
mod progress;
mod table;

pub use board::{Board, Lot, cut, plain, seconds};
pub use console::Console;
pub use interrupt::Interrupt;
pub use live::{Live, Undisturbed};
pub use paint::{Paint, Style};
pub use progress::Progress;
pub use table::Table;

use diag::{Report, Severity};

/// Diagnostics as people read them. `source` gives a file's text by path. Nothing for an empty report.
pub fn diagnostics(report: &Report, source: &dyn Fn(&str) -> Option<String>, paint: Paint) -> String {
    let style = if paint.on { diag::Style::Colour } else { diag::Style::Plain };
    diag::render_pretty(report, source, style)
}

/// What is left of a report when only what must be acted on is wanted.
pub fn errors_only(report: &Report) -> Report {
    Report { items: report.items.iter().filter(|d| d.severity == Severity::Error).cloned().collect() }
}
