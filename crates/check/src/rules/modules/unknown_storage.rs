//! A volume on storage that its host does not have.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in facts.services.iter().filter(|s| s.certain) {
        for (name, volume) in &svc.service.volumes {
            let Some(storage) = &volume.storage else { continue };
            let lacking = svc.hosts.iter().find(|host| {
                let capacity = facts.fleet.hosts.get(**host).and_then(|h| h.capacity.as_ref());
                !capacity.is_some_and(|c| c.volumes.contains_key(storage))
            });
            let Some(host) = lacking else { continue };
            let capacity = facts.fleet.hosts.get(*host).and_then(|h| h.capacity.as_ref());
            let names: Vec<&str> =
                capacity.iter().flat_map(|c| c.volumes.keys()).map(|k| k.as_str()).collect();
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_STORAGE,
                &volume.place,
                format!(
                    "volume `{name}` of `{}` lies on storage `{storage}`, which host `{host}` does not have",
                    svc.name
                ),
            );
            out.push(match diag::nearest(storage.as_str(), names.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => {
                    diagnostic.help(format!("write `capacity: {{volumes: {{{storage}: …}}}}` in the host"))
                }
            });
        }
    }
}
