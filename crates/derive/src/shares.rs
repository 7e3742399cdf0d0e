//! Sub-prefixes of originated prefixes, one a host: declared, remembered or the lowest free one.

use crate::alloc;
use crate::codes;
use crate::work::Work;
use diag::{Diagnostic, Place};
use ipnet::IpNet;
use model::{HostId, Label, Originate};
use std::collections::{BTreeMap, BTreeSet};

/// The share of each host, when the prefix is announced in shares.
pub(crate) fn shares(
    work: &mut Work<'_>,
    name: &Label,
    originate: &Originate,
    hosts: &BTreeMap<HostId, Place>,
) -> BTreeMap<HostId, IpNet> {
    let mut out = BTreeMap::new();
    let Some(announce) = &originate.announce else { return out };
    let whole = originate.prefix.value;
    let Some(len) = length(announce, whole) else {
        work.report.push(Diagnostic::error(
            codes::BAD_ORIGIN,
            &announce.place,
            format!("`{}` is no prefix length of parts of {whole}", announce.value),
        ));
        return out;
    };
    let mut taken: BTreeSet<IpNet> = BTreeSet::new();
    for (host, share) in &originate.shares {
        if !whole.contains(&share.value) {
            work.report.push(
                Diagnostic::error(
                    codes::BAD_ORIGIN,
                    &share.place,
                    format!("{} is not a part of {whole}", share.value),
                )
                .label(&originate.prefix.place, "the prefix it is a share of"),
            );
            continue;
        }
        taken.insert(share.value);
        if hosts.contains_key(host) {
            out.insert(host.clone(), share.value);
        }
    }
    let old = work.old.shares.get(name);
    for host in hosts.keys() {
        let kept = old.and_then(|o| o.get(host)).copied();
        let fits = |p: &IpNet| {
            whole.contains(p) && p.prefix_len() == len && !taken.iter().any(|t| alloc::overlap(t, p))
        };
        if let Some(share) = kept.filter(fits)
            && !out.contains_key(host)
        {
            taken.insert(share);
            out.insert(host.clone(), share);
            work.lock.shares.entry(name.clone()).or_default().insert(host.clone(), share);
        }
    }
    for (host, place) in hosts {
        if out.contains_key(host) {
            continue;
        }
        match alloc::subnet(whole, len, &taken) {
            Some(share) => {
                taken.insert(share);
                out.insert(host.clone(), share);
                work.lock.shares.entry(name.clone()).or_default().insert(host.clone(), share);
            }
            None => work.report.push(
                Diagnostic::error(codes::EXHAUSTED, place, format!("{whole} has no /{len} left for {host}"))
                    .label(&originate.prefix.place, "the prefix that is shared out"),
            ),
        }
    }
    out
}

fn length(text: &str, whole: IpNet) -> Option<u8> {
    let len: u8 = text.strip_prefix('/')?.parse().ok()?;
    (len >= whole.prefix_len() && len <= whole.max_prefix_len()).then_some(len)
}
