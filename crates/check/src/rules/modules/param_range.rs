//! A value out of its parameter's range.

use super::value::{Misfit, misfit};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for (name, value) in &svc.service.config {
            let Some(param) = svc.module.and_then(|m| m.params.get(name)) else { continue };
            if let Some(Misfit::Range(range)) = misfit(param, &value.0) {
                let mut diagnostic = Diagnostic::error(
                    codes::PARAM_RANGE,
                    &value.0.place,
                    format!(
                        "`{name}` of module `{}` is {range}, found {}",
                        svc.service.module.value,
                        value.0.describe()
                    ),
                );
                if let Some(text) = value.0.text() {
                    diagnostic = diagnostic.suggest(text, param.choices.iter().map(String::as_str));
                }
                out.push(if param.place.is_source() {
                    diagnostic.label(&param.place, "the parameter")
                } else {
                    diagnostic
                });
            }
        }
    }
}
