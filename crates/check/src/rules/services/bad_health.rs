//! A health check that says nothing, several things, or waits longer than its turn.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;
use model::{HealthCheck, Seconds};

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    let of_services = facts.services.iter().filter_map(|s| s.service.health.as_ref());
    let modules = facts.fleet.modules.values().filter(|m| m.place.is_source());
    for health in of_services.chain(modules.filter_map(|m| m.health.as_ref())) {
        judge(health, out);
    }
}

fn judge(health: &HealthCheck, out: &mut Findings) {
    let error = |message| Diagnostic::error(codes::BAD_HEALTH, &health.place, message);
    let kinds = [
        ("http", health.http.is_some()),
        ("tcp", health.tcp.is_some()),
        ("script", health.script.is_some()),
        ("grpc", health.grpc.is_some()),
    ];
    let written: Vec<&str> = kinds.iter().filter(|(_, there)| *there).map(|(kind, _)| *kind).collect();
    match written.as_slice() {
        [_] => {}
        [] => out.push(
            error("a health check without a question".to_owned())
                .help("write one of http, tcp, script, grpc"),
        ),
        several => {
            out.push(error(format!("a health check asks one thing, this one {}", several.join(" and "))));
        }
    }
    if let Some(path) = &health.http
        && !path.starts_with('/')
    {
        out.push(error(format!("`{path}` is no path")).help(format!("write `http: /{path}`")));
    }
    let every = health.every.unwrap_or(Seconds::of(10));
    let timeout = health.timeout.unwrap_or(Seconds::of(2));
    if every.ms == 0 {
        out.push(error("a health check cannot be asked every 0s".to_owned()));
    } else if timeout > every {
        out.push(
            error(format!("an answer may take {timeout}, longer than the {every} between two questions"))
                .help("a shorter `timeout`, or a longer `every`"),
        );
    }
}
