//! `bench-peers PEERS [--ansible-up-to N] [--runs N] [HOSTS…]`: boots machines with a real sshd each, lets
//! Fleetwright, pyinfra and Ansible do the same ten operations on them from a desk on their LAN, looks at the
//! machines, and prints a table. PEERS is the virtual environment of the peers. Run by bench/peers/run.
//! `--apply DIR` and `--floor DIR` are our part, processes of their own as the peers' are; `--clean PID` ends
//! what a killed run left.

mod desk;
mod ground;
mod ours;
mod table;
mod tools;

use ground::Ground;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use table::Measured;

/// Longest a run may take, all in all.
const MOST: Duration = Duration::from_secs(2 * 3600);

struct Wanted {
    peers: PathBuf,
    hosts: Vec<usize>,
    ansible_up_to: usize,
    runs: usize,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["--apply", folder] => ours::apply(Path::new(folder)).map_err(|e| e.to_string()),
        ["--floor", folder] => ours::floor(Path::new(folder)).map_err(|e| e.to_string()),
        ["--clean", pid] => {
            desk::clean(pid);
            Ok(ExitCode::SUCCESS)
        }
        args => read(args).and_then(|wanted| bench(&wanted)),
    };
    done.unwrap_or_else(|e| {
        eprintln!("bench-peers: {e}");
        ExitCode::FAILURE
    })
}

fn read(args: &[&str]) -> Result<Wanted, String> {
    let usage = || "usage: bench-peers PEERS [--ansible-up-to N] [--runs N] [HOSTS…]".to_owned();
    let number = |word: &str| word.parse::<usize>().map_err(|_| usage());
    let (peers, mut rest) = args.split_first().ok_or_else(usage)?;
    let peers = Path::new(peers).canonicalize().map_err(|e| format!("{peers}: {e}"))?;
    let mut wanted = Wanted { peers, hosts: Vec::new(), ansible_up_to: 200, runs: 3 };
    while let Some((word, more)) = rest.split_first() {
        rest = more;
        let place = match *word {
            "--ansible-up-to" => &mut wanted.ansible_up_to,
            "--runs" => &mut wanted.runs,
            word => {
                wanted.hosts.push(number(word)?);
                continue;
            }
        };
        let (value, more) = rest.split_first().ok_or_else(usage)?;
        *place = number(value)?;
        rest = more;
    }
    if wanted.hosts.is_empty() {
        wanted.hosts = vec![50, 200];
    }
    Ok(wanted)
}

fn bench(wanted: &Wanted) -> Result<ExitCode, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [2, 15, 1] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|e| e.to_string())?;
    }
    // Everything has a limit of its own; this is for what nobody thought of.
    let late = Arc::clone(&stop);
    std::thread::spawn(move || {
        std::thread::sleep(MOST);
        late.store(true, Ordering::Relaxed);
    });
    let go_on = || if stop.load(Ordering::Relaxed) { Err("stopped".to_owned()) } else { Ok(()) };
    let busy = desk::busy_seconds();
    std::thread::sleep(Duration::from_secs(2));
    let others = (desk::busy_seconds() - busy) / 2.0;
    println!("{}", table::HEAD);
    let mut whole = true;
    for &hosts in &wanted.hosts {
        let ground = Ground::new(hosts, &stop)?;
        let tool = |name: &str, runs: usize| {
            let seen = tools::measure(&ground, name, &wanted.peers, runs);
            if let Err(e) = &seen {
                eprintln!("{name}, {hosts} hosts: {e}");
            }
            go_on().map(|()| seen)
        };
        let measured = Measured {
            hosts,
            ours: tool("fleetwright", wanted.runs)?,
            floors: tools::floors(&ground, wanted.runs),
            pyinfra: tool("pyinfra", wanted.runs)?,
            // At 200 hosts one run of it is minutes.
            ansible: (hosts <= wanted.ansible_up_to)
                .then(|| tool("ansible", if hosts > 50 { 1 } else { wanted.runs }))
                .transpose()?,
        };
        go_on()?;
        if let Err(e) = &measured.floors {
            eprintln!("floor, {hosts} hosts: {e}");
        }
        whole &= measured.whole();
        measured.rows().iter().for_each(|row| println!("{row}"));
    }
    let few = Ground::new(4, &stop)?;
    let most = tools::agent_memory(&few);
    whole &= most.is_ok();
    let said = match most {
        Ok(bytes) => {
            format!("{:.1} MB | {}", bytes as f64 / 1e6, if bytes <= 12_000_000 { "yes" } else { "**no**" })
        }
        Err(e) => {
            eprintln!("agent: {e}");
            "**failed** | **no**".to_owned()
        }
    };
    println!("| any | resident memory of our agent on a host, highest | ≤ 12 MB | {said} | – | – |");
    println!("\nOther work on the computer when it began: {others:.2} of its processors.");
    if others > 0.2 {
        eprintln!(
            "the computer was not idle: {others:.2} processors were busy; the figures are worth little"
        );
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
