//! Where everything goes, in pixels.

use crate::graph::{Box, HostBox, Picture};

/// Around the whole picture.
pub const MARGIN: u32 = 28;
/// Inside a site's box.
pub const PAD: u32 = 14;
/// Width of a host's card.
pub const CARD: u32 = 216;
/// Height of a pill in the internet's band, its gap included.
pub const PILL: u32 = 25;
/// From one lane to the next.
const LANE: u32 = 26;
/// Between boxes, and between cards.
const GAP: u32 = 24;
const CARD_GAP: u32 = 12;
/// A row of boxes is closed when it is wider than this.
const FULL: u32 = 1560;
/// From more hosts on, cards show less.
const MANY: usize = 60;
/// The lines with a site's name and its prefixes.
const TITLE: u32 = 34;
const PREFIXES: u32 = 16;
/// Pills above one host; the rest is counted.
const PILLS: usize = 8;

/// The whole of it.
pub struct Layout {
    pub width: u32,
    pub height: u32,
    pub compact: bool,
    pub rows: Vec<Row>,
    pub lanes: Vec<Lane>,
}

/// Boxes side by side, with the band above them.
pub struct Row {
    /// Top and height of the internet's band; none when no host here has a way out.
    pub band: Option<(u32, u32)>,
    pub boxes: Vec<Site>,
    pub cards: Vec<Placed>,
}

/// A site's box.
pub struct Site {
    pub index: usize,
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// A host's card.
pub struct Placed {
    pub site: usize,
    pub host: usize,
    pub x: u32,
    pub y: u32,
    pub height: u32,
    /// Lines that reach it from above.
    pub taps: u32,
}

impl Placed {
    /// Where the n-th line from above meets the card.
    pub fn tap(&self, n: usize) -> u32 {
        let n = u32::try_from(n).unwrap_or(0);
        let step = if self.taps > 1 { ((CARD - 40) / (self.taps - 1)).min(30) } else { 0 };
        self.x + 20 + n * step
    }
}

/// A tunnel: one span in each row where it has ends, joined by a trunk at the left.
pub struct Lane {
    pub tunnel: usize,
    pub spans: Vec<Span>,
    pub trunk: u32,
}

/// A lane's part in one row.
pub struct Span {
    pub y: u32,
    pub from: u32,
    pub to: u32,
    pub label: u32,
    /// Taps: where, and how far down.
    pub taps: Vec<(u32, u32)>,
}

/// What stands in the band above a host.
pub struct Pill {
    pub text: String,
    pub peer: bool,
}

/// Exposed names that come in at a host, and its BGP neighbours.
pub fn band_pills(picture: &Picture, host: &HostBox) -> Vec<Pill> {
    let peers = picture.neighbours.iter().filter(|n| n.host == host.name);
    let mut all: Vec<Pill> =
        peers.map(|n| Pill { text: format!("AS{} {}", n.asn, n.name), peer: true }).collect();
    let names = picture.exposures.iter().filter(|e| e.entries.contains(&host.name));
    all.extend(names.map(|e| Pill { text: e.name.clone(), peer: false }));
    if all.len() > PILLS {
        let more = all.len() - PILLS + 1;
        all.truncate(PILLS - 1);
        all.push(Pill { text: format!("and {more} more"), peer: false });
    }
    all
}

/// The host of a card.
pub fn host<'p>(picture: &'p Picture, placed: &Placed) -> Option<&'p HostBox> {
    picture.boxes.get(placed.site).and_then(|b| b.hosts.get(placed.host))
}

/// Width of a text in pixels, by an average character.
pub fn wide(text: &str, character: u32) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(0) * character
}

/// The text in at most `most` characters.
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A box on its own: cards relative to its corner, width and height.
struct Block {
    cards: Vec<Placed>,
    width: u32,
    height: u32,
}

fn block(picture: &Picture, index: usize, site: &Box, compact: bool) -> Block {
    let edges = site.hosts.iter().take_while(|h| h.edge).count();
    let inner = site.hosts.len() - edges;
    let square = (1..=4).find(|c| c * c >= inner).unwrap_or(4);
    let columns = edges.max(square).max(1);
    let mut cards = Vec::new();
    let mut y = PAD;
    // Edge hosts share the top line, where taps reach them; the others follow below in lines.
    let (front, back) = site.hosts.split_at(edges);
    let lines = std::iter::once(front).filter(|l| !l.is_empty()).chain(back.chunks(columns));
    let mut at = 0;
    for line in lines {
        let mut tallest = 0;
        for (column, host) in line.iter().enumerate() {
            let height = card_height(host, compact);
            let x = PAD + u32::try_from(column).unwrap_or(0) * (CARD + CARD_GAP);
            cards.push(Placed { site: index, host: at, x, y, height, taps: taps(picture, host) });
            tallest = tallest.max(height);
            at += 1;
        }
        y += tallest + CARD_GAP;
    }
    let columns = u32::try_from(columns).unwrap_or(1);
    let title = TITLE + if site.prefixes.is_empty() { 0 } else { PREFIXES };
    Block { cards, width: 2 * PAD + columns * CARD + (columns - 1) * CARD_GAP, height: y - CARD_GAP + title }
}

