//! `fleetwright apply`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan_file::{self, PlanFile};
use crate::remembering::Remembering;
use crate::runs::{About, Underway};
use crate::ui::{Interrupt, Live, Progress, ask};
use crate::waves::{self, WaveArgs};
use crate::way::{self, At, Way};
use crate::{Cx, codes, pipeline, trouble};
use ::apply::{FleetOutcome, Options};
use artifact::FlatDesired;
use clap::Args;
use diag::Diagnostic;
use plan::FleetPlan;
use remote::{Reach, Remote};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use super::outcome::{exit_of, tell};

/// Bring the hosts to what the sources say, as a transaction on each
///
/// Staged and checked first, switched, observed, and confirmed over a new connection; a host that is not
/// well, or that nobody can reach any more, goes back by itself. Success is what was seen afterwards.
///
/// On a terminal it shows what would change and asks; without one, or with --yes, it goes on. With a plan
/// file, as `fleetwright plan --out FILE` makes it, it does exactly what that says, or nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fleetwright apply\n  fleetwright apply mac-mini --yes\n  fleetwright apply plan.bin\n  \
    fleetwright apply --json-lines"
)]
pub struct Apply {
    /// Only these hosts; or one plan file (a name with a `.` or `/` in it)
    #[arg(value_name = "HOST|PLAN")]
    what: Vec<String>,
    /// Where the hosts are
    #[command(flatten)]
    at: At,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Seconds until a host goes back by itself when nobody confirms
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=3600))]
    deadline: u32,
    #[command(flatten)]
    waves: WaveArgs,
    /// Go on without this host when it cannot be reached; may be given several times
    #[arg(long, value_name = "HOST")]
    allow_unreachable: Vec<String>,
    /// When a host fails, also undo the hosts that were changed in this run
    #[arg(long)]
    undo_on_failure: bool,
    /// Print one JSON value a line as things happen, the answer of --json last
    #[arg(long)]
    json_lines: bool,
}

/// Runs it.
///
/// # Errors
/// When the fleet has errors, there is no way onto the hosts, a plan does not fit or another run is under way.
pub fn run(command: &Apply, cx: &Cx) -> Result<Exit, Failure> {
    if !command.json_lines {
        return apply(command, cx);
    }
    let cx = cx.in_lines();
    apply(command, &cx).or_else(|failure| Ok(failure.report(&cx)))
}

/// Hosts, or a plan file.
fn target(what: &[String]) -> Result<(Vec<String>, Option<PathBuf>), Failure> {
    // Names of hosts have neither.
    let files: Vec<&String> = what.iter().filter(|w| w.contains(['.', '/'])).collect();
    match files.as_slice() {
        [] => Ok((what.to_vec(), None)),
        [file] if what.len() == 1 => Ok((Vec::new(), Some(PathBuf::from(file)))),
        _ => Err(Failure::bare(
            Exit::Usage,
            codes::NO_ANSWER,
            format!("`{}` is a plan file: it is applied alone", files[0]),
        )
        .help("a plan file names its hosts itself")),
    }
}

fn apply(command: &Apply, cx: &Cx) -> Result<Exit, Failure> {
    let (mut named, file) = target(&command.what)?;
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::bare(Exit::Errors, codes::INTERRUPTED, format!("listen for signals: {e}")))?;
    let made = file.as_deref().map(PlanFile::read).transpose()?;
    if let Some(made) = &made {
        named = made.desired.keys().cloned().collect();
    }
    let progress = Progress::new(&cx.console, "reading and rendering");
    let mut way = way::open(cx, &command.at, &named)?;
    drop(progress);
    let about =
        About { kind: "apply", environment: environment(&way), plan: None, plan_file: file.as_deref() };
    let mut underway = Underway::begin(&way.checked.folder, &about)?;
    let mut options = way::options()?;
    options.claim = underway.claim();
    options.cancel = interrupt.flag();
    options.allow_unreachable = command.allow_unreachable.iter().cloned().collect();
    order(&mut options, command, &way)?;
    options.deadline_s = command.deadline;
    options.soak_ms = if way.networked { way::SOAK_MS } else { 0 };
    options.undo_on_failure = command.undo_on_failure;
    let asks = made.is_none() && !command.yes && ask::somebody(cx);
    let mut agreed = None;
    if let Some(made) = &made {
        made.fits(&fleet_of(&way).0, environment(&way), &sources_of(&way), &digests(&way)?)?;
        let now = look(cx, &way, &options, "looking whether the plan still fits").plan;
        made.still(&now)?;
        agreed = Some(now);
    } else if asks {
        let now = look(cx, &way, &options, "looking at the hosts").plan;
        cx.console.print(summary(&now))?;
        let changing = now.hosts.values().filter(|p| !p.is_empty()).count();
        let s = if changing == 1 { "" } else { "s" };
        if changing > 0 && !ask::agreed(cx, &format!("Apply this to {changing} host{s}?")) {
            cx.console.say("nothing was changed")?;
            return Ok(Exit::Interrupted);
        }
        agreed = Some(now);
    }
    if interrupt.asked() {
        return Err(Failure::bare(Exit::Interrupted, codes::INTERRUPTED, "stopped; nothing was changed"));
    }
    options.agreed = agreed.as_ref().map(|p| p.hosts.iter().map(|(h, p)| (h.clone(), p.digest())).collect());
    underway.record(agreed.as_ref().map(FleetPlan::digest))?;
    let outcome = bring(cx, &way, &options, &underway);
    let logs = underway.logs().to_owned();
    let number = underway.end(&outcome)?;
    let exit = exit_of(&outcome);
    if cx.global.json {
        way.checked.report.items.extend(super::outcome::diagnostics(&outcome));
    }
    let fields = || {
        vec![
            ("at", json!(way.name)),
            ("outcome", json!(outcome)),
            ("run", json!(number)),
            ("logs", json!(logs)),
        ]
    };
    pipeline::finish(cx, &way.checked, exit, fields, || {
        let mut text = tell(cx, &outcome);
        if exit != Exit::Ok {
            text.push_str(&where_to_look(&logs, number));
        }
        text
    })
}

