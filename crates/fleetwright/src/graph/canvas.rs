//! A grid of characters to draw on.

use crate::ui::{Paint, Style};

/// Characters by row and column, each with a style.
#[derive(Clone, Debug, Default)]
pub struct Canvas {
    rows: Vec<Vec<(char, Option<Style>)>>,
}

impl Canvas {
    /// An empty one; it grows as it is drawn on.
    pub fn new() -> Self {
        Self::default()
    }
    /// The character there; a blank where nothing was drawn.
    pub fn at(&self, x: usize, y: usize) -> char {
        self.rows.get(y).and_then(|r| r.get(x)).map_or(' ', |c| c.0)
    }
    /// Draws a character.
    pub fn put(&mut self, x: usize, y: usize, c: char, style: Option<Style>) {
        if self.rows.len() <= y {
            self.rows.resize(y + 1, Vec::new());
        }
        let row = &mut self.rows[y];
        if row.len() <= x {
            row.resize(x + 1, (' ', None));
        }
        row[x] = (c, style);
    }
    /// Draws a text and gives the column after it.
    pub fn text(&mut self, x: usize, y: usize, text: &str, style: Option<Style>) -> usize {
        let mut at = x;
        for c in text.chars() {
            self.put(at, y, c, style);
            at += 1;
        }
        at
    }
    /// All of it as lines.
    pub fn render(&self, paint: Paint) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let end = row.iter().rposition(|c| c.0 != ' ').map_or(0, |i| i + 1);
            let mut run = String::new();
            let mut style = None;
            for &(c, s) in &row[..end] {
                if s != style {
                    flush(&mut line, &mut run, style, paint);
                    style = s;
                }
                run.push(c);
            }
            flush(&mut line, &mut run, style, paint);
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

fn flush(line: &mut String, run: &mut String, style: Option<Style>, paint: Paint) {
    if !run.is_empty() {
        line.push_str(&style.map_or_else(|| run.clone(), |s| paint.with(s, &*run)));
        run.clear();
    }
}
