//! A value for a parameter that the module does not have.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        let Some(module) = svc.module else { continue };
        for (name, value) in svc.service.config.iter().filter(|(name, _)| !module.params.contains_key(*name))
        {
            let names: Vec<&str> = module.params.keys().map(|k| k.as_str()).collect();
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_PARAM,
                &value.0.place,
                format!("module `{}` has no parameter named `{name}`", svc.service.module.value),
            );
            out.push(match diag::nearest(name.as_str(), names.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None if names.is_empty() => diagnostic.help("it has no parameters"),
                None => diagnostic.help(format!("its parameters: {}", names.join(", "))),
            });
        }
    }
}
