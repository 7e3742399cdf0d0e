//! AllowedIPs written by hand that give one prefix to two peers of an interface.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use ipnet::IpNet;
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for ends in &facts.tunnels {
        let Some(replaced) = &ends.tunnel.r#override else { continue };
        for (host, prefixes) in &replaced.allowed_ips {
            let peers = ends.peers(host);
            if let ([_, other, ..], Some(first)) = (peers.as_slice(), prefixes.first()) {
                out.push(
                    Diagnostic::error(
                        codes::ALLOWED_IPS_CONFLICT,
                        &first.place,
                        format!(
                            "{} at `{host}` would belong to each of its {} peers in tunnel `{}`: WireGuard gives a prefix to one",
                            first.value,
                            peers.len(),
                            ends.id
                        ),
                    )
                    .help(format!("write a tunnel of its own between `{host}` and `{other}` to override it")),
                );
                continue;
            }
            let mut seen: BTreeMap<IpNet, &diag::Place> = BTreeMap::new();
            for prefix in prefixes {
                if let Some(first) = seen.insert(prefix.value, &prefix.place) {
                    out.push(
                        Diagnostic::error(
                            codes::ALLOWED_IPS_CONFLICT,
                            &prefix.place,
                            format!("{} is written twice for `{host}`", prefix.value),
                        )
                        .label(first, "first written here"),
                    );
                }
            }
        }
    }
}
