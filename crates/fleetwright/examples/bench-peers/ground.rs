//! What all tools find: keys, inventories, and fresh machines with Debian's sshd.

use crate::desk::{DESK, folder_of};
use crate::ours::{app, limits, secret_text};
use remote::Remote;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twin::base::Recipe;
use twin::topology::{Attached, Iface, Machine, Outside, Segment};
use twin::{Base, Seed, Seeds, Topology, Twin, Watch};

type Done<T> = Result<T, String>;

fn host(n: usize) -> String {
    format!("host{n:03}")
}

fn address(n: usize) -> Done<Ipv4Addr> {
    let n = u16::try_from(n + 256).map_err(|_| "too many hosts".to_owned())?.to_be_bytes();
    Ok(Ipv4Addr::new(10, 88, n[0], n[1]))
}

fn words(e: impl std::fmt::Display) -> String {
    e.to_string()
}

/// Keys, known hosts and inventories of so many hosts; removed when dropped.
pub struct Ground {
    pub work: PathBuf,
    pub count: usize,
    pub stop: Arc<AtomicBool>,
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.work);
    }
}

impl Ground {
    pub fn new(count: usize, stop: &Arc<AtomicBool>) -> Done<Self> {
        let work = folder_of(&std::process::id().to_string());
        fs::DirBuilder::new().mode(0o700).create(&work).map_err(|e| format!("{}: {e}", work.display()))?;
        let ground = Ground { work, count, stop: Arc::clone(stop) };
        ground.fill()?;
        Ok(ground)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    fn read(&self, name: &str) -> Done<Vec<u8>> {
        fs::read(self.at(name)).map_err(|e| format!("{name}: {e}"))
    }

    fn write(&self, name: &str, text: String) -> Done<()> {
        fs::write(self.at(name), text).map_err(|e| format!("{name}: {e}"))
    }

    fn fill(&self) -> Done<()> {
        for key in ["host", "key", "person"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f"]).arg(self.at(key));
            if !command.status().map_err(words)?.success() {
                return Err("ssh-keygen failed".to_owned());
            }
        }
        let public =
            |name: &str| Ok::<_, String>(String::from_utf8_lossy(&self.read(name)?).trim().to_owned());
        let host_key = public("host.pub")?;
        let person = public("person.pub")?;
        let host_key = host_key.trim_end_matches(" bench");
        let (mut known, mut addresses) = (String::new(), String::new());
        let (mut ini, mut py) = ("[all]\n".to_owned(), "hosts = [\n".to_owned());
        for n in 0..self.count {
            let (name, ip) = (host(n), address(n)?);
            let _ = writeln!(known, "{name},{ip} {host_key}");
            let _ = writeln!(addresses, "{ip}");
            let _ = writeln!(ini, "{name} ansible_host={ip}");
            let _ = writeln!(py, "    ('{name}', {{'ssh_hostname': '{ip}'}}),");
        }
        let (key, known_file) = (self.at("key"), self.at("known"));
        let _ = writeln!(
            ini,
            "[all:vars]\nansible_user=root\nansible_ssh_private_key_file={}\nperson_key={person}\n\
             ansible_python_interpreter=/usr/bin/python3",
            key.display()
        );
        let _ = writeln!(
            py,
            "]\nall = (hosts, {{'ssh_user': 'root', 'ssh_key': '{}', 'person_key': '{person}', \
             'ssh_known_hosts_file': '{}', 'ssh_strict_host_key_checking': 'yes'}})",
            key.display(),
            known_file.display()
        );
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/peers");
        let copied =
            Command::new("cp").arg("-r").arg(sources).arg(self.at("project")).status().map_err(words)?;
        if !copied.success() {
            return Err("bench/peers could not be copied".to_owned());
        }
        self.write("known", known)?;
        self.write("addresses", addresses)?;
        self.write("project/inventory.ini", ini)?;
        self.write("project/inventory.py", py)?;
        let cfg = format!(
            "[defaults]\nforks = {}\nhost_key_checking = True\ngathering = smart\nfact_caching = jsonfile\n\
             fact_caching_connection = {}\nfact_caching_timeout = 86400\n\
             [ssh_connection]\npipelining = True\nssh_args = -o ControlMaster=auto -o ControlPersist=600s \
             -o UserKnownHostsFile={}\ncontrol_path_dir = {}\n",
            self.count,
            self.at("facts").display(),
            known_file.display(),
            self.at("cp").display(),
        );
        self.write("project/ansible.cfg", cfg)
    }

    /// What one machine starts with besides what all do.
    fn own_seed(n: usize) -> Done<Seed> {
        let unit = format!(
            "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/ip link set eth0 up\n\
             ExecStart=/usr/sbin/ip address add {}/16 broadcast + dev eth0\n",
            address(n)?
        );
        Ok(Seed::default().with(format!("{UNITS}/bench-network.service"), unit, 0o644))
    }

    /// Fresh machines.
    pub fn boot(&self, tool: &str) -> Done<Up> {
        let mut topology = Topology::default();
        topology.segments.insert("lan".into(), Segment::default());
        let addresses = vec!["10.88.0.1/16".parse().map_err(words)?];
        let desk = Attached { iface: Iface::new(DESK, "eth0", "lan"), addresses };
        topology.outside.insert(DESK.into(), Outside { interfaces: vec![desk], ..Outside::default() });
        let mut seeds = Seeds::default();
        let wants = "[Unit]\nWants=bench-network.service ssh.service\n";
        seeds.common = Seed::default()
            .with("/etc/ssh/ssh_host_ed25519_key", self.read("host")?, 0o600)
            .with("/etc/ssh/ssh_host_ed25519_key.pub", self.read("host.pub")?, 0o644)
            .with("/root/.ssh/authorized_keys", self.read("key.pub")?, 0o600)
            .with(format!("{UNITS}/multi-user.target.d/bench.conf"), wants, 0o644);
        for n in 0..self.count {
            let interfaces = vec![Iface::new(&host(n), "eth0", "lan")];
            topology.machines.insert(host(n), Machine { interfaces });
            seeds.machines.insert(host(n), Self::own_seed(n)?);
        }
        let watch = Watch::new(|_| (), Arc::clone(&self.stop));
        let base =
            Base::ensure(&Recipe::default().with(["python3", "python3-apt"]), &watch).map_err(words)?;
        let name = format!("peers-{}-{tool}", std::process::id());
        let twin = Twin::up(&name, topology, &seeds, &base, &watch).map_err(words)?;
        let up = Up { twin: Some(twin), count: self.count, stop: Arc::clone(&self.stop) };
        up.all_listen()?;
        Ok(up)
    }
}

const UNITS: &str = "/usr/local/lib/systemd/system";

/// Running machines, taken down whatever happens.
pub struct Up {
    twin: Option<Twin>,
    count: usize,
    stop: Arc<AtomicBool>,
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(Err(e)) = self.twin.take().map(Twin::down) {
            eprintln!("the machines are not all gone: {e}");
        }
    }
}

