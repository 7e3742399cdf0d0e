//! A set of standards that does not exist.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let known = crate::standards::profiles();
    for profile in facts.fleet.policies.values().filter_map(|p| p.profile.as_ref()) {
        if !known.contains(profile.as_str()) {
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_STANDARD,
                &profile.place,
                format!("no standards are named `{}`", profile.value),
            );
            let list: Vec<&str> = known.iter().copied().collect();
            out.push(match diag::nearest(profile.as_str(), list.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("there is: {}", list.join(", "))),
            });
        }
    }
}
