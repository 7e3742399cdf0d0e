//! The picture in text: the internet as a rail on the left, sites as boxes, tunnels as rails on the right.

use crate::graph::canvas::Canvas;
use crate::graph::{Box, HostBox, Picture};
use crate::ui::{Paint, Style};
use std::fmt::Write;

/// Tunnels drawn as rails; further ones are only listed.
const RAILS: usize = 6;
/// Lines of services under one host; further ones are counted.
const LINES: usize = 4;
/// Columns left of the boxes: rail and tap.
const LEFT: usize = 3;
/// Columns from one rail to the next.
const STEP: usize = 2;

/// Draws the picture in `width` columns.
pub fn draw(picture: &Picture, width: usize, paint: Paint) -> String {
    let rails: Vec<&str> = picture.tunnels.iter().take(RAILS).map(|t| t.name.as_str()).collect();
    let right = if rails.is_empty() { 0 } else { rails.len() * STEP + 1 };
    let room = width.saturating_sub(LEFT + right).clamp(24, 110);
    let mut canvas = Canvas::new();
    canvas.text(0, 0, "internet", Some(Style::Bold));
    let mut y = 1;
    let mut last_uplink = 0;
    // First and last row of each rail.
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; rails.len()];
    let mut taps: Vec<(usize, usize)> = Vec::new();
    for site in &picture.boxes {
        y += 1;
        let rows = rows(site, picture, room - 4);
        let lines = 2 + rows.len();
        frame(&mut canvas, LEFT, y, room, lines, site);
        for (i, row) in rows.iter().enumerate() {
            let at = y + 1 + i;
            write_row(&mut canvas, LEFT + 2, at, room - 4, row);
            if row.uplink {
                canvas.text(0, at, "├──┤", None);
                last_uplink = at;
            }
            if let Some(host) = row.host {
                for (n, rail) in rails.iter().enumerate() {
                    let tunnel = &picture.tunnels[n];
                    if tunnel.name == *rail && tunnel.ends.contains(&host.name) {
                        taps.push((n, at));
                        let span = spans[n].get_or_insert((at, at));
                        span.1 = at;
                    }
                }
            }
        }
        y += lines;
    }
    for at in 1..last_uplink {
        canvas.put(0, at, if canvas.at(0, at) == '├' { '├' } else { '│' }, None);
    }
    if last_uplink > 0 {
        canvas.put(0, last_uplink, '└', None);
    }
    draw_rails(&mut canvas, LEFT + room, &spans, &taps);
    let mut out = canvas.render(paint);
    legend(picture, paint, &rails, &mut out);
    out
}

/// One line inside a box: name, addresses, what runs there.
struct Row<'p> {
    /// Set on a host's first line.
    host: Option<&'p HostBox>,
    cells: [String; 3],
    uplink: bool,
}

/// Widths of the three columns in so many characters.
fn columns(room: usize) -> [usize; 3] {
    let name = (room / 4).clamp(12, 24);
    // An IPv6 address of a documentation prefix with four groups.
    let address = (room / 4).clamp(8, 22);
    [name, address, room.saturating_sub(name + address + 2)]
}

fn rows<'p>(site: &'p Box, picture: &Picture, room: usize) -> Vec<Row<'p>> {
    let [name_width, address_width, fact_width] = columns(room);
    let mut rows = Vec::new();
    for host in &site.hosts {
        let mut facts: Vec<String> = Vec::new();
        if host.router {
            facts.push("router".to_owned());
        }
        for uplink in &host.uplinks {
            let way =
                if uplink.addresses.is_empty() { uplink.kind.to_owned() } else { uplink.addresses.join(" ") };
            facts.push(format!("⇅ {way}"));
        }
        for n in picture.neighbours.iter().filter(|n| n.host == host.name) {
            facts.push(format!("bgp {} AS{}", n.name, n.asn));
        }
        facts.extend(host.services.iter().cloned());
        let addresses = flow(&host.addresses, " ", address_width);
        let facts = flow(&facts, ", ", fact_width);
        for n in 0..addresses.len().max(facts.len()).max(1) {
            let first = n == 0;
            let mark = if host.edge { '◆' } else { '·' };
            let name = if first { clip(&format!("{mark} {}", host.name), name_width) } else { String::new() };
            let cell = |lines: &[String]| lines.get(n).cloned().unwrap_or_default();
            rows.push(Row {
                host: first.then_some(host),
                cells: [name, cell(&addresses), cell(&facts)],
                uplink: first && !host.uplinks.is_empty(),
            });
        }
    }
    rows
}

