//! Sets of prefixes by family.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Prefixes of both families, sorted, without those that lie inside another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Families {
    pub v4: Vec<Ipv4Net>,
    pub v6: Vec<Ipv6Net>,
}

impl Families {
    pub(crate) fn of<'a>(nets: impl IntoIterator<Item = &'a IpNet>) -> Self {
        let mut out = Families::default();
        for net in nets {
            match net {
                IpNet::V4(net) => out.v4.push(net.trunc()),
                IpNet::V6(net) => out.v6.push(net.trunc()),
            }
        }
        out.v4.sort();
        out.v6.sort();
        out.v4.dedup_by(|next, kept| kept.contains(&*next));
        out.v6.dedup_by(|next, kept| kept.contains(&*next));
        out
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

/// `{ a, b }`, or `a` alone; addresses without a length where they are single ones.
pub(crate) fn set<T: ToString>(items: &[T]) -> String {
    let short = |t: &T| {
        let text = t.to_string();
        match text.strip_suffix("/32").or_else(|| text.strip_suffix("/128")) {
            // A /32 of IPv6 is no single address.
            Some(address) if address.contains(':') == text.ends_with("/128") => address.to_owned(),
            _ => text,
        }
    };
    match items {
        [one] => short(one),
        many => format!("{{ {} }}", many.iter().map(short).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn prefixes_inside_others_go_and_families_part() {
        let nets: Vec<IpNet> = ["10.1.0.0/16", "10.0.0.0/8", "fd00::/8", "fd00:1::/48", "192.0.2.1/32"]
            .map(|n| n.parse().unwrap())
            .to_vec();
        let families = Families::of(&nets);
        assert_eq!(set(&families.v4), "{ 10.0.0.0/8, 192.0.2.1 }");
        assert_eq!(set(&families.v6), "fd00::/8");
        assert_eq!(set(&["2001:db8::/32"]), "2001:db8::/32");
        assert_eq!(set(&["2001:db8::1/128"]), "2001:db8::1");
    }
}