fn card_height(host: &HostBox, compact: bool) -> u32 {
    let count = |n: usize| u32::try_from(n).unwrap_or(0);
    if compact {
        return 30 + 15 + if host.services.is_empty() { 0 } else { 16 };
    }
    let services = if host.services.is_empty() { 0 } else { 6 + count(host.services.len()) * 16 };
    30 + count(host.addresses.len().min(3)) * 15 + services
}

fn taps(picture: &Picture, host: &HostBox) -> u32 {
    let tunnels = picture.tunnels.iter().filter(|t| t.ends.contains(&host.name)).count();
    let peers = picture.neighbours.iter().filter(|n| n.host == host.name).count();
    u32::try_from(host.uplinks.len() + peers + tunnels).unwrap_or(u32::MAX)
}

impl Layout {
    /// Places everything.
    pub fn of(picture: &Picture) -> Layout {
        let compact = picture.boxes.iter().map(|b| b.hosts.len()).sum::<usize>() > MANY;
        let blocks: Vec<Block> =
            picture.boxes.iter().enumerate().map(|(i, b)| block(picture, i, b, compact)).collect();
        // Boxes in their order, as many a row as fit.
        let mut lines: Vec<Vec<usize>> = vec![Vec::new()];
        let mut used = 0;
        for (i, block) in blocks.iter().enumerate() {
            if used > 0 && used + block.width > FULL {
                lines.push(Vec::new());
                used = 0;
            }
            used += block.width + GAP;
            if let Some(line) = lines.last_mut() {
                line.push(i);
            }
        }
        let ends = |t: usize, line: &[usize]| {
            let tunnel = &picture.tunnels[t];
            line.iter().any(|&b| picture.boxes[b].hosts.iter().any(|h| tunnel.ends.contains(&h.name)))
        };
        let many_rows = lines.len() > 1;
        let trunks = if many_rows { u32::try_from(picture.tunnels.len()).unwrap_or(0) * 8 } else { 0 };
        let left = MARGIN + trunks;
        let (mut rows, mut y, mut right) = (Vec::new(), 50, 0);
        let mut lanes: Vec<Lane> = (0..picture.tunnels.len())
            .map(|t| Lane { tunnel: t, spans: Vec::new(), trunk: MARGIN + u32::try_from(t).unwrap_or(0) * 8 })
            .collect();
        for line in &lines {
            let hosts = || line.iter().flat_map(|&b| &picture.boxes[b].hosts);
            let pills = hosts().map(|h| band_pills(picture, h).len()).max().unwrap_or(0);
            let out = pills > 0 || hosts().any(|h| !h.uplinks.is_empty());
            let band = out.then(|| (y, 30 + u32::try_from(pills).unwrap_or(0) * PILL));
            y += band.map_or(0, |(_, height)| height + 26);
            let here: Vec<usize> = (0..picture.tunnels.len()).filter(|&t| ends(t, line)).collect();
            let first_lane = y + 12;
            y += u32::try_from(here.len()).unwrap_or(0) * LANE + 18;
            let mut row = Row { band, boxes: Vec::new(), cards: Vec::new() };
            let tallest = line.iter().map(|&b| blocks[b].height).max().unwrap_or(0);
            let mut x = left;
            for &b in line {
                let Block { cards, width, height: _ } = &blocks[b];
                row.boxes.push(Site { index: b, x, y, width: *width, height: tallest });
                row.cards.extend(cards.iter().map(|c| Placed { x: x + c.x, y: y + c.y, ..*c }));
                x += width + GAP;
            }
            right = right.max(x - GAP);
            for (n, &t) in here.iter().enumerate() {
                let at = first_lane + u32::try_from(n).unwrap_or(0) * LANE + 8;
                let taps = lane_taps(picture, &row, t);
                let (Some(&(low, _)), Some(&(high, _))) = (taps.iter().min(), taps.iter().max()) else {
                    continue;
                };
                let from = if many_rows { lanes[t].trunk } else { low };
                lanes[t].spans.push(Span { y: at, from, to: high, label: low + 6, taps });
            }
            y += tallest + 30;
            rows.push(row);
        }
        for lane in &mut lanes {
            // A tunnel within one row needs no trunk.
            if let [only] = lane.spans.as_mut_slice() {
                only.from = only.taps.iter().map(|t| t.0).min().unwrap_or(only.from);
            }
        }
        Layout { width: right.max(480) + MARGIN, height: y, compact, rows, lanes }
    }
}

/// Where a tunnel's taps meet the cards of a row.
fn lane_taps(picture: &Picture, row: &Row, tunnel: usize) -> Vec<(u32, u32)> {
    let mut taps = Vec::new();
    for placed in &row.cards {
        let Some(host) = host(picture, placed) else { continue };
        if !picture.tunnels[tunnel].ends.contains(&host.name) {
            continue;
        }
        let peers = picture.neighbours.iter().filter(|n| n.host == host.name).count();
        let before = picture.tunnels[..tunnel].iter().filter(|t| t.ends.contains(&host.name)).count();
        taps.push((placed.tap(host.uplinks.len() + peers + before), placed.y));
    }
    taps
}
