//! Switching machines on: systemd-nspawn started in the machine's own cgroups and a mount namespace that
//! holds its disk, so that nothing is mounted anywhere once it is gone.

use crate::TwinError;
use crate::error::Step;
use crate::ground::process::{ProcId, enroll, log_to};
use crate::ground::{cgroup, netns};
use crate::paths::{NETNS, Paths};
use crate::state::Powered;
use crate::watch::Watch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::UnshareFlags;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A machine that is not up by then never will be.
const READY: Duration = Duration::from_secs(90);
/// How often a wish to stop is looked for while waiting.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A machine that was switched on and has not said that it is up.
pub(crate) struct Starting {
    machine: String,
    nspawn: ProcId,
    handle: OwnedFd,
    words: UnixDatagram,
    words_path: PathBuf,
    log: PathBuf,
    leader: Option<ProcId>,
}

impl Drop for Starting {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.words_path);
    }
}

/// Switches a machine on.
pub(crate) fn launch(paths: &Paths, base: &Path, machine: &str) -> Result<(Starting, Child), TwinError> {
    let what = || format!("start machine {machine}");
    let home = paths.machine(machine);
    // Left by a disk that was not unmounted in order, which a power cut is: see `volatile` below.
    let _ = fs::remove_dir_all(home.join("work/work/incompat"));
    let words_path = paths.run().join("n").join(machine);
    let _ = fs::remove_file(&words_path);
    let words = UnixDatagram::bind(&words_path).step(what)?;
    words.set_nonblocking(true).step(what)?;
    let log = paths.logs().join(machine);
    let mut command = nspawn(paths, machine, &home.join("root"), &words_path);
    log_to(&mut command, &log)?;
    let doors = cgroup::create(&format!("{}/{machine}", paths.cgroup()))?;
    let name = paths.netns(machine);
    let netns = netns::open(&name)?;
    let child = netns::aside(|| {
        dress(base, &paths.common(), &home, &name, &netns)?;
        enroll(&mut command, &doors);
        command.spawn()
    })?
    .step(what)?;
    let pid = child.id().cast_signed();
    let nspawn = ProcId::of(pid).ok_or_else(|| TwinError::failed(what(), tail(&log)))?;
    let raw = Pid::from_raw(pid).ok_or_else(|| TwinError::failed(what(), "no such process"))?;
    let handle = pidfd_open(raw, PidfdFlags::empty()).step(what)?;
    let starting =
        Starting { machine: machine.to_owned(), nspawn, handle, words, words_path, log, leader: None };
    Ok((starting, child))
}

/// Gives the calling thread the mounts a machine starts from.
fn dress(base: &Path, common: &Path, home: &Path, name: &str, netns: &OwnedFd) -> std::io::Result<()> {
    netns::unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    // Only its own network namespace: a copied mount of another would keep that one alive.
    let _ = unmount(NETNS, UnmountFlags::DETACH);
    mount("fw", NETNS, "tmpfs", MountFlags::empty(), Some(c"size=64k"))?;
    fs::write(netns::path(name), "")?;
    mount_bind(format!("/proc/self/fd/{}", netns.as_raw_fd()), netns::path(name))?;
    // Where nspawn keeps what it forgets to remove when it is killed.
    fs::create_dir_all("/run/systemd/nspawn")?;
    mount("fw", "/run/systemd/nspawn", "tmpfs", MountFlags::empty(), Some(c"size=1m,mode=755"))?;
    // volatile: fsync inside does nothing. A power cut here ends processes, never the page cache.
    let options = format!(
        "lowerdir={}:{},upperdir={h}/upper,workdir={h}/work,volatile",
        common.display(),
        base.display(),
        h = home.display()
    );
    let options = CString::new(options)?;
    mount("overlay", home.join("root"), "overlay", MountFlags::empty(), Some(&*options))?;
    Ok(())
}

fn nspawn(paths: &Paths, machine: &str, root: &Path, words: &Path) -> Command {
    let netns = paths.netns(machine);
    let mut command = Command::new("systemd-nspawn");
    command.args([
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--notify-ready=yes",
        "--console=pipe",
    ]);
    command.arg(format!("--directory={}", root.display()));
    command.arg(format!("--network-namespace-path={NETNS}/{netns}"));
    command.arg(format!("--machine={machine}")).arg(format!("--hostname={machine}"));
    command.args(["--capability=all", "--bind=/dev/net/tun"]);
    command.args(["--resolv-conf=off", "--timezone=off", "--link-journal=no"]);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("NOTIFY_SOCKET", words);
    // /proc/sys/net is the machine's own to write.
    command.env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network");
    // Compiling nspawn's own system call filter takes a third of a machine's start.
    command.env("SYSTEMD_SECCOMP", "0");
    command
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let said = fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}

/// Waits until every machine says that its systemd has reached its default target.
pub(crate) fn await_all(
    mut starting: Vec<Starting>,
    watch: &Watch,
    mut up: impl FnMut(&str, Powered) -> Result<(), TwinError>,
) -> Result<(), TwinError> {
    let begun = Instant::now();
    while !starting.is_empty() {
        watch.go_on()?;
        if begun.elapsed() > READY {
            let names: Vec<&str> = starting.iter().map(|s| s.machine.as_str()).collect();
            let said = tail(&starting[0].log);
            return Err(TwinError::failed(
                format!("wait for {}", names.join(", ")),
                format!("not up after {READY:?}; {} said: {said}", names[0]),
            ));
        }
        let ready: Vec<bool> = {
            let words = starting.iter().map(|s| PollFd::new(&s.words, PollFlags::IN));
            let ends = starting.iter().map(|s| PollFd::new(&s.handle, PollFlags::IN));
            let mut fds: Vec<PollFd<'_>> = words.chain(ends).collect();
            match poll(&mut fds, Some(&GLANCE)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(TwinError::failed("wait for the machines", e)),
            }
            fds.iter().map(|f| !f.revents().is_empty()).collect()
        };
        let count = starting.len();
        let mut gone = BTreeMap::new();
        for n in 0..count {
            if ready[n] && starting[n].listen() {
                gone.insert(n, ());
            } else if ready[count + n] {
                let said = tail(&starting[n].log);
                return Err(TwinError::failed(
                    format!("start machine {}", starting[n].machine),
                    format!("it ended: {said}"),
                ));
            }
        }
        for (n, ()) in gone.into_iter().rev() {
            let one = starting.swap_remove(n);
            let missing =
                || TwinError::failed(format!("start machine {}", one.machine), "it has no first process");
            up(&one.machine, Powered { nspawn: one.nspawn, leader: one.leader.ok_or_else(missing)? })?;
        }
    }
    Ok(())
}

impl Starting {
    /// Reads what nspawn says (sd_notify(3)); true once the machine is up.
    fn listen(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let mut up = false;
        while let Ok(n) = self.words.recv(&mut buffer) {
            for line in String::from_utf8_lossy(&buffer[..n]).lines() {
                if let Some(pid) = line.strip_prefix("X_NSPAWN_LEADER_PID=") {
                    self.leader = pid.trim().parse().ok().and_then(ProcId::of);
                }
                up |= line == "READY=1";
            }
        }
        up
    }
}
