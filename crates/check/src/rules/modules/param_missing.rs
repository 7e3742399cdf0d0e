//! A parameter without a default that has no value.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for (name, param) in svc.module.iter().flat_map(|m| &m.params) {
            if param.default.is_none() && !svc.service.config.contains_key(name) {
                let diagnostic = Diagnostic::error(
                    codes::PARAM_MISSING,
                    &svc.service.module.place,
                    format!("module `{}` needs a value for `{name}`", svc.service.module.value),
                );
                let what = param.doc.as_deref().map(|doc| format!(": {doc}")).unwrap_or_default();
                out.push(diagnostic.help(format!("write `config: {{{name}: …}}`{what}")));
            }
        }
    }
}
