//! A value of the wrong type for its parameter.

use super::value::{Misfit, misfit};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for (name, value) in &svc.service.config {
            let Some(param) = svc.module.and_then(|m| m.params.get(name)) else { continue };
            if let Some(Misfit::Type(expected)) = misfit(param, &value.0) {
                let diagnostic = Diagnostic::error(
                    codes::PARAM_TYPE,
                    &value.0.place,
                    format!(
                        "`{name}` of module `{}` is {expected}, found {}",
                        svc.service.module.value,
                        value.0.describe()
                    ),
                );
                out.push(if param.place.is_source() {
                    diagnostic.label(&param.place, "the parameter")
                } else {
                    diagnostic
                });
            }
        }
    }
}
