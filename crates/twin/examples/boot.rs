//! Boots N machines on one LAN and prints how long it took and what they need: `boot -- 50 [COMMAND…]`.
//! A command is run in the first machine. `boot -- gc` releases what killed ones left.
//! `BOOT_PACKAGES` names packages that the base image has besides the usual ones.

use remote::Remote;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use twin::topology::{Iface, Machine, Segment};
use twin::{Base, Seeds, Topology, Twin, TwinError, Watch};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    if first.as_deref() == Some("gc") {
        println!("released {:?}", twin::gc()?);
        return Ok(());
    }
    let count: usize = first.map_or(Ok(50), |n| n.parse())?;
    let command: Vec<String> = args.collect();
    let talk = Watch::new(|line| eprintln!("{line}"), Arc::new(AtomicBool::new(false)));
    let begun = Instant::now();
    let packages = std::env::var("BOOT_PACKAGES").unwrap_or_default();
    let recipe = twin::base::Recipe::default().with(packages.split_whitespace());
    let base = Base::ensure(&recipe, &talk)?;
    println!("base image    {:>7.2} s", begun.elapsed().as_secs_f64());

    let mut topology = Topology::default();
    topology.segments.insert("lan".to_owned(), Segment::default());
    for n in 0..count {
        let name = format!("m{n}");
        let interfaces = vec![Iface::new(&name, "eth0", "lan")];
        topology.machines.insert(name, Machine { interfaces });
    }
    let begun = Instant::now();
    let twin = Twin::up("boot-bench", topology, &Seeds::default(), &base, &Watch::quiet())?;
    println!("{count} machines up {:>6.2} s", begun.elapsed().as_secs_f64());
    println!("memory        {:>7.1} MB", twin.memory(None).unwrap_or_default() as f64 / 1e6);
    let asked = ask(&twin, &command);
    let begun = Instant::now();
    twin.down()?;
    println!("down          {:>7.2} s", begun.elapsed().as_secs_f64());
    Ok(asked?)
}

fn ask(twin: &Twin, command: &[String]) -> Result<(), TwinError> {
    let host = twin.remote("m0")?;
    let limit = Duration::from_secs(30);
    let say = |e: remote::RemoteError| TwinError::failed("ask m0", e);
    let begun = Instant::now();
    let rounds: u32 = 100;
    for _ in 0..rounds {
        host.run(&["true"], b"", limit).map_err(say)?;
    }
    println!("one command   {:>7.2} ms", (begun.elapsed() / rounds).as_secs_f64() * 1e3);
    if !command.is_empty() {
        let argv: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = host.run(&argv, b"", limit).map_err(say)?;
        println!("{}{}", output.text(), output.error_text());
    }
    Ok(())
}
