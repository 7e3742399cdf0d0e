//! BIRD configurations: to the model and back, and nothing of them is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::bird::{ENGINE, read};

/// Lines that have more than blanks, comments, braces and semicolons.
fn means(text: &str) -> Vec<bool> {
    let mut plain = String::new();
    let (mut rest, mut quote) = (text, None);
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        match quote {
            Some(open) if c == open || c == '\n' => quote = None,
            Some(_) => {}
            None if c == '#' => step = rest.find('\n').unwrap_or(rest.len()),
            None if rest.starts_with("/*") => {
                step = rest[2..].find("*/").map_or(rest.len(), |n| n + 4);
                plain.extend(rest[..step].chars().filter(|c| *c == '\n'));
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
        if step == c.len_utf8() {
            plain.push(c);
        }
        rest = &rest[step..];
    }
    plain
        .lines()
        .map(|line| line.chars().any(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | ';')))
        .collect()
}

support::holds_of_a_reader!("bird", "a/bird.conf");

const GATE: &str = "router id 192.0.2.1;
protocol device { }
protocol static originate4 { ipv4; route 203.0.113.0/24 unreachable; }
protocol bgp transit {
  local as 64500;
  neighbor 192.0.2.9 as 64496;
  hold time 90;
  ipv4 {
    import filter { if net.len > 24 then reject; bgp_local_pref = 90; accept; };
    export where net = 203.0.113.0/24;
  };
}
";

#[test]
fn order_templates_constants_and_names_mean_nothing_and_facts_do() {
    let other = "# the same, as others write it
define US = 64500; define OURS = 203.0.113.0/24;
filter from_them { if net.len > 24 then reject; bgp_local_pref = 90; accept; }
template bgp all { local as US; hold time 90; ipv4 { export where net = OURS; }; }
protocol bgp upstream_1 from all {
  description \"who they are\";
  ipv4 { import filter from_them; };
  neighbor 192.0.2.9 as 64496;
}
protocol static { route OURS unreachable; ipv4; }
protocol device d1 {}
router id 192.0.2.1;
";
    assert_eq!(normal(GATE), normal(other));
    for (from, to) in [
        ("192.0.2.1;", "192.0.2.2;"),
        ("192.0.2.9 as 64496", "192.0.2.9 as 64497"),
        ("time 90", "time 60"),
        ("> 24", "> 25"),
        ("route 203.0.113.0/24", "route 203.0.113.0/25"),
        ("protocol device { }", ""),
        ("hold time", "password \"x\"; hold time"),
        ("export where net = 203.0.113.0/24", "export none"),
    ] {
        assert_ne!(normal(GATE), normal(&GATE.replacen(from, to, 1)), "{from}");
    }
}
