//! Is a host up?

use super::super::context::ProveContext;
use super::super::verdict::Outcome;
use model::HostId;
use std::time::Duration;

const STATE: &str = "systemctl is-system-running; systemctl list-units --state=failed --plain --no-legend";

pub(super) fn runs(ctx: &ProveContext<'_>, id: &HostId) -> Outcome {
    let command = ["sh", "-c", STATE];
    let ran = ctx
        .ground
        .remote(id.as_str())
        .and_then(|r| r.run(&command, b"", Duration::from_secs(10)).map_err(|e| e.to_string()));
    let text = match ran {
        Ok(output) => output.text(),
        Err(e) => return Outcome::refuted(id, "systemctl is-system-running", e),
    };
    let mut lines = text.lines();
    match lines.next() {
        Some("running") => Outcome::proved("running"),
        state => {
            let failed: Vec<&str> = lines.filter_map(|l| l.split_ascii_whitespace().next()).collect();
            let state = state.unwrap_or("no answer");
            let seen = if failed.is_empty() {
                state.to_owned()
            } else {
                format!("{state}: {} failed", failed.join(", "))
            };
            Outcome::refuted(id, "systemctl is-system-running", seen)
        }
    }
}
