//! `fleetwright plan`.

use super::apply::{environment, fleet_of, look, sources_of};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::run_lock::Run;
use crate::ui::{Live, Progress};
use crate::way::{self, At, Way};
use crate::{Cx, pipeline, trouble};
use ::plan::{FleetPlan, Staged};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Show what would change on which host, and why
///
/// Looks at the hosts and changes nothing. Each step has its reason: the source lines behind it. A host that
/// does not answer is unknown, never "nothing to do". Exit code 0 also when there is something to do.
///
/// What engines in shadow would change is shown apart, and no apply does it; of those that are only observed,
/// what is there (`manage:` of a host).
///
/// With --out the plan is kept in a file that `fleetwright apply FILE` applies exactly, or refuses when the
/// sources or the hosts have moved since. The file holds no secret values.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright plan\n  fleetwright plan --diff mac-mini\n  fleetwright plan --out plan.bin\n  \
    fleetwright plan --json"
)]
pub struct Plan {
    /// Only these hosts
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Show what changes inside files, and what going back would do
    #[arg(short, long)]
    diff: bool,
    /// Keep the plan in this file, for `fleetwright apply FILE`
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What is not applied on which host.
#[derive(Default)]
struct NotApplied {
    hosts: BTreeMap<String, Staged>,
    unknown: BTreeMap<String, String>,
}

/// Looks at what engines that are not applied have on their hosts. Hosts that did not answer are not asked again.
fn staged(cx: &Cx, way: &Way, plan: &FleetPlan) -> Result<NotApplied, Failure> {
    let mut found = NotApplied::default();
    let (mut targets, unknown) = way.looked_at();
    targets.retain(|t| plan.hosts.contains_key(&t.desired.host));
    found.unknown = unknown;
    if targets.is_empty() {
        return Ok(found);
    }
    let hosts: Vec<String> = targets.iter().map(|t| t.desired.host.clone()).collect();
    let live = Live::new(&cx.console.only_frames(), "looking at what is not applied", &hosts, None);
    let seen = ::apply::observe_fleet(&targets, &way::options()?, &live.sender());
    found.unknown.extend(seen.unknown);
    for (host, plan) in seen.hosts {
        if let Some(all) = way.staged.get(host.as_str()) {
            found.hosts.insert(host, Staged::of(all, plan));
        }
    }
    Ok(found)
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, there is no way onto the hosts, or the file cannot be written.
pub fn run(command: &Plan, cx: &Cx) -> Result<Exit, Failure> {
    let progress = Progress::new(&cx.console, "reading and rendering");
    let mut way = way::open(cx, &command.at, &command.hosts)?;
    drop(progress);
    let seen = look(cx, &way, &way::options()?, "looking at the hosts");
    let plan = &seen.plan;
    if let Some(out) = &command.out {
        if let Some((host, reason)) = plan.unknown.iter().next() {
            let what = format!("{host} is unknown ({reason}), so no plan was kept");
            return Err(Failure::bare(Exit::Unknown, trouble::PLAN_STALE, what)
                .help("name the hosts to plan for, or look at it and plan again"));
        }
        let who = Run::begin().who;
        PlanFile::new(&who, environment(&way), fleet_of(&way), sources_of(&way), plan.clone()).write(out)?;
    }
    let staged = staged(cx, &way, &seen.plan)?;
    let known = plan.unknown.is_empty() && staged.unknown.is_empty();
    let exit = if known { Exit::Ok } else { Exit::Unknown };
    if cx.global.json {
        way.checked.report.items.extend(seen.diagnostics());
    }
    let fields = || {
        vec![
            ("at", json!(way.name)),
            ("empty", json!(plan.is_empty())),
            ("digest", json!(plan.digest())),
            ("plan", json!(plan)),
            ("staged", json!(staged.hosts)),
            ("staged_unknown", json!(staged.unknown)),
            ("out", json!(command.out)),
        ]
    };
    pipeline::finish(cx, &way.checked, exit, fields, || {
        let mut text = match plan.is_empty() {
            true if cx.global.quiet => String::new(),
            true => format!("nothing to do on {} hosts\n", plan.hosts.len()),
            false => plan.to_text(command.diff) + &seen.ways_out(),
        };
        for staged in staged.hosts.values() {
            text.push_str(&staged.to_text(command.diff));
        }
        for (host, why) in &staged.unknown {
            text.push_str(&format!("{host}: what is not applied is unknown: {why}\n"));
        }
        if let Some(out) = command.out.as_ref().filter(|_| !cx.global.quiet) {
            text.push_str(&format!("kept in {}\n", out.display()));
        }
        text
    })
}