fn where_to_look(logs: &Path, number: u64) -> String {
    format!("every step by host: {}/\nthe run in full: fleetwright show {number}\n", logs.display())
}

fn bring(cx: &Cx, way: &Way, options: &Options, underway: &Underway) -> FleetOutcome {
    let targets = way.targets();
    let hosts: Vec<String> = targets.iter().map(|t| t.desired.host.clone()).collect();
    let s = if hosts.len() == 1 { "" } else { "s" };
    let title = format!("applying to {} host{s} ({})", hosts.len(), way.name);
    let live = Live::new(&cx.console, &title, &hosts, Some(underway.logs()));
    ::apply::apply_fleet(&targets, options, &live.sender())
}

/// Where the hosts are, however they are reached: a plan made one way is good for the other.
pub(super) fn environment(way: &Way) -> &str {
    way.name.strip_suffix(" over ssh").unwrap_or(&way.name)
}

/// In which order, and with what the network between the hosts asks.
fn order(options: &mut Options, command: &Apply, way: &Way) -> Result<(), Failure> {
    let hosts: Vec<String> = way.targets().iter().map(|t| t.desired.host.clone()).collect();
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let own = command.at.local.clone().unwrap_or_else(|| name.trim().to_owned());
    let rollout = derive::rollout(&way.fleet);
    let usage =
        |what: String| Failure::bare(Exit::Usage, codes::NO_SUCH, what).help("name hosts of this run");
    if let Some(other) = command.allow_unreachable.iter().find(|h| !hosts.contains(h)) {
        return Err(usage(format!("--allow-unreachable {other}: this run has no such host")));
    }
    options.waves = waves::waves(&command.waves, &hosts, &rollout.sites, &own).map_err(usage)?;
    waves::heed(options, rollout, &way.fleet, &command.waves);
    Ok(())
}

/// What would change now, and why hosts that are unknown could not be reached.
pub(super) struct Look {
    pub(super) plan: FleetPlan,
    pub(super) reasons: BTreeMap<String, Reach>,
}

impl Look {
    /// The diagnostics of hosts that could not be reached.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        let coded = self.reasons.iter().filter_map(|(h, r)| Some((h, trouble::of_reach(*r)?)));
        let of = |h: &str| self.plan.unknown.get(h).map_or("", String::as_str);
        coded.map(|(h, (code, help))| trouble::about(code, h, of(h), help)).collect()
    }

    /// Each code once with its way out, for people.
    pub(super) fn ways_out(&self) -> String {
        let all: BTreeMap<&str, &str> = self.reasons.values().filter_map(|r| trouble::of_reach(*r)).collect();
        all.iter().map(|(code, help)| format!("{code}: {help}\n")).collect()
    }
}

/// Looks at the hosts.
pub(super) fn look(cx: &Cx, way: &Way, options: &Options, title: &str) -> Look {
    let mut targets = way.targets();
    let ways: Vec<Arc<Remembering>> =
        targets.iter().map(|t| Arc::new(Remembering::new(Arc::clone(&t.remote)))).collect();
    for (target, way) in targets.iter_mut().zip(&ways) {
        target.remote = Arc::clone(way) as Arc<dyn Remote>;
    }
    let hosts: Vec<String> = targets.iter().map(|t| t.desired.host.clone()).collect();
    let live = Live::new(&cx.console.only_frames(), title, &hosts, None);
    let mut plan = ::apply::observe_fleet(&targets, options, &live.sender());
    let mut reasons = BTreeMap::new();
    for (host, way) in hosts.iter().zip(&ways) {
        let (Some(said), Some(reason)) = (plan.unknown.get_mut(host), way.reason()) else { continue };
        if let Some((code, _)) = trouble::of_reach(reason) {
            said.push_str(&format!(" [{code}]"));
        }
        reasons.insert(host.clone(), reason);
    }
    Look { plan, reasons }
}

/// A few lines a host: what a person has to see before they say yes.
fn summary(plan: &FleetPlan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    plan.to_summary()
}

/// Identity and name of the fleet.
pub(super) fn fleet_of(way: &Way) -> (String, String) {
    let name = crate::folder::name(&way.checked.folder);
    let written = way.checked.model.name.as_ref().map_or(name.clone(), |n| n.value.clone());
    (plan_file::fleet_identity(&way.checked.model, &name), written)
}

/// Digest of the sources and the lock.
pub(super) fn sources_of(way: &Way) -> String {
    let lock = std::fs::read_to_string(way.checked.folder.join(derive::lock::FILE)).unwrap_or_default();
    plan_file::sources_digest(&way.checked.sources, &lock)
}

/// `FlatDesired::digest` by host of what is rendered now.
fn digests(way: &Way) -> Result<BTreeMap<String, String>, Failure> {
    let one = |t: &::apply::Target<'_>| {
        let flat = FlatDesired::of(t.desired, t.secrets).map_err(|name| {
            Failure::bare(Exit::Errors, codes::NO_SECRET, format!("the secret {name} has no value here"))
        })?;
        Ok((t.desired.host.clone(), flat.0.digest()))
    };
    way.targets().iter().map(one).collect()
}
