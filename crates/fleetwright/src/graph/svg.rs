//! The picture as SVG: the internet as a band on top, sites as boxes below it, each tunnel as a lane between
//! band and boxes with a tap to every host it ends at.

mod layout;

use crate::graph::{HostBox, Picture, Uplink};
use layout::{Layout, Placed, Row, band_pills};
use std::fmt::Write;

/// Colours of tunnels, told apart also by people who see red and green alike (Okabe and Ito).
const LANES: [&str; 6] = ["#009e73", "#cc79a7", "#d55e00", "#0072b2", "#8a6d00", "#56b4e9"];

const STYLE: &str = "text{font-family:Inter,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:#1c2733}\
.mono{font-family:'JetBrains Mono','DejaVu Sans Mono',Menlo,monospace;font-size:10.5px;fill:#52606d}\
.h1{font-size:19px;font-weight:600}.h2{font-size:14px;font-weight:600}.name{font-size:12.5px;font-weight:600}\
.svc{font-size:11.5px}.lane{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px}.dim{fill:#7b8794;font-size:11px}\
.site{fill:#f5f7fa;stroke:#cbd2d9}.card{fill:#fff;stroke:#cbd2d9}.edge{fill:#fff;stroke:#52606d}\
.band{fill:#e6f0fa;stroke:#b3d1ee}.pill{fill:#0b69c7}.pillt{fill:#fff;font-size:11.5px;font-weight:600}\
.peer{fill:#fff;stroke:#0b69c7;stroke-dasharray:3 2}.peert{font-size:11.5px;fill:#0b4f94}\
.up{stroke:#0b69c7;stroke-width:2;fill:none}.nat{stroke:#c77700;stroke-width:2;stroke-dasharray:5 4;fill:none}\
.bgp{stroke:#0b69c7;stroke-width:1.5;stroke-dasharray:2 3;fill:none}";

/// Draws the picture.
pub fn draw(picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let (width, height) = (layout.width, layout.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"the fleet {name}\">\n<style>{STYLE}</style>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"6\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">\
         <path d=\"M0 0 8 4 0 8z\" fill=\"#c77700\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        name = escape(&picture.name),
    );
    text(&mut out, layout::MARGIN, 32, "h1", &picture.name);
    let (hosts, services) = picture
        .boxes
        .iter()
        .flat_map(|b| &b.hosts)
        .fold((0, 0), |(h, s), host| (h + 1, s + host.services.len()));
    let sum = format!(
        "{} · {} · {}",
        count(picture.boxes.len(), "place"),
        count(hosts, "host"),
        count(services, "service instance")
    );
    text(&mut out, layout::MARGIN + 14 + layout::wide(&picture.name, 11), 32, "dim", &sum);
    for (i, row) in layout.rows.iter().enumerate() {
        band(&mut out, picture, &layout, row, i == 0);
        boxes(&mut out, picture, row);
    }
    let mut labels = String::new();
    uplinks(&mut out, &mut labels, picture, &layout);
    lanes(&mut out, &mut labels, picture, &layout);
    for row in &layout.rows {
        for placed in &row.cards {
            card(&mut out, picture, placed, layout.compact);
        }
    }
    // Last, so that no line crosses a word and no card covers the end of a lane.
    out.push_str(&labels);
    out.push_str("</svg>\n");
    out
}

fn band(out: &mut String, picture: &Picture, layout: &Layout, row: &Row, first: bool) {
    let Some((y, height)) = row.band else { return };
    let width = layout.width - 2 * layout::MARGIN;
    let _ = writeln!(
        out,
        "<rect class=\"band\" x=\"{}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>",
        layout::MARGIN
    );
    text(
        out,
        layout::MARGIN + 12,
        y + 18,
        "dim",
        if first { "the internet" } else { "the internet (continued)" },
    );
    for placed in &row.cards {
        let Some(host) = layout::host(picture, placed) else { continue };
        let pills = band_pills(picture, host);
        for (i, pill) in pills.iter().enumerate() {
            let lift = u32::try_from(pills.len() - i).unwrap_or(1) * layout::PILL;
            let at = y + height - 6 - lift;
            let label = layout::clip(&pill.text, 34);
            let wide = layout::wide(&label, 7) + 18;
            let (shape, word) = if pill.peer { ("peer", "peert") } else { ("pill", "pillt") };
            let _ = writeln!(
                out,
                "<rect class=\"{shape}\" x=\"{}\" y=\"{at}\" width=\"{wide}\" height=\"20\" rx=\"10\"/>",
                placed.x
            );
            text(out, placed.x + 9, at + 14, word, &label);
        }
    }
}

fn boxes(out: &mut String, picture: &Picture, row: &Row) {
    for site in &row.boxes {
        let Some(b) = picture.boxes.get(site.index) else { continue };
        let _ = writeln!(
            out,
            "<rect class=\"site\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"/>",
            site.x, site.y, site.width, site.height
        );
        // At the bottom, so that lanes and taps never cross it.
        let y = site.y + site.height - 12;
        let prefixes = if b.prefixes.is_empty() { 0 } else { 16 };
        text(out, site.x + layout::PAD, y - prefixes, "h2", &b.name);
        let room = site.width.saturating_sub(2 * layout::PAD) as usize / 7;
        if prefixes > 0 {
            text(out, site.x + layout::PAD, y, "mono", &layout::clip(&b.prefixes.join("  "), room));
        }
    }
}

