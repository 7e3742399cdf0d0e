//! Somebody secrets could not be encrypted for.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use secret::age::Recipient;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let fleet = facts.fleet;
    let keys = fleet.hosts.values().flat_map(|h| &h.age).chain(fleet.admins.values().flat_map(|a| &a.age));
    for key in keys {
        if let Err(mut found) = Recipient::read(&key.value, &key.place) {
            found.code = codes::SECRET_READER;
            out.push(found);
        }
    }
    let known = || {
        let hosts = fleet.hosts.keys().map(model::HostId::as_str);
        let groups = fleet.groups.keys().map(model::GroupId::as_str);
        hosts.chain(groups).chain(fleet.admins.keys().map(model::Label::as_str)).chain(["all"])
    };
    for (name, declared) in &fleet.secrets {
        for reader in declared.to.iter().filter(|r| !known().any(|k| k == r.value)) {
            let message = format!("`{name}` is for `{}`, who is no host, group or admin here", reader.value);
            let found = Diagnostic::error(codes::SECRET_READER, &reader.place, message)
                .help("name one of them, or leave it out");
            out.push(found.suggest(&reader.value, known()));
        }
    }
}
