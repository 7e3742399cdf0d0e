//! What BIRD says, read.

use ipnet::IpNet;
use std::collections::BTreeMap;

/// A protocol's line of `birdc show protocols`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    /// `up`, `start`, `down`.
    pub state: String,
    /// The rest: `Established`, `Active  Socket: Connection refused`.
    pub info: String,
}

/// `birdc show protocols`, by name.
pub(super) fn protocols(text: &str) -> BTreeMap<String, Protocol> {
    let mut all = BTreeMap::new();
    for line in text.lines() {
        // Name Proto Table State Since Info…; Since is one or two words by `timeformat`.
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let Some(state) = words.get(3).filter(|w| matches!(**w, "up" | "start" | "down" | "stop" | "flush"))
        else {
            continue;
        };
        let dated = |w: &&&str| w.starts_with(|c: char| c.is_ascii_digit());
        let since = words.iter().skip(4).take_while(dated).count();
        let info = words.get(4 + since..).unwrap_or_default().join(" ");
        all.insert(words[0].to_owned(), Protocol { state: (*state).to_owned(), info });
    }
    all
}

/// A route of `birdc show route all`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// AS numbers as written, `64500 64501` or with `{sets}`.
    pub path: Vec<String>,
    pub communities: String,
}

/// `birdc show route [all]`: routes by prefix (a prefix may have several).
pub(super) fn routes(text: &str) -> BTreeMap<IpNet, Vec<Route>> {
    let mut all: BTreeMap<IpNet, Vec<Route>> = BTreeMap::new();
    let mut prefix: Option<IpNet> = None;
    for line in text.lines() {
        if let Some(attribute) = line.strip_prefix('\t') {
            let Some(route) = prefix.and_then(|p| all.get_mut(&p)).and_then(|r| r.last_mut()) else {
                continue;
            };
            if let Some(path) = attribute.strip_prefix("BGP.as_path:") {
                route.path = path.split_ascii_whitespace().map(str::to_owned).collect();
            } else if let Some(list) = attribute.strip_prefix("BGP.community:") {
                route.communities = list.trim().to_owned();
            }
            continue;
        }
        if !line.contains('[') {
            continue;
        }
        // A further route of the same prefix has blanks in its place.
        if !line.starts_with(' ') {
            prefix = line.split_ascii_whitespace().next().and_then(|p| p.parse().ok());
        }
        if let Some(prefix) = prefix {
            all.entry(prefix).or_default().push(Route::default());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn protocols_are_read() {
        let text = "BIRD 2.0.12 ready.\nName       Proto      Table      State  Since         Info\n\
            device1    Device     ---        up     12:00:00.123  \n\
            rs1        BGP        ---        up     12:00:01.000  Established   \n\
            transit    BGP        ---        start  2024-01-02 12:00:01  Active        Socket: Connection refused\n";
        let all = protocols(text);
        assert_eq!(all.len(), 3);
        assert_eq!(all["rs1"], Protocol { state: "up".into(), info: "Established".into() });
        assert_eq!(all["transit"].info, "Active Socket: Connection refused");
    }

    #[test]
    fn routes_are_read_with_their_paths() {
        let text = "BIRD 2.0.12 ready.\nTable master6:\n\
            2001:db8:50::/44     unicast [fleet0 12:00:00.000] * (100) [AS64500i]\n\
            \tvia 2001:db8:a1::10 on net0\n\tType: BGP univ\n\tBGP.as_path: 64500 64500\n\tBGP.community: (64500,100)\n\
            \x20                    unicast [fleet1 12:00:00.000] (100) [AS64500i]\n\
            \tvia 2001:db8:a1::20 on net0\n\tBGP.as_path: 64500\n\
            ::/0                 unreachable [own6 12:00:00.000] * (200)\n";
        let all = routes(text);
        let both = &all[&"2001:db8:50::/44".parse::<IpNet>().unwrap()];
        assert_eq!(both.len(), 2);
        assert_eq!(both[0].path, ["64500", "64500"]);
        assert_eq!(both[0].communities, "(64500,100)");
        assert_eq!(both[1].path, ["64500"]);
        assert!(all.contains_key(&"::/0".parse::<IpNet>().unwrap()));
    }
}
