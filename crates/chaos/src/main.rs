//! `fleetwright-chaos`: thousands of applies, each with a fault. Exit code 0: nothing was wrong; 1: something
//! was; 2: it could not be run.

use apply::AgentBinary;
use chaos::case::Done;
use chaos::kind::Kind;
use chaos::lab::Lab;
use chaos::one::{Job, one_apply};
use chaos::run::{Which, run};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Injects faults into applies on booted machines, and looks from outside what came of it.
#[derive(Debug, Parser)]
#[command(name = "fleetwright-chaos", version)]
struct Args {
    /// Everything follows from it; a new one when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How many cases.
    #[arg(long, default_value_t = 300)]
    count: u64,
    /// Only this case, or from this one on with --count.
    #[arg(long)]
    case: Option<u64>,
    /// Machines at once.
    #[arg(long, default_value_t = 16)]
    machines: usize,
    /// Only this kind of fault; `list` shows all.
    #[arg(long)]
    only: Option<String>,
    /// The agent to test; the one beside this program when absent.
    #[arg(long)]
    agent: Option<PathBuf>,
    /// One line of JSON a case, and the counts at the end.
    #[arg(long)]
    json: bool,
    /// Print the table of counts by kind in Markdown.
    #[arg(long)]
    table: bool,
    /// One line a case.
    #[arg(long)]
    verbose: bool,
    /// Go on after something was wrong; else its machine is kept as it is for a look.
    #[arg(long)]
    keep_going: bool,
    /// Be a controller that does one apply (for the harness itself).
    #[arg(long, hide = true)]
    one_apply: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match work(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("fleetwright-chaos: {e}");
            ExitCode::from(2)
        }
    }
}

fn work(args: &Args) -> Result<u64, String> {
    if args.one_apply {
        let job: Job = serde_json::from_reader(std::io::stdin()).map_err(|e| e.to_string())?;
        println!("{}", one_apply(&job)?);
        return Ok(0);
    }
    if args.only.as_deref() == Some("list") {
        Kind::ALL.iter().for_each(|k| println!("{k}"));
        return Ok(0);
    }
    let only = match &args.only {
        Some(name) => Some(Kind::named(name).ok_or_else(|| format!("there is no kind {name}; --only list"))?),
        None => None,
    };
    let seed = args.seed.unwrap_or_else(|| u64::from(std::process::id()) ^ epoch());
    let agent = match &args.agent {
        Some(path) => AgentBinary::read(path),
        None => AgentBinary::beside_this_program(),
    };
    let agent = agent.map_err(|e| e.to_string())?;
    let count = if args.case.is_some() && args.count == 300 { 1 } else { args.count };
    let which = Which { first: args.case.unwrap_or(0), count, only };
    let machines = args.machines.clamp(1, usize::try_from(count.div_ceil(8)).unwrap_or(1).max(1));
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).map_err(|e| e.to_string())?;
    }
    // What an earlier run left that was killed.
    twin::gc().map_err(|e| e.to_string())?;
    let name = format!("chaos-{}", std::process::id());
    let mut lab = Lab::up(&name, machines, seed, agent).map_err(|e| e.to_string())?;
    lab.keep = !args.keep_going;
    lab.program = std::env::current_exe().map_err(|e| e.to_string())?;
    if !args.json {
        println!("seed {seed}, {count} cases on {machines} machines");
    }
    let begun = Instant::now();
    let (told, shown) = (AtomicU64::new(0), AtomicU64::new(0));
    let tally = run(&lab, machines, &which, &stop, &|done| {
        let n = told.fetch_add(1, Ordering::Relaxed) + 1;
        tell(args, seed, done);
        let due = begun.elapsed() > Duration::from_secs(10 * (1 + shown.load(Ordering::Relaxed)));
        if due && !args.json {
            shown.fetch_add(1, Ordering::Relaxed);
            println!("{n} cases in {:.0} s", begun.elapsed().as_secs_f64());
        }
    });
    let wrong = tally.wrong();
    if args.json {
        println!("{}", tally.json(seed));
    } else {
        if args.table {
            println!("{}", tally.table());
        }
        println!(
            "seed {seed}: {} cases in {:.1} s, {:.1} a second; {} unknown; {wrong} wrong {:?}",
            tally.total().cases,
            tally.elapsed.as_secs_f64(),
            tally.rate(),
            tally.total().unknown,
            tally.total().wrong
        );
    }
    if wrong > 0 && !args.keep_going {
        println!("the machines of twin {name} are kept: `fleetwright twin down {name}` ends them");
    } else {
        lab.twin.down().map_err(|e| e.to_string())?;
    }
    Ok(wrong)
}

fn epoch() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |d| d.as_secs())
}

fn tell(args: &Args, seed: u64, done: &Done) {
    let words = format!("{} ({})", done.kind, done.detail);
    if args.json {
        let wrong: Vec<_> = done.wrong.iter().map(|(w, what)| (w.name(), what)).collect();
        let line = serde_json::json!({
            "case": done.case, "kind": done.kind.name(), "detail": done.detail, "told": done.told.to_string(),
            "took_ms": done.took.as_millis(), "wrong": wrong,
        });
        println!("{line}");
        return;
    }
    if args.verbose {
        println!("case {} {words}: {} in {} ms", done.case, done.told, done.took.as_millis());
    }
    for (wrong, what) in &done.wrong {
        let only = args.only.as_ref().map_or(String::new(), |o| format!(" --only {o}"));
        println!("{}: {words}: {what}\n  told: {}", wrong.name().to_uppercase(), done.told);
        println!("  again: fleetwright-chaos --seed {seed} --case {}{only}", done.case);
    }
}
