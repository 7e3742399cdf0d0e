//! The road: machines' own sshd, dialled from a desk across a path that can lose packets. Rules that lose them
//! are in the path's namespace, so that the machine's packet filter stays the fleet's.

use crate::lab::Bench;
use crate::way::Way;
use remote::ssh::{Client, Destination, Dial, Direct, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use twin::session::{ADMINISTRATOR, Access};
use twin::topology::{Attached, Iface, Machine, Outside, Route, Segment};
use twin::world::{Access as _, Approach, World};
use twin::{Seed, Seeds, Topology, Twin, TwinError};

const DESK: &str = "desk";
const PATH: &str = "path";
const TO_DESK: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 78, 0, 1), Ipv4Addr::new(10, 78, 0, 2)];
/// sshd stays dead until somebody starts it again.
const NO_RESTART: (&str, &str) =
    ("/etc/systemd/system/ssh.service.d/50-chaos.conf", "[Service]\nRestart=no\n");
/// Scaled as the deadline is: 3 s in place of 30 s.
const KEEPALIVE: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(4);

/// The end of the path and the end of the machine.
fn ends(machine: usize) -> [Ipv4Addr; 2] {
    let net = u32::from(Ipv4Addr::new(10, 77, 0, 0)) + 4 * u32::try_from(machine).unwrap_or(0);
    [Ipv4Addr::from(net + 1), Ipv4Addr::from(net + 2)]
}

/// Which packets get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Those to the machine.
    There,
    /// Those from the machine.
    Back,
    /// Both.
    Both,
}

/// Machines of a road before they are booted.
pub struct Plan {
    access: Access,
    machines: usize,
}

/// What leads to the machines' sshd.
pub struct Road {
    client: Client,
    twin: Arc<Twin>,
}

/// Dials from the desk.
struct FromDesk(Arc<Twin>);

impl Dial for FromDesk {
    fn dial(&self, destination: &str, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
        self.0.in_netns(DESK, || Direct.dial(destination, host, port, limit)).map_err(io::Error::other)?
    }
}

impl Plan {
    /// Draws a road to so many machines into a topology that has them, and puts keys on them.
    ///
    /// # Errors
    /// When no keys can be made.
    pub fn draw(
        name: &str,
        machines: usize,
        topology: &mut Topology,
        seeds: &mut Seeds,
    ) -> Result<Self, TwinError> {
        let folder = std::env::temp_dir().join(format!("fleetwright-{name}-keys"));
        let access = Access::of(&folder);
        // It is known now; nobody else needs it.
        let _ = fs::remove_dir_all(&folder);
        let access = access?;
        let attached = |node: &str, iface: String, segment: &str, address: Ipv4Addr| {
            let net = format!("{address}/30").parse();
            Attached { iface: Iface::new(node, iface, segment), addresses: net.into_iter().collect() }
        };
        let mut path = Outside { forward: true, ..Outside::default() };
        path.interfaces.push(attached(PATH, DESK.to_owned(), DESK, TO_DESK[0]));
        topology.segments.insert(DESK.to_owned(), Segment::default());
        for n in 0..machines {
            let machine = format!("m{n}");
            topology.segments.insert(machine.clone(), Segment::default());
            path.interfaces.push(attached(PATH, machine.clone(), &machine, ends(n)[0]));
            let eth = Iface::new(&machine, "eth0", &machine);
            topology.machines.insert(machine.clone(), Machine { interfaces: vec![eth] });
            let (private, public) = access.host_key(&machine);
            let key = "/etc/ssh/ssh_host_ed25519_key";
            let seed = Seed::default().with(key, private, 0o600).with(format!("{key}.pub"), public, 0o644);
            seeds.machines.insert(machine, seed);
        }
        let via = Some(IpAddr::V4(TO_DESK[0]));
        let all = "10.77.0.0/16".parse();
        let desk = Outside {
            interfaces: vec![attached(DESK, "eth0".to_owned(), DESK, TO_DESK[1])],
            routes: all.into_iter().map(|to| Route { to, via, dev: None }).collect(),
            ..Outside::default()
        };
        topology.outside.extend([(PATH.to_owned(), path), (DESK.to_owned(), desk)]);
        let common = std::mem::take(&mut seeds.common).with(NO_RESTART.0, NO_RESTART.1, 0o644);
        seeds.common = common.with("/root/.ssh/authorized_keys", access.administrator() + "\n", 0o600);
        Ok(Plan { access, machines })
    }

