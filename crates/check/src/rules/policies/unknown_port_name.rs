//! A port in a policy that is no port, and no name of one.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for port in facts.fleet.policies.values().flat_map(|p| &p.allow).flat_map(|a| &a.ports) {
        let text = port.as_str();
        let number = text.strip_prefix("tcp/").or(text.strip_prefix("udp/")).unwrap_or(text);
        let known =
            ["any", "icmp"].contains(&text) || model::NAMED_PORTS.iter().any(|(name, _)| *name == text);
        if !known && !number.parse::<u16>().is_ok_and(|n| n > 0) {
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_PORT_NAME, &port.place, format!("`{text}` is no port"));
            let known = || model::NAMED_PORTS.iter().map(|(name, _)| *name);
            let names = known().chain(["any", "icmp"]);
            out.push(match diag::nearest(text, names) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!(
                    "`tcp/9090`, `udp/53`, `any`, `icmp`, or one of {}",
                    known().collect::<Vec<_>>().join(", ")
                )),
            });
        }
    }
}
