//! Building a base image: debootstrap, packages, trimming, and one rename when all is done.

use crate::TwinError;
use crate::base::{Recipe, folder, nearest, trim};
use crate::error::Step;
use crate::ground::process::{enroll, log_to};
use crate::ground::{cgroup, netns};
use crate::machine::launch::tail;
use crate::watch::Watch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::UnshareFlags;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A step that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(1800);
/// How often the log and a wish to stop are looked at.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// What the minimal base has besides essential packages.
const FIRST: &str = "systemd,systemd-sysv,dbus";
/// The control group of builds; no twin's name begins with a dot.
fn group(hash: &str) -> String {
    format!("fw/.base-{hash}")
}

pub(crate) fn unfinished(hash: &str) -> PathBuf {
    folder().join(format!(".{hash}.building"))
}

/// Ends what an earlier build left running and removes what it left; the caller holds the image's lock.
pub(crate) fn clear(hash: &str) -> Result<(), TwinError> {
    cgroup::kill(&group(hash), Duration::from_secs(20))?;
    cgroup::remove(&group(hash), Duration::from_secs(20))?;
    let _ = fs::remove_file(unfinished(hash).with_extension("log"));
    match fs::remove_dir_all(unfinished(hash)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).step(|| "remove an unfinished image".to_owned())
        }
        _ => Ok(()),
    }
}

/// Builds the image into `root`; the caller holds its lock.
pub(crate) fn build(recipe: &Recipe, hash: &str, root: &Path, watch: &Watch) -> Result<(), TwinError> {
    clear(hash)?;
    let work = unfinished(hash);
    fs::create_dir_all(&work).step(|| format!("make {}", work.display()))?;
    let built = steps(recipe, hash, &work, watch).and_then(|()| {
        watch.go_on()?;
        fs::rename(&work, root).step(|| format!("rename to {}", root.display()))
    });
    let cleared = clear(hash);
    cgroup::forget();
    built.and(cleared)
}

fn steps(recipe: &Recipe, hash: &str, work: &Path, watch: &Watch) -> Result<(), TwinError> {
    let builder = Builder { hash, log: work.with_extension("log"), watch };
    let root = work.display().to_string();
    let mut missing: BTreeSet<String> = recipe.packages.iter().cloned().collect();
    if let Some((image, has)) = nearest(recipe) {
        missing.retain(|p| !has.contains(p));
        watch.say(&format!("base image: from one that lacks {} packages", missing.len()));
        let mut copy = Command::new("cp");
        copy.args(["-a", "--reflink=auto"]).arg(image.join(".")).arg(work);
        builder.run(copy, None)?;
    } else {
        watch.say(&format!("base image: debootstrap {}", recipe.suite));
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.args(["--variant=minbase", &format!("--include={FIRST}"), &recipe.suite, &root]);
        debootstrap.args(mirror(&recipe.suite));
        builder.run(debootstrap, None)?;
    }
    prepare(work).step(|| "prepare the package manager".to_owned())?;
    watch.say(&format!("base image: {} packages", missing.len()));
    builder.run(apt(&["update"]), Some(work))?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing.iter().map(String::as_str));
    builder.run(apt(&install), Some(work))?;
    builder.run(apt(&["clean"]), Some(work))?;
    watch.say("base image: trimming");
    trim::trim(work).step(|| "trim the image".to_owned())
}

fn apt(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-q", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=3"]).args(args);
    command
}