impl Up {
    pub fn twin(&self) -> Done<&Twin> {
        self.twin.as_ref().ok_or_else(|| "no machines".to_owned())
    }

    /// Asks every machine by its namespaces, past every tool, and compares what it says.
    fn each(&self, script: &str, wanted: impl Fn(&str) -> String + Sync) -> Done<()> {
        const ASKED_AT_ONCE: usize = 4;
        let twin = self.twin()?;
        let one = |n: usize| {
            let name = host(n);
            if self.stop.load(Ordering::Relaxed) {
                return Err("stopped".to_owned());
            }
            let way = twin.remote(&name).map_err(words)?;
            let said = way.run(&["sh", "-c", script], b"", Duration::from_secs(60)).map_err(words)?;
            let wanted = wanted(&name);
            if said.text() == wanted {
                return Ok(());
            }
            Err(format!("{name} is\n{}{}\ninstead of\n{wanted}", said.text(), said.error_text()))
        };
        std::thread::scope(|scope| {
            let part = |part: usize| {
                let one = &one;
                scope.spawn(move || (part..self.count).step_by(ASKED_AT_ONCE).try_for_each(one))
            };
            let parts: Vec<_> = (0..ASKED_AT_ONCE).map(part).collect();
            parts.into_iter().try_for_each(|p| p.join().map_err(|_| "a thread died".to_owned())?)
        })
    }

    /// Nothing tells when sshd listens: asks until it does.
    fn all_listen(&self) -> Done<()> {
        let script = "for i in $(seq 400); do ss -Hltn sport = :22 | grep -q . && exit 0; sleep 0.05; done; echo no sshd";
        self.each(script, |_| String::new())
    }

    /// That every machine is as the ten operations want it.
    pub fn all_as_wanted(&self) -> Done<()> {
        let script = "stat -c '%n %a %U %F' /etc/bench /srv/bench /etc/bench/app.conf /etc/bench/limits.conf \
            /etc/bench/secret.conf /etc/bench/current /home/bench/.ssh/authorized_keys; \
            cat /etc/bench/app.conf /etc/bench/limits.conf /etc/bench/secret.conf; readlink /etc/bench/current; \
            sysctl -n net.ipv4.ip_default_ttl; systemctl is-active bench.service; \
            systemctl is-enabled bench.service; grep -c '^ssh-ed25519 ' /home/bench/.ssh/authorized_keys; \
            dpkg-query -W -f '${Status}' openssh-server";
        self.each(script, |name| {
            format!(
                "/etc/bench 755 root directory\n/srv/bench 750 root directory\n\
                 /etc/bench/app.conf 644 root regular file\n/etc/bench/limits.conf 640 root regular file\n\
                 /etc/bench/secret.conf 600 root regular file\n/etc/bench/current 777 root symbolic link\n\
                 /home/bench/.ssh/authorized_keys 600 bench regular file\n\
                 {}{}{}app.conf\n63\nactive\nenabled\n1\ninstall ok installed",
                app(name),
                limits(name),
                secret_text(name)
            )
        })
    }

    /// That no machine is as the ten operations want it already.
    pub fn all_bare(&self) -> Done<()> {
        let script = "ls -d /etc/bench /srv/bench /home/bench /etc/systemd/system/bench.service \
            /var/lib/fleetwright /usr/lib/fleetwright 2>/dev/null; getent passwd bench; sysctl -n net.ipv4.ip_default_ttl";
        self.each(script, |_| "64".to_owned())
    }
}
