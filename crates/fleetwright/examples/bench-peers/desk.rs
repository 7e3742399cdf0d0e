//! A tool run as a process of its own at the desk: how long it took, what all its processes together took.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use twin::Twin;

pub const DESK: &str = "desk";
/// How often a wish to stop is looked for.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// What a process and all it started took.
pub struct Took {
    pub seconds: f64,
    /// Highest bytes of all its processes at once, page cache of what they were the first to read included.
    pub bytes: u64,
    /// Processor seconds of all its processes.
    pub own_cpu: f64,
    /// Processor seconds of this whole computer in that time, the machines among them.
    pub all_cpu: f64,
    pub said: String,
}

/// A command at the desk, in control groups of its own.
pub struct Desk<'a> {
    pub twin: &'a Twin,
    pub work: &'a Path,
    pub stop: &'a AtomicBool,
}

/// Groups of processes that a tool has left running (ControlPersist), ended when dropped.
struct Groups([PathBuf; 2]);

impl Groups {
    fn new() -> Result<Self, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(".peers-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let groups =
            Groups(["memory", "cpuacct"].map(|c| Path::new("/sys/fs/cgroup").join(c).join("fw").join(&name)));
        for group in &groups.0 {
            fs::create_dir_all(group).map_err(|e| format!("{}: {e}", group.display()))?;
        }
        Ok(groups)
    }

    fn number(&self, which: usize, file: &str) -> f64 {
        fs::read_to_string(self.0[which].join(file))
            .ok()
            .and_then(|t| t.trim().parse().ok())
            .unwrap_or(f64::NAN)
    }

    fn end(&self) {
        let begun = Instant::now();
        // A group has no event for being empty.
        while begun.elapsed() < Duration::from_secs(10) {
            let inside = fs::read_to_string(self.0[0].join("cgroup.procs")).unwrap_or_default();
            if inside.trim().is_empty() {
                break;
            }
            for pid in inside.lines().filter_map(|l| Pid::from_raw(l.parse().ok()?)) {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        for group in &self.0 {
            let _ = fs::remove_dir(group);
        }
    }
}

/// Ends what a killed run left: its groups, its twins and its folder.
pub fn clean(pid: &str) {
    for folder in ["memory", "cpuacct"].map(|c| Path::new("/sys/fs/cgroup").join(c).join("fw")) {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&format!(".peers-{pid}-")) {
                Groups([entry.path(), entry.path()]).end();
            }
        }
    }
    for twin in twin::twins().unwrap_or_default() {
        if twin.name.starts_with(&format!("peers-{pid}-"))
            && let Ok(twin) = Twin::open(&twin.name)
        {
            let _ = twin.down();
        }
    }
    let _ = twin::gc();
    let _ = fs::remove_dir_all(folder_of(pid));
}

/// Where a run keeps its keys, inventories and what tools say.
pub fn folder_of(pid: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fleetwright-peers-{pid}"))
}

/// Runs of one tool that share what the tool keeps running between them.
pub struct Session<'a> {
    desk: &'a Desk<'a>,
    groups: Vec<Groups>,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.renew();
    }
}

impl<'a> Session<'a> {
    pub fn new(desk: &'a Desk<'a>) -> Self {
        Session { desk, groups: Vec::new() }
    }

    /// Ends what earlier runs left running.
    pub fn renew(&mut self) {
        self.groups.drain(..).for_each(|g| g.end());
    }

    /// Runs a command and waits for it, at most `limit`.
    pub fn run(&mut self, argv: &[String], limit: Duration) -> Result<Took, String> {
        let groups = Groups::new()?;
        let procs = |n: usize| groups.0[n].join("cgroup.procs");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo $$ >\"$1\" && echo $$ >\"$2\" && shift 2 && exec \"$@\"", "sh"]);
        command.arg(procs(0)).arg(procs(1)).args(argv);
        let project = self.desk.work.join("project");
        command.current_dir(&project).stdin(Stdio::null());
        command.env("HOME", self.desk.work).env_remove("SSH_AUTH_SOCK");
        command.env("ANSIBLE_CONFIG", project.join("ansible.cfg"));
        let ended = std::thread::scope(|scope| {
            scope
                .spawn(|| self.desk.watched(&mut command, limit))
                .join()
                .map_err(|_| "its thread died".to_owned())
        });
        let (bytes, own) = (groups.number(0, "memory.max_usage_in_bytes"), groups.number(1, "cpuacct.usage"));
        // Kept also when it failed: what it left is ended with the session.
        self.groups.push(groups);
        let (seconds, all_cpu, said) = ended??;
        Ok(Took { seconds, bytes: bytes as u64, own_cpu: own / 1e9, all_cpu, said })
    }
}

impl Desk<'_> {
    fn watched(&self, command: &mut Command, limit: Duration) -> Result<(f64, f64, String), String> {
        let text = |e: std::io::Error| e.to_string();
        self.twin.enter(DESK).map_err(|e| e.to_string())?;
        let log = self.work.join("said");
        let out = fs::File::create(&log).map_err(text)?;
        command.stdout(out.try_clone().map_err(text)?).stderr(out);
        let (begun, busy) = (Instant::now(), busy_seconds());
        let mut child = command.spawn().map_err(text)?;
        let pid = Pid::from_raw(child.id().cast_signed()).ok_or("no process")?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| e.to_string())?;
        let cut = loop {
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&GLANCE)) {
                Ok(n) if n > 0 => break None,
                _ if self.stop.load(Ordering::Relaxed) => break Some("stopped".to_owned()),
                _ if begun.elapsed() > limit => break Some(format!("not done after {} s", limit.as_secs())),
                _ => {}
            }
        };
        let (seconds, busy) = (begun.elapsed().as_secs_f64(), busy_seconds() - busy);
        if let Some(cut) = cut {
            let _ = child.kill();
            let _ = child.wait();
            return Err(cut);
        }
        let status = child.wait().map_err(text)?;
        let said = fs::read(&log).map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(text)?;
        if status.success() {
            return Ok((seconds, busy, said));
        }
        let tail: Vec<&str> = said.lines().rev().take(30).collect();
        Err(format!("{status}\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n")))
    }
}

/// Processor seconds of this computer since it started, idle and stolen time left out.
pub fn busy_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> =
        stat.lines().next().unwrap_or_default().split_whitespace().filter_map(|w| w.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; a hundredth of a second each.
    [0, 1, 2, 5, 6].iter().filter_map(|n| ticks.get(*n)).sum::<f64>() / 100.0
}
