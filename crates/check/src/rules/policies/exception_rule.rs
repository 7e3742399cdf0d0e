//! An exception from a rule that does not exist, or from one that has none.

use crate::codes;
use crate::facts::Facts;
use crate::rule::{Class, Findings};
use crate::table::RULES;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for exception in facts.fleet.policies.values().flat_map(|p| &p.exceptions) {
        let name = exception.rule.as_str();
        let error = |message| Diagnostic::error(codes::EXCEPTION_RULE, &exception.rule.place, message);
        let open = |class: Class| matches!(class, Class::Override | Class::Standard(_));
        match RULES.iter().find(|r| r.name == name) {
            Some(rule) if open(rule.class) => {}
            Some(rule) => out.push(
                error(format!("rule `{name}` ({}) has no exceptions", rule.code))
                    .help("correct what it finds"),
            ),
            None => {
                let names: Vec<&str> = RULES.iter().filter(|r| open(r.class)).map(|r| r.name).collect();
                let diagnostic = error(format!("no rule is named `{name}`"));
                out.push(match diag::nearest(name, names.iter().copied()) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("rules with exceptions: {}", names.join(", "))),
                });
            }
        }
    }
}
