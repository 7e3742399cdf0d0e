//! Measures what bench/RESULTS.md promises and prints the table. Run by `bench/run`, which builds the release
//! programs first. Needs root for the twin's part; `--static` leaves that out.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

/// Runs of each static measurement; the median counts.
const RUNS: usize = 10;
/// Runs of each twin measurement.
const TWIN_RUNS: usize = 5;

fn main() -> ExitCode {
    let only_static = env::args().any(|a| a == "--static");
    match measure(only_static) {
        Ok(rows) => {
            println!("{}", table(&rows));
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

/// One line of the table.
struct Row {
    what: String,
    promise: &'static str,
    seen: String,
    holds: bool,
    command: String,
}

type Rows = Vec<Row>;

fn measure(only_static: bool) -> Result<Rows, String> {
    let bench = Bench::new()?;
    let mut rows = Vec::new();
    bench.rendering(&mut rows)?;
    if !only_static {
        let twins = bench.twins(&mut rows);
        bench.quietly(&["twin", "down", "bench-two"]);
        bench.quietly(&["twin", "down", "bench-bgp"]);
        twins?;
    }
    let _ = fs::remove_dir_all(&bench.work);
    Ok(rows)
}

struct Bench {
    program: PathBuf,
    generator: PathBuf,
    root: PathBuf,
    work: PathBuf,
}

/// Wall time in milliseconds, the JSON answer, and what `--timing` said.
struct Run {
    ms: f64,
    answer: Value,
    timing: Value,
}

impl Bench {
    fn new() -> Result<Self, String> {
        let here = env::current_exe().map_err(|e| e.to_string())?;
        let examples = here.parent().ok_or("no folder")?;
        let program = examples.parent().ok_or("no folder")?.join("fleetwright");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let work = env::temp_dir().join(format!("fleetwright-bench-{}", std::process::id()));
        fs::create_dir_all(&work).map_err(|e| e.to_string())?;
        Ok(Bench { program, generator: examples.join("bench-fleet"), root, work })
    }

    /// Runs the program; an exit code other than 0 is an error.
    fn run(&self, args: &[&str]) -> Result<Run, String> {
        let begun = Instant::now();
        let output = Command::new(&self.program).args(args).output().map_err(|e| e.to_string())?;
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(format!("{}: {}\n{out}\n{err}", args.join(" "), output.status));
        }
        let timing = err.lines().last().and_then(|l| serde_json::from_str(l).ok()).unwrap_or(Value::Null);
        Ok(Run { ms, answer: serde_json::from_str(&out).unwrap_or(Value::Null), timing })
    }

    fn quietly(&self, args: &[&str]) {
        let _ = Command::new(&self.program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    fn generate(&self, args: &[&str]) -> Result<(), String> {
        let done = Command::new(&self.generator).args(args).status().map_err(|e| e.to_string())?;
        if done.success() { Ok(()) } else { Err(format!("bench-fleet {}: {done}", args.join(" "))) }
    }

    /// The whole process: read, check, derive and render every file of every host.
    fn rendering(&self, rows: &mut Rows) -> Result<(), String> {
        let mut times = Vec::new();
        for (hosts, services) in [("200", "1000"), ("2000", "10000")] {
            let folder = self.work.join(format!("plain-{hosts}"));
            let folder = folder.to_str().ok_or("the temporary folder's name is not UTF-8")?;
            self.generate(&["plain", hosts, services, folder])?;
            self.run(&["-C", folder, "lock", "--quiet"])?;
            let (mut ms, mut kib) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                let run = self.run(&["-C", folder, "render", "--quiet", "--timing"])?;
                ms.push(run.ms);
                kib.push(run.timing["peak_kib"].as_f64().unwrap_or(f64::NAN));
            }
            let (ms, mib) = (median(&mut ms), median(&mut kib) / 1024.0);
            times.push(ms);
            let small = hosts == "200";
            rows.push(Row {
                what: format!("check + derive + render, {hosts} hosts, {services} services, cold process"),
                promise: if small { "≤ 0.5 s, ≤ 150 MB" } else { "close to linear" },
                seen: if small {
                    format!("{:.2} s, {mib:.0} MiB", ms / 1000.0)
                } else {
                    format!("{:.2} s, {mib:.0} MiB; {:.1} × for 10 × the fleet", ms / 1000.0, ms / times[0])
                },
                holds: if small { ms <= 500.0 && mib <= 143.0 } else { ms / times[0] <= 20.0 },
                command: format!("bench-fleet plain {hosts} {services} D && fleetwright -C D lock && fleetwright -C D render -q"),
            });
        }
        Ok(())
    }

    fn twins(&self, rows: &mut Rows) -> Result<(), String> {
        let two = self.work.join("two-sites");
        copy(&self.root.join("examples/two-sites"), &two)?;
        let two = two.to_str().ok_or("the temporary folder's name is not UTF-8")?;
        let (mut all, mut edited, mut down) = (Vec::new(), Vec::new(), Vec::new());
        // The base image is built before anything counts.
        self.run(&["twin", "up", two, "--name", "bench-two", "--quiet"])?;
        self.run(&["twin", "down", "bench-two", "--quiet"])?;
        let photos = Path::new(two).join("services/photos.yaml");
        let before = fs::read_to_string(&photos).map_err(|e| e.to_string())?;
        let after = before.replace("auth: sso", "auth: own");
        if before == after {
            return Err("services/photos.yaml has no `auth: sso` to edit".to_owned());
        }
        for _ in 0..TWIN_RUNS {
            let up = self.run(&["twin", "up", two, "--name", "bench-two", "--quiet"])?;
            let prove = self.run(&["twin", "prove", "--name", "bench-two", "--quiet"])?;
            all.push(up.ms + prove.ms);
            fs::write(&photos, &after).map_err(|e| e.to_string())?;
            edited.push(self.run(&["twin", "apply", "--name", "bench-two", "--quiet"])?.ms);
            fs::write(&photos, &before).map_err(|e| e.to_string())?;
            down.push(self.run(&["twin", "down", "bench-two", "--quiet"])?.ms);
        }
        rows.push(seconds(
            "two-sites from nothing to all proofs",
            "≤ 20 s",
            20.0,
            &mut all,
            "fleetwright twin up examples/two-sites && fleetwright twin prove",
        ));
        rows.push(seconds(
            "one edited line applied to the running twin, all proofs again",
            "≤ 2 s",
            2.0,
            &mut edited,
            "fleetwright twin apply",
        ));
        rows.push(seconds("two-sites down", "≤ 2 s", 2.0, &mut down, "fleetwright twin down"));

        let bgp = self.work.join("bgp-50");
        let bgp = bgp.to_str().ok_or("the temporary folder's name is not UTF-8")?;
        self.generate(&["bgp", "50", bgp])?;
        let (mut right, mut memory, mut down) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TWIN_RUNS {
            let up = self.run(&["twin", "up", bgp, "--name", "bench-bgp", "--quiet"])?;
            let prove = self.run(&["twin", "prove", "routes", "--name", "bench-bgp", "--quiet"])?;
            right.push(up.ms + prove.ms);
            let ls = self.run(&["twin", "ls", "--json"])?;
            let mine = ls.answer["twins"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|t| t["name"] == "bench-bgp")
                .cloned();
            memory.push(mine.and_then(|t| t["memory"].as_f64()).unwrap_or(f64::NAN) / 1e6);
            down.push(self.run(&["twin", "down", "bench-bgp", "--quiet"])?.ms);
        }
        rows.push(seconds(
            "50 systemd machines with BGP from nothing to every FIB right",
            "≤ 10 s",
            10.0,
            &mut right,
            "bench-fleet bgp 50 D && fleetwright twin up D && fleetwright twin prove routes",
        ));
        let mb = median(&mut memory);
        rows.push(Row {
            what: "its memory, page cache of its own files included".into(),
            promise: "≤ 1.5 GB",
            seen: format!("{:.2} GB", mb / 1000.0),
            holds: mb <= 1500.0,
            command: "fleetwright twin ls".into(),
        });
        rows.push(seconds("50 machines down", "≤ 2 s", 2.0, &mut down, "fleetwright twin down"));
        Ok(())
    }
}

fn seconds(what: &str, promise: &'static str, most: f64, ms: &mut [f64], command: &str) -> Row {
    let median = median(ms) / 1000.0;
    let worst = ms.iter().copied().fold(0.0, f64::max) / 1000.0;
    Row {
        what: what.to_owned(),
        promise,
        seen: format!("{median:.1} s (worst {worst:.1} s)"),
        holds: median <= most,
        command: command.to_owned(),
    }
}

fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| e.to_string())?;
    for entry in fs::read_dir(from).map_err(|e| e.to_string())?.flatten() {
        if entry.file_name() == ".fleetwright" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut out = "| what | promise | median | holds | command |\n|---|---|---|---|---|\n".to_owned();
    for r in rows {
        let holds = if r.holds { "yes" } else { "**no**" };
        out.push_str(&format!("| {} | {} | {} | {holds} | `{}` |\n", r.what, r.promise, r.seen, r.command));
    }
    out
}
