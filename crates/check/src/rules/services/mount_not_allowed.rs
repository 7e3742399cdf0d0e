//! A mount of a folder that is exported to others only.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for mount in svc.service.mounts.values() {
            let Some((from, name)) = mount.split_once('/') else { continue };
            let Some(export) = facts.service(from).and_then(|other| other.service.exports.get(name)) else {
                continue;
            };
            if !export.to.iter().any(|to| to.as_str() == svc.name) {
                out.push(
                    Diagnostic::error(
                        codes::MOUNT_NOT_ALLOWED,
                        &mount.place,
                        format!("`{}` may not mount `{}`", svc.name, mount.value),
                    )
                    .label(&export.place, "exported to others only")
                    .help(format!("add `{}` to its `to`", svc.name)),
                );
            }
        }
    }
}
