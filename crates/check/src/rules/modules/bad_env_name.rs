//! An environment variable that no program could read.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::EnvValue;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for svc in &facts.services {
        for (name, value) in &svc.service.env {
            let place = match value {
                EnvValue::Text(text) => &text.place,
                EnvValue::Secret(secret) => &secret.place,
            };
            let good = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !good {
                out.push(
                    Diagnostic::error(
                        codes::BAD_ENV_NAME,
                        place,
                        format!("`{name}` of service `{}` is no name of an environment variable", svc.name),
                    )
                    .help("letters, digits and _, no digit first (POSIX)"),
                );
            }
            if let EnvValue::Text(text) = value
                && text.contains('\0')
            {
                let message =
                    format!("`{name}` of service `{}` holds a NUL, which no variable can", svc.name);
                out.push(Diagnostic::error(codes::BAD_ENV_NAME, place, message));
            }
        }
    }
}
