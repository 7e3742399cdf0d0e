//! Each tool: its command, and what it took on fresh machines and with nothing to do.

use crate::desk::{Desk, Session, Took};
use crate::ground::Ground;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

type Done<T> = Result<T, String>;

/// Longest any single run may take, by hosts: Ansible needs about two seconds a host.
fn limit(count: usize) -> Duration {
    Duration::from_secs(120 + 8 * count as u64)
}

/// What one tool took.
pub struct Seen {
    pub first: Took,
    /// Medians by wall time; for Ansible over the connections it keeps.
    pub again: Took,
    /// With nothing kept from runs before: only Ansible keeps connections.
    pub fresh: Option<Took>,
}

fn ours(flag: &str, ground: &Ground) -> Done<Vec<String>> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    Ok(vec![program.display().to_string(), flag.to_owned(), ground.work.display().to_string()])
}

fn words(program: &Path, args: &[&str]) -> Vec<String> {
    std::iter::once(program.display().to_string()).chain(args.iter().map(|a| (*a).to_owned())).collect()
}

fn median(mut all: Vec<Took>) -> Done<Took> {
    all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let middle = all.len() / 2;
    if all.is_empty() { Err("no runs".to_owned()) } else { Ok(all.swap_remove(middle)) }
}

fn tell(tool: &str, what: &str, took: &Took) {
    let phases = took.said.lines().find(|l| l.starts_with("phases: ")).unwrap_or_default();
    eprintln!(
        "{tool} {what}: {:.2} s, its processes {:.2} s of processor and {:.0} MB, the computer {:.2} s {phases}",
        took.seconds,
        took.own_cpu,
        took.bytes as f64 / 1e6,
        took.all_cpu
    );
}

/// First apply on fresh machines, then `runs` with nothing to do; after each kind every machine is looked at.
pub fn measure(ground: &Ground, tool: &str, peers: &Path, runs: usize) -> Done<Seen> {
    let argv = match tool {
        "pyinfra" => words(&peers.join("bin/pyinfra"), &["-y", "inventory.py", "deploy.py"]),
        "ansible" => words(&peers.join("bin/ansible-playbook"), &["-i", "inventory.ini", "site.yml"]),
        _ => ours("--apply", ground)?,
    };
    let limit = limit(ground.count);
    let up = ground.boot(tool)?;
    up.all_bare()?;
    let desk = Desk { twin: up.twin()?, work: &ground.work, stop: &ground.stop };
    let mut session = Session::new(&desk);
    let first = session.run(&argv, limit)?;
    tell(tool, "first", &first);
    up.all_as_wanted()?;
    let mut again = Vec::new();
    for _ in 0..runs {
        let took = session.run(&argv, limit)?;
        tell(tool, "no-op", &took);
        idle(tool, &took.said)?;
        again.push(took);
    }
    let mut fresh = None;
    if tool == "ansible" {
        session.renew();
        let took = session.run(&argv, limit)?;
        tell(tool, "no-op, new connections", &took);
        idle(tool, &took.said)?;
        fresh = Some(took);
    }
    up.all_as_wanted()?;
    Ok(Seen { first, again: median(again)?, fresh })
}

/// A run that was to have nothing to do and did something measures something else.
fn idle(tool: &str, said: &str) -> Done<()> {
    let busy = match tool {
        "fleetwright" => !said.contains("0 hosts changed\n"),
        "ansible" => said.lines().any(|l| l.contains("changed=") && !l.contains("changed=0 ")),
        _ => said.lines().any(|l| l.ends_with("] Success")),
    };
    if busy { Err(format!("a second run changed something:\n{said}")) } else { Ok(()) }
}

/// Connecting to all hosts at once and running `true`: in this process, and by one `ssh` a host.
pub fn floors(ground: &Ground, runs: usize) -> Done<(Took, Took)> {
    let up = ground.boot("floor")?;
    let desk = Desk { twin: up.twin()?, work: &ground.work, stop: &ground.stop };
    let mut session = Session::new(&desk);
    let at = |name: &str| ground.work.join(name).display().to_string();
    let script = format!(
        "exec xargs -P {} -I{{}} ssh -F none -i {} -o UserKnownHostsFile={} -o BatchMode=yes root@{{}} true <{}",
        ground.count,
        at("key"),
        at("known"),
        at("addresses")
    );
    let mut of = |what: &str, argv: &[String]| {
        let mut all = Vec::new();
        for _ in 0..runs {
            let took = session.run(argv, limit(ground.count))?;
            tell("floor", what, &took);
            all.push(took);
        }
        median(all)
    };
    // The first sign-ins on a machine read programs from the disk.
    of("warming up", &ours("--floor", ground)?)?;
    Ok((
        of("in one process", &ours("--floor", ground)?)?,
        of("ssh(1)", &words(Path::new("/bin/sh"), &["-c", &script]))?,
    ))
}

/// The most memory an agent had on a host, in bytes: a first apply and one with nothing to do, watched.
pub fn agent_memory(ground: &Ground) -> Done<u64> {
    let up = ground.boot("agent")?;
    let desk = Desk { twin: up.twin()?, work: &ground.work, stop: &ground.stop };
    let done = AtomicBool::new(false);
    let mark = format!("/peers-{}-agent/", std::process::id());
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut known = Known::default();
            while !done.load(Ordering::Relaxed) {
                known.look(&mark);
            }
            known.most
        });
        let mut session = Session::new(&desk);
        let argv = ours("--apply", ground);
        let ran =
            argv.and_then(|argv| (0..2).try_for_each(|_| session.run(&argv, limit(ground.count)).map(drop)));
        done.store(true, Ordering::Relaxed);
        let most = watcher.join().map_err(|_| "the watcher died".to_owned())?;
        ran?;
        if most == 0 { Err("no agent was seen".to_owned()) } else { Ok(most * 1024) }
    })
}

/// Processes that were looked at already: which are agents of this run, and which are of no interest.
#[derive(Default)]
struct Known {
    agents: BTreeSet<PathBuf>,
    others: BTreeSet<PathBuf>,
    most: u64,
}

impl Known {
    fn look(&mut self, mark: &str) {
        let dirs = fs::read_dir("/proc").into_iter().flatten().flatten().map(|e| e.path());
        for dir in dirs.filter(|d| d.file_name().is_some_and(|n| n.as_encoded_bytes()[0].is_ascii_digit())) {
            if !self.agents.contains(&dir) {
                // Before its exec it is a shell: looked at again until it has that name.
                let named = fs::read_to_string(dir.join("comm")).is_ok_and(|c| c.trim() == "fleetwright-age");
                if !named || self.others.contains(&dir) {
                    continue;
                }
                let mine = fs::read_to_string(dir.join("cgroup")).is_ok_and(|c| c.contains(mark));
                if mine {
                    self.agents.insert(dir.clone())
                } else {
                    self.others.insert(dir.clone())
                };
            }
        }
        for dir in &self.agents {
            let status = fs::read_to_string(dir.join("status")).unwrap_or_default();
            let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
            let kib = peak.and_then(|p| p.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
            self.most = self.most.max(kib);
        }
    }
}
