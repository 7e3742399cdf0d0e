//! What a run looks like while it runs: one line a host. A pure function of what was heard, so that frames
//! are tested as text.

use crate::ui::{Paint, Style};
use std::collections::BTreeMap;
use std::time::Duration;

/// How a host stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lot {
    /// Nothing was heard of it yet.
    Waiting,
    /// Something is being done on it.
    Working,
    /// Done, and nothing had to be.
    Same,
    /// Done.
    Good,
    /// Failed or undone.
    Bad,
    /// Unknown or left out.
    Doubt,
}

impl Lot {
    /// True when no more is to come.
    pub fn ended(self) -> bool {
        !matches!(self, Lot::Waiting | Lot::Working)
    }
    fn style(self) -> Style {
        match self {
            Lot::Waiting | Lot::Same => Style::Dim,
            Lot::Working => Style::Name,
            Lot::Good => Style::Good,
            Lot::Bad => Style::Bad,
            Lot::Doubt => Style::Warn,
        }
    }
}

/// What was last heard of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    lot: Lot,
    state: String,
    message: String,
    begun: Option<Duration>,
    heard: Duration,
}

/// Every host of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    rows: BTreeMap<String, Row>,
}

/// Columns between which nothing is written.
const GAP: usize = 2;
/// A host's name takes at most this share of the line: the message matters more.
const NAME: usize = 3;

impl Board {
    /// All hosts, waiting.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut board = Board::default();
        for host in hosts {
            board.rows.insert(host.to_owned(), Row::waiting());
        }
        board
    }

    /// Something was heard of a host, `at` after the run began. What has ended stays as it ended, unless it
    /// ends otherwise later (undone because another host failed).
    pub fn heard(&mut self, host: &str, lot: Lot, state: &str, message: &str, at: Duration) {
        let row = self.rows.entry(host.to_owned()).or_insert_with(Row::waiting);
        if lot == Lot::Working && row.lot.ended() && row.lot != Lot::Good {
            return;
        }
        row.begun.get_or_insert(at);
        row.lot = lot;
        state.clone_into(&mut row.state);
        row.message = plain(message);
        row.heard = at;
    }

    /// True when nothing more is to come of any host.
    pub fn ended(&self) -> bool {
        self.rows.values().all(|r| r.lot.ended())
    }

    /// The lines as they are now, none wider than `width` - 1 and at most `height` - 1 of them, so that a
    /// terminal neither wraps nor scrolls. With more hosts than lines, those that went wrong and those at work
    /// come first and the rest is counted.
    pub fn frame(&self, width: usize, height: usize, now: Duration, paint: Paint) -> Vec<String> {
        let room = width.saturating_sub(1).max(20);
        let most = height.saturating_sub(1).max(2);
        let mut shown: Vec<(&String, &Row)> = self.rows.iter().collect();
        let mut lines = Vec::new();
        let mut hidden = None;
        if shown.len() + 1 > most {
            let of = |lots: &[Lot]| {
                let lots = lots.to_vec();
                self.rows.iter().filter(move |(_, r)| lots.contains(&r.lot))
            };
            let urgent: Vec<_> = of(&[Lot::Bad, Lot::Doubt]).chain(of(&[Lot::Working])).collect();
            let lines_left = most - 2;
            hidden = urgent.len().checked_sub(lines_left).filter(|n| *n > 0);
            shown = urgent.into_iter().take(lines_left).collect();
        }
        let name = shown.iter().map(|(h, _)| h.chars().count()).max().unwrap_or(0).min(room / NAME);
        let state = shown.iter().map(|(_, r)| r.state.chars().count()).max().unwrap_or(0).min(14);
        for (host, row) in shown {
            lines.push(row.line(host, [name, state], room, now, paint));
        }
        if let Some(n) = hidden {
            lines.push(paint.with(Style::Dim, format!("… and {n} more")));
        }
        lines.push(cut(&self.count(now), room));
        lines
    }

    /// `3 changed, 1 failed, 2 at work, 4 waiting of 10 hosts, 12 s`.
    fn count(&self, now: Duration) -> String {
        let mut parts = Vec::new();
        for (lot, word) in [
            (Lot::Bad, "failed"),
            (Lot::Doubt, "unknown or skipped"),
            (Lot::Good, "done"),
            (Lot::Same, "unchanged"),
            (Lot::Working, "at work"),
            (Lot::Waiting, "waiting"),
        ] {
            let n = self.rows.values().filter(|r| r.lot == lot).count();
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        let s = if self.rows.len() == 1 { "" } else { "s" };
        format!("{} of {} host{s}, {}", parts.join(", "), self.rows.len(), seconds(now))
    }
}

impl Row {
    fn waiting() -> Self {
        Row {
            lot: Lot::Waiting,
            state: "waiting".to_owned(),
            message: String::new(),
            begun: None,
            heard: Duration::ZERO,
        }
    }

