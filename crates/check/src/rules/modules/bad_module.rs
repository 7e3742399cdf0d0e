//! A module that contradicts itself.

use super::value::{Misfit, misfit};
use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::{Diagnostic, Place};
use model::{Label, Module, ParamType};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (id, module) in facts.fleet.modules.iter().filter(|(_, m)| m.place.is_source()) {
        let mut error =
            |place: &Place, message: String| out.push(Diagnostic::error(codes::BAD_MODULE, place, message));
        let mut port = |name: &Label, place: &Place, key: &str| {
            if !module.ports.contains_key(name) {
                error(place, format!("`{key}` of module `{id}` names port `{name}`, which it does not have"));
            }
        };
        if let Some(main) = &module.main {
            port(main, &main.place, "main");
        }
        if let Some(metrics) = &module.metrics {
            port(&metrics.port, &metrics.place, "metrics");
        }
        if let Some(health) = &module.health
            && let Some(name) = &health.tcp
        {
            port(name, &health.place, "health");
        }
        for (path, file) in module.variants.native.iter().flat_map(|n| &n.files) {
            let octal =
                |mode: &String| mode.len() <= 4 && u32::from_str_radix(mode, 8).is_ok_and(|m| m <= 0o7777);
            if let Some(mode) = file.mode.as_ref().filter(|mode| !octal(mode)) {
                error(&file.place, format!("`{mode}` of {} is no mode: octal, for example 0640", path.0));
            }
        }
        params(module, &mut error);
    }
}

fn params(module: &Module, error: &mut impl FnMut(&Place, String)) {
    for (name, param) in &module.params {
        let mut fault = |message: String| error(&param.place, format!("parameter `{name}` {message}"));
        if param.r#type == ParamType::Choice && param.choices.is_empty() {
            fault("is a choice of nothing: `choices` is missing".to_owned());
            continue;
        }
        if param.r#type != ParamType::Choice && !param.choices.is_empty() {
            fault("has `choices`, but its type is not `choice`".to_owned());
        }
        if param.r#type != ParamType::Number && (param.min.is_some() || param.max.is_some()) {
            fault("has a range, but its type is not `number`".to_owned());
        }
        if let (Some(min), Some(max)) = (param.min, param.max)
            && min > max
        {
            fault(format!("can have no value: {min} to {max}"));
            continue;
        }
        match param.default.as_ref().and_then(|d| misfit(param, &d.0)) {
            Some(Misfit::Type(expected)) => fault(format!("is {expected}, its default is not")),
            Some(Misfit::Range(range)) => fault(format!("is {range}, its default is not")),
            None => {}
        }
    }
}