fn uplinks(out: &mut String, labels: &mut String, picture: &Picture, layout: &Layout) {
    for row in &layout.rows {
        let Some((y, height)) = row.band else { continue };
        let bottom = y + height;
        for placed in &row.cards {
            let Some(host) = layout::host(picture, placed) else { continue };
            let mut tap = 0;
            for uplink in &host.uplinks {
                let x = placed.tap(tap);
                tap += 1;
                let public = uplink.kind == "public";
                let (class, end) = if public { ("up", "") } else { ("nat", " marker-end=\"url(#arrow)\"") };
                let stop = if public { bottom } else { bottom + 3 };
                let _ = writeln!(out, "<path class=\"{class}\" d=\"M{x} {}V{stop}\"{end}/>", placed.y);
                text(labels, x + 6, bottom + 14, "lane", &way(uplink));
            }
            for _ in picture.neighbours.iter().filter(|n| n.host == host.name) {
                let _ =
                    writeln!(out, "<path class=\"bgp\" d=\"M{} {}V{bottom}\"/>", placed.tap(tap), placed.y);
                tap += 1;
            }
        }
    }
}

fn way(uplink: &Uplink) -> String {
    match (uplink.kind, uplink.addresses.as_slice()) {
        ("cgnat", _) => "CGNAT, outwards only".to_owned(),
        ("double-nat", _) => "double NAT, outwards only".to_owned(),
        (_, []) => "public".to_owned(),
        (_, addresses) => layout::clip(&addresses.join(" · "), 34),
    }
}

fn lanes(out: &mut String, labels: &mut String, picture: &Picture, layout: &Layout) {
    for lane in &layout.lanes {
        let Some(tunnel) = picture.tunnels.get(lane.tunnel) else { continue };
        let colour = LANES[lane.tunnel % LANES.len()];
        let _ = writeln!(
            out,
            "<g stroke=\"{colour}\" stroke-width=\"2.5\" fill=\"none\" stroke-linecap=\"round\">"
        );
        for span in &lane.spans {
            let _ = writeln!(out, "<path d=\"M{} {y}H{}\"/>", span.from, span.to, y = span.y);
            for &(x, bottom) in &span.taps {
                let _ = writeln!(out, "<path d=\"M{x} {}V{bottom}\"/>", span.y);
                let _ = writeln!(
                    labels,
                    "<circle cx=\"{x}\" cy=\"{bottom}\" r=\"4\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"1.5\"/>"
                );
            }
        }
        if let (Some(first), Some(last)) = (lane.spans.first(), lane.spans.last())
            && lane.spans.len() > 1
        {
            let _ = writeln!(out, "<path d=\"M{x} {}V{}\"/>", first.y, last.y, x = lane.trunk);
        }
        out.push_str("</g>\n");
        if let Some(first) = lane.spans.first() {
            let mut label = tunnel.name.clone();
            if !tunnel.prefixes.is_empty() {
                let _ = write!(label, " · {}", tunnel.prefixes.join(" · "));
            }
            text(labels, first.label, first.y - 7, "lane", &label);
        }
    }
}

fn card(out: &mut String, picture: &Picture, placed: &Placed, compact: bool) {
    let Some(host) = layout::host(picture, placed) else { return };
    let class = if host.edge { "edge" } else { "card" };
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
        placed.x,
        placed.y,
        layout::CARD,
        placed.height
    );
    let (x, mut y) = (placed.x + 10, placed.y + 19);
    text(out, x, y, "name", &layout::clip(&host.name, 24));
    if host.router {
        text(out, placed.x + layout::CARD - 46, y, "dim", "router");
    }
    for address in shown_addresses(host, compact) {
        y += 15;
        text(out, x, y, "mono", &layout::clip(address, 30));
    }
    if compact {
        if !host.services.is_empty() {
            text(out, x, y + 16, "svc", &count(host.services.len(), "service"));
        }
        return;
    }
    if !host.services.is_empty() {
        y += 5;
    }
    for service in &host.services {
        y += 16;
        let exposed =
            picture.exposures.iter().any(|e| e.service == *service && e.backends.contains(&host.name));
        let colour = if exposed { "#0b69c7" } else { "#9aa5b1" };
        let _ = writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"3\" fill=\"{colour}\"/>", x + 3, y - 4);
        text(out, x + 12, y, "svc", &layout::clip(service, 28));
    }
}

fn shown_addresses(host: &HostBox, compact: bool) -> &[String] {
    let most = if compact { 1 } else { 3 };
    &host.addresses[..host.addresses.len().min(most)]
}

fn text(out: &mut String, x: u32, y: u32, class: &str, words: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(words));
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