/// Words in lines of at most `width`; at most [`LINES`], then the rest is counted.
fn flow(words: &[String], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let ends = if i + 1 < words.len() { between.trim_end().len() } else { 0 };
        let full = lines.len() == LINES;
        let Some(last) = lines.last_mut() else {
            lines.push(clip(word, width));
            continue;
        };
        if last.chars().count() + between.len() + word.chars().count() + ends <= width {
            last.push_str(between);
            last.push_str(word);
            continue;
        }
        last.push_str(between.trim_end());
        if full {
            lines.push(format!("and {} more", words.len() - i));
            return lines;
        }
        lines.push(clip(word, width));
    }
    lines
}

fn frame(canvas: &mut Canvas, x: usize, y: usize, width: usize, lines: usize, site: &Box) {
    let right = x + width - 1;
    for at in x..=right {
        canvas.put(at, y, '─', None);
        canvas.put(at, y + lines - 1, '─', None);
    }
    for at in y + 1..y + lines - 1 {
        canvas.put(x, at, '│', None);
        canvas.put(right, at, '│', None);
    }
    for (at, row, corner) in
        [(x, y, '╭'), (right, y, '╮'), (x, y + lines - 1, '╰'), (right, y + lines - 1, '╯')]
    {
        canvas.put(at, row, corner, None);
    }
    let end = canvas.text(x + 2, y, &format!(" {} ", clip(&site.name, width - 8)), Some(Style::Bold));
    let prefixes = site.prefixes.join(" ");
    if !prefixes.is_empty() && end + prefixes.chars().count() + 4 < right {
        canvas.text(end + 1, y, &format!(" {prefixes} "), Some(Style::Dim));
    }
}

fn write_row(canvas: &mut Canvas, x: usize, y: usize, room: usize, row: &Row<'_>) {
    let [name_width, address_width, _] = columns(room);
    let [name, addresses, facts] = &row.cells;
    canvas.text(x, y, name, Some(Style::Name));
    canvas.text(x + name_width + 1, y, addresses, Some(Style::Dim));
    canvas.text(x + name_width + address_width + 2, y, facts, None);
}

fn draw_rails(canvas: &mut Canvas, edge: usize, spans: &[Option<(usize, usize)>], taps: &[(usize, usize)]) {
    let column = |n: usize| edge + 1 + n * STEP;
    for (n, span) in spans.iter().enumerate() {
        let Some((first, last)) = *span else { continue };
        for y in first..=last {
            canvas.put(column(n), y, '║', Some(Style::Good));
        }
    }
    for &(n, y) in taps {
        canvas.put(edge - 1, y, '├', None);
        for x in edge..column(n) {
            let crossing = matches!(canvas.at(x, y), '║' | '╫');
            canvas.put(x, y, if crossing { '╫' } else { '─' }, Some(Style::Good));
        }
        let (first, last) = spans[n].unwrap_or((y, y));
        let end = match (y == first, y == last) {
            (true, true) => '○',
            (true, false) => '╖',
            (false, true) => '╜',
            (false, false) => '╢',
        };
        canvas.put(column(n), y, end, Some(Style::Good));
    }
}

fn legend(picture: &Picture, paint: Paint, rails: &[&str], out: &mut String) {
    if !picture.tunnels.is_empty() {
        let _ = writeln!(out, "\n{}", paint.with(Style::Bold, "tunnels"));
        let wide = picture.tunnels.iter().map(|t| t.name.chars().count()).max().unwrap_or(0);
        for (n, tunnel) in picture.tunnels.iter().enumerate() {
            let mark = if n < rails.len() { "║" } else { " " };
            let ends = if tunnel.ends.len() > 4 {
                format!("{} and {} more", tunnel.ends[..3].join(", "), tunnel.ends.len() - 3)
            } else {
                tunnel.ends.join(" ═ ")
            };
            let mark = paint.with(Style::Good, mark);
            let _ = writeln!(out, "  {mark} {:<wide$}  {ends}  {}", tunnel.name, tunnel.prefixes.join(" "));
        }
    }
    if !picture.exposures.is_empty() {
        let _ = writeln!(out, "\n{}", paint.with(Style::Bold, "reached as"));
        let wide = picture.exposures.iter().map(|e| e.name.chars().count()).max().unwrap_or(0);
        for e in &picture.exposures {
            let mut path: Vec<String> = Vec::new();
            if !e.entries.is_empty() {
                path.push(e.entries.join("|"));
            } else {
                path.push(e.audience.to_owned());
            }
            path.extend(e.ingress.iter().filter(|i| !e.entries.contains(i)).cloned());
            path.push(format!("{}@{}", e.service, e.backends.join("|")));
            let name = format!("{:<wide$}", e.name);
            let auth = paint.with(Style::Dim, format!("sign-in: {}", e.auth));
            let _ = writeln!(out, "  {}  {}  {auth}", paint.with(Style::Name, name), path.join(" → "));
        }
    }
}

fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}
