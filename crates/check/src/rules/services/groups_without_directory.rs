//! A path for members of groups that nothing knows.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::Auth;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let auth = facts.fleet.auth.as_ref();
    let knows = auth.is_some_and(|a| a.directory.is_some() || a.gate.is_some());
    for exposed in &facts.exposures {
        for (path, rule) in &exposed.expose.paths {
            let Some(group) = rule.groups.first() else { continue };
            let error = |message| Diagnostic::error(codes::GROUPS_WITHOUT_DIRECTORY, &group.place, message);
            let effective = rule.auth.as_ref().map(|a| &a.value).or(exposed.auth.as_ref());
            if !knows {
                out.push(
                    error(format!(
                        "nothing knows who is in `{}`: the fleet has no gate and no directory",
                        group.value
                    ))
                    .help("write `auth: {gate: SERVICE, directory: SERVICE}` in fleet.yaml"),
                );
            } else if matches!(effective, None | Some(Auth::None | Auth::Own | Auth::Basic(_))) {
                out.push(
                    error(format!(
                        "nobody asks who is in `{}` at `{}` of {}",
                        group.value,
                        path.0,
                        exposed.title(facts)
                    ))
                    .help("write `auth: sso` there: only the gate knows groups"),
                );
            }
        }
    }
}