    fn line(
        &self,
        host: &str,
        [name, state]: [usize; 2],
        room: usize,
        now: Duration,
        paint: Paint,
    ) -> String {
        let until = if self.lot.ended() { self.heard } else { now };
        let time = self.begun.map_or(String::new(), |b| seconds(until.saturating_sub(b)));
        let fixed = format!("{:<name$}", cut(host, name));
        let word = format!("{:<state$}", cut(&self.state, state));
        let used = name + state + 7 + 3 * GAP;
        if used > room {
            return cut(&format!("{host} {}", self.state), room);
        }
        let message = cut(&self.message, room.saturating_sub(used));
        let gap = " ".repeat(GAP);
        let line = format!("{fixed}{gap}{}{gap}{time:>7}{gap}{message}", paint.with(self.lot.style(), word));
        line.trim_end().to_owned()
    }
}

/// `0.4 s`, `12 s`, `3:07`.
pub fn seconds(of: Duration) -> String {
    let s = of.as_secs();
    match s {
        0..=9 => format!("{:.1} s", of.as_secs_f64()),
        10..=59 => format!("{s} s"),
        _ => format!("{}:{:02}", s / 60, s % 60),
    }
}

/// At most `width` characters; what is cut ends with `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        out.push('…');
    }
    out
}

/// One line without control characters: what a host says must not steer the terminal.
pub fn plain(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OFF: Paint = Paint { on: false };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn four() -> Board {
        let mut board = Board::new(["kyiv-gw", "kyiv-nas", "mac-mini", "wroclaw-gw"]);
        board.heard("kyiv-gw", Lot::Working, "switching", "units: caddy.service", at(300));
        board.heard("mac-mini", Lot::Working, "connecting", "", at(100));
        board.heard("mac-mini", Lot::Good, "changed", "generation 4, 12 steps", at(2300));
        board.heard(
            "wroclaw-gw",
            Lot::Bad,
            "undone",
            "nginx.service failed: a very long message of the unit that nobody can read on a line of eighty",
            at(4000),
        );
        board
    }

    #[test]
    fn a_line_a_host_in_80_columns() {
        let frame = four().frame(80, 24, at(12_400), OFF);
        assert_eq!(
            frame.join("\n"),
            "kyiv-gw     switching     12 s  units: caddy.service\n\
             kyiv-nas    waiting\n\
             mac-mini    changed      2.2 s  generation 4, 12 steps\n\
             wroclaw-gw  undone       0.0 s  nginx.service failed: a very long message of t…\n\
             1 failed, 1 done, 1 at work, 1 waiting of 4 hosts, 12 s"
        );
    }

    #[test]
    fn no_line_is_wider_or_lower_than_the_terminal_whatever_it_is() {
        for width in 20..200 {
            for height in 3..30 {
                let frame = four().frame(width, height, at(99_000), OFF);
                assert!(frame.len() < height, "{height}: {frame:#?}");
                for line in &frame {
                    assert!(line.chars().count() < width.max(21), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn with_more_hosts_than_lines_those_at_work_are_shown_and_the_rest_is_counted() {
        let names: Vec<String> = (0..200).map(|n| format!("h{n:03}")).collect();
        let mut board = Board::new(names.iter().map(String::as_str));
        for (n, name) in names.iter().enumerate() {
            match n {
                0..120 => board.heard(name, Lot::Same, "unchanged", "", at(100)),
                120..170 => board.heard(name, Lot::Working, "checked", "waits", at(100)),
                170 => board.heard(name, Lot::Bad, "failed", "no", at(100)),
                _ => {}
            }
        }
        let frame = board.frame(80, 10, at(1000), OFF);
        assert_eq!(frame.len(), 9);
        assert_eq!(frame[0], "h170  failed     0.0 s  no");
        assert_eq!(frame[1], "h120  checked    0.9 s  waits");
        assert_eq!(frame[7], "… and 44 more");
        assert_eq!(frame[8], "1 failed, 120 unchanged, 50 at work, 29 waiting of 200 hosts, 1.0 s");
    }

    #[test]
    fn what_a_host_says_does_not_steer_the_terminal() {
        let mut board = Board::new(["a"]);
        board.heard("a", Lot::Working, "x", "one\n\x1b[2Jtwo\ttab", at(0));
        let frame = board.frame(80, 24, at(0), OFF).join("\n");
        assert!(frame.contains("one [2Jtwo tab") && !frame.contains('\x1b'), "{frame:?}");
    }

    #[test]
    fn what_has_failed_stays_and_what_was_done_may_be_undone() {
        let mut board = four();
        board.heard("wroclaw-gw", Lot::Working, "done", "late", at(5000));
        board.heard("mac-mini", Lot::Bad, "undone", "because another host failed", at(5000));
        let frame = board.frame(80, 24, at(6000), OFF).join("\n");
        assert!(frame.contains("wroclaw-gw  undone") && frame.contains("mac-mini    undone"), "{frame}");
    }
}
