//! Aligned columns.

use crate::ui::{Paint, Style};

/// Rows of cells; the last column takes what room is left and is never padded.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<(String, Option<Style>)>>,
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a row of plain cells.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.into_iter().map(|c| (c.to_owned(), None)).collect());
    }
    /// Adds a row of cells with styles.
    pub fn styled<const N: usize>(&mut self, cells: [(&str, Option<Style>); N]) {
        self.rows.push(cells.into_iter().map(|(c, s)| (c.to_owned(), s)).collect());
    }
    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// The lines, two blanks between columns, each after `indent` blanks. A last cell too long for `width`
    /// goes on below itself.
    pub fn text(&self, indent: usize, width: usize, paint: Paint) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |i: usize| self.rows.iter().filter_map(|r| r.get(i)).map(|c| c.0.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|i| wide(i).unwrap_or(0)).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            let mut at = indent;
            for (i, (cell, style)) in row.iter().enumerate() {
                let paint_cell = |text: &str| style.map_or(text.to_owned(), |s| paint.with(s, text));
                if i + 1 == row.len() {
                    let parts = wrap(cell, width.saturating_sub(at).max(20));
                    for (n, part) in parts.iter().enumerate() {
                        if n > 0 {
                            out.push_str(line.trim_end());
                            out.push('\n');
                            line = " ".repeat(at);
                        }
                        line.push_str(&paint_cell(part));
                    }
                } else {
                    line.push_str(&paint_cell(cell));
                    line.push_str(&" ".repeat(widths[i] - cell.chars().count() + 2));
                    at += widths[i] + 2;
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Words of a text in lines of at most `width` characters; a longer word stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(last) = lines.last_mut() else { continue };
        let used = last.chars().count();
        if used > 0 && used + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if used > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_one_wraps_below_itself() {
        let mut table = Table::new();
        table.row(["a", "one"]);
        table.row(["long", "two three four five six seven eight"]);
        let text = table.text(2, 30, Paint { on: false });
        assert_eq!(text, "  a     one\n  long  two three four five\n        six seven eight\n");
    }
}