/// Where this machine itself gets packages of that release from; debootstrap has a default.
fn mirror(suite: &str) -> Option<String> {
    let format = "$(CODENAME) $(COMPONENT) $(CREATED_BY) $(REPO_URI)";
    let output = Command::new("apt-get").args(["indextargets", "--format", format]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line =
        text.lines().find_map(|l| l.strip_prefix(&format!("{suite} main Packages ")).map(str::to_owned))?;
    Some(line.trim_end_matches('/').to_owned())
}

/// Packages are unpacked without fsync, documentation and translations, and start nothing.
fn prepare(root: &Path) -> std::io::Result<()> {
    fs::write(
        root.join("etc/dpkg/dpkg.cfg.d/fleetwright"),
        "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n\
         path-exclude=/usr/share/locale/*\npath-exclude=/usr/share/info/*\n",
    )?;
    fs::create_dir_all(root.join("etc/systemd/system-preset"))?;
    fs::write(root.join("etc/systemd/system-preset/00-fleetwright.preset"), "disable *\n")?;
    let policy = root.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o755))?;
    let _ = fs::remove_file(root.join("etc/resolv.conf"));
    fs::copy("/etc/resolv.conf", root.join("etc/resolv.conf")).map(drop)
}

struct Builder<'a> {
    hash: &'a str,
    log: PathBuf,
    watch: &'a Watch,
}

impl Builder<'_> {
    /// Runs a step in the build's control group and a mount namespace of its own, inside `root` if given.
    fn run(&self, mut command: Command, root: Option<&Path>) -> Result<(), TwinError> {
        self.watch.go_on()?;
        let what = format!("base image: {}", command.get_program().to_string_lossy());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        log_to(&mut command, &self.log)?;
        let from = fs::metadata(&self.log).map_or(0, |m| m.len());
        let doors = cgroup::create(&group(self.hash))?;
        let mut child = netns::aside(|| {
            // What it mounts, and forgets to unmount when it is killed, ends with it.
            netns::unshare(UnshareFlags::NEWNS)?;
            mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
            if let Some(root) = root {
                mount("proc", root.join("proc"), "proc", MountFlags::empty(), None)?;
                mount("tmpfs", root.join("tmp"), "tmpfs", MountFlags::empty(), None)?;
                mount_bind("/dev", root.join("dev"))?;
                rustix::process::chroot(root)?;
                rustix::process::chdir("/")?;
            }
            enroll(&mut command, &doors);
            command.spawn()
        })?
        .step(|| what.clone())?;
        let pid =
            Pid::from_raw(child.id().cast_signed()).ok_or_else(|| TwinError::failed(&what, "no process"))?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).step(|| what.clone())?;
        let begun = Instant::now();
        let mut follower = Follower { from, watch: self.watch };
        let cut = loop {
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&GLANCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => follower.tell(&self.log),
                Ok(_) => break None,
                Err(e) => break Some(TwinError::failed(&what, e)),
            }
            if let Err(e) = self.watch.go_on() {
                break Some(e);
            }
            if begun.elapsed() > LIMIT {
                break Some(TwinError::failed(&what, format!("did not end within {LIMIT:?}")));
            }
        };
        if let Some(cut) = cut {
            cgroup::kill(&group(self.hash), Duration::from_secs(20))?;
            let _ = child.wait();
            return Err(cut);
        }
        let status = child.wait().step(|| what.clone())?;
        if status.success() {
            Ok(())
        } else {
            Err(TwinError::failed(&what, format!("{status}: {}", tail(&self.log))))
        }
    }
}

/// Passes on what package tools say that a person waits for.
struct Follower<'a> {
    from: u64,
    watch: &'a Watch,
}

impl Follower<'_> {
    fn tell(&mut self, log: &Path) {
        let Ok(mut file) = fs::File::open(log) else { return };
        let mut bytes = Vec::new();
        if file.seek(SeekFrom::Start(self.from)).is_err() || file.read_to_end(&mut bytes).is_err() {
            return;
        }
        self.from += bytes.len() as u64;
        let text = String::from_utf8_lossy(&bytes);
        let telling =
            |l: &&str| ["I: ", "Get:", "Unpacking ", "Setting up "].iter().any(|p| l.starts_with(p));
        if let Some(line) = text.lines().rfind(telling) {
            self.watch.say(&format!("base image: {}", line.trim_start_matches("I: ")));
        }
    }
}