    /// The road, once the machines are there.
    ///
    /// # Errors
    /// When the client's files cannot be written or it cannot be started.
    pub fn build(self, twin: &Twin) -> Result<Road, TwinError> {
        let approach = |n| Approach { from: DESK.to_owned(), address: IpAddr::V4(ends(n)[1]) };
        let world = World {
            topology: Topology::default(),
            seeds: Seeds::default(),
            clients: Vec::new(),
            speakers: Vec::new(),
            resolvers: Vec::new(),
            approaches: (0..self.machines)
                .map(|n| (format!("m{n}"), approach(n)))
                .collect::<BTreeMap<_, _>>(),
            alterations: Vec::new(),
        };
        let files = self.access.credentials(&world, &twin.logs().with_file_name("ssh"))?;
        let twin = Arc::new(Twin::open(twin.name())?);
        let settings = Settings {
            known_hosts: vec![files.known_hosts],
            identities: vec![files.identity],
            connect: CONNECT,
            keepalive: KEEPALIVE,
            dial: Arc::new(FromDesk(twin.clone())),
            ..Settings::bare()
        };
        let client = Client::new(settings).map_err(|e| TwinError::NoSuch(format!("SSH client: {e}")))?;
        Ok(Road { client, twin })
    }
}

impl Road {
    /// A way over SSH onto a machine, whose sshd runs now.
    ///
    /// # Errors
    /// When its interface cannot be configured or its sshd does not start.
    pub fn way(&self, bench: &Bench) -> Result<Arc<Way>, String> {
        let [near, own] = ends(bench.number);
        bench.sh(&format!(
            "ip link set eth0 up && ip address replace {own}/30 dev eth0 && \
             ip route replace {}/32 via {near} && {START}",
            TO_DESK[1]
        ))?;
        let to = Destination {
            name: bench.name.clone(),
            address: Some(own.to_string()),
            port: None,
            user: Some(ADMINISTRATOR.to_owned()),
            jump: None,
        };
        Ok(Way::over(Arc::new(self.client.remote(to))))
    }

    /// Loses so many packets of a hundred between the desk and a machine.
    ///
    /// # Errors
    /// When nft refuses.
    pub fn lose(&self, bench: &Bench, percent: u64, which: Lost) -> Result<(), String> {
        let [name, own] = [table(bench), ends(bench.number)[1].to_string()];
        let drop = format!("numgen random mod 100 < {percent} counter drop");
        let rule = |side: &str| format!("add rule ip {name} c ip {side} {own} {drop}\n");
        let rules = match which {
            Lost::There => rule("daddr"),
            Lost::Back => rule("saddr"),
            Lost::Both => rule("daddr") + &rule("saddr"),
        };
        let chain = "{ type filter hook forward priority 0; policy accept; }";
        self.nft(&format!("add table ip {name}\nadd chain ip {name} c {chain}\n{rules}")).map(|_| ())
    }

    /// Loses none any more. Gives how many were lost.
    ///
    /// # Errors
    /// When nft refuses.
    pub fn lose_none(&self, bench: &Bench) -> Result<u64, String> {
        let name = table(bench);
        let rules = self.nft(&format!("list table ip {name}\n"))?;
        self.nft(&format!("delete table ip {name}\n"))?;
        let words: Vec<&str> = rules.split_whitespace().collect();
        let counts = words.windows(3).filter(|w| w[..2] == ["counter", "packets"]);
        Ok(counts.filter_map(|w| w[2].parse::<u64>().ok()).sum())
    }

    fn nft(&self, script: &str) -> Result<String, String> {
        let nft = || -> io::Result<std::process::Output> {
            let mut command = Command::new("nft");
            command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(script.as_bytes())?;
            }
            child.wait_with_output()
        };
        let said =
            self.twin.in_netns(PATH, nft).map_err(|e| e.to_string())?.map_err(|e| format!("nft: {e}"))?;
        if said.status.success() {
            Ok(String::from_utf8_lossy(&said.stdout).into_owned())
        } else {
            Err(format!("nft: {}", String::from_utf8_lossy(&said.stderr).trim_end()))
        }
    }
}

/// Starts sshd where it does not run.
pub const START: &str = "systemctl reset-failed -q ssh.service; systemctl start ssh.service";

fn table(bench: &Bench) -> String {
    format!("loss_{}", bench.name)
}
