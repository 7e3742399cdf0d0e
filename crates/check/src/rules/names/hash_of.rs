//! A hash of a secret that is not described.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let secrets = &facts.fleet.secrets;
    for (name, declared) in secrets {
        let Some(of) = &declared.of else { continue };
        let plain = of.value.0.as_str();
        if !secrets.contains_key(plain) {
            let message = format!("`{name}` is a hash of `{plain}`, which is not described");
            let found = Diagnostic::error(codes::HASH_OF, &of.place, message)
                .help(format!("write `{plain}: random`, or `{plain}: given`, beside it"));
            out.push(found.suggest(plain, secrets.keys().map(model::Label::as_str)));
        }
    }
}
