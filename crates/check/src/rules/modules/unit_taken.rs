//! Two services that would be one systemd unit of one host.

use crate::codes;
use crate::facts::{Facts, Svc};
use crate::rule::Findings;
use diag::Diagnostic;
use model::{HostId, Variant};
use std::collections::BTreeMap;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let mut taken: BTreeMap<(&HostId, &str), &Svc<'_>> = BTreeMap::new();
    for svc in facts.services.iter().filter(|s| s.certain) {
        let native = svc.module.and_then(|m| m.variants.native.as_ref());
        let Some(unit) = native.and_then(|n| n.unit.as_deref()) else { continue };
        if !matches!(svc.variant, Some((Variant::Native, _))) {
            continue;
        }
        for host in &svc.hosts {
            match taken.get(&(*host, unit)) {
                Some(other) => {
                    out.push(
                        Diagnostic::error(
                            codes::UNIT_TAKEN,
                            &svc.service.module.place,
                            format!("`{}` and `{}` would both be `{unit}` on host `{host}`", other.name, svc.name),
                        )
                        .label(&other.service.module.place, "the other one")
                        .help("a Debian package has one unit a host; place them apart, or write `variant: container`"),
                    );
                    break;
                }
                None => {
                    taken.insert((host, unit), svc);
                }
            }
        }
    }
}
