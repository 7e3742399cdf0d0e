//! A router whose LAN and uplink are one interface.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, site) in &facts.fleet.sites {
        let lan = site.lan.iter().map(|lan| match &lan.device {
            Some(device) => (device.as_str(), &device.place),
            None => ("lan", &lan.place),
        });
        let written = site.uplink.iter().flat_map(|u| u.0.values()).filter_map(|u| u.device.as_ref());
        let mut taken: Vec<(&str, &Place)> = lan.collect();
        for device in written {
            match taken.iter().find(|(name, _)| *name == device.as_str()) {
                Some((_, first)) => out.push(
                    Diagnostic::error(
                        codes::SAME_DEVICE,
                        &device.place,
                        format!("interface `{}` of the router of site `{id}` is used twice", device.value),
                    )
                    .label(first, "first used here"),
                ),
                None => taken.push((device.as_str(), &device.place)),
            }
        }
    }
}
