//! A way onto the hosts, for commands that look at them or change them.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::pipeline::{self, Checked, Chosen};
use crate::sign_in::{self, TwinClient};
use crate::twin_fleet::{self, TwinFleet};
use crate::ui::Progress;
use crate::{Cx, codes, commands};
use apply::{AgentBinary, Event, Options, Target};
use artifact::Desired;
use clap::{Args, ValueEnum};
use derive::fleet::Fleet;
use diag::Diagnostic;
use model::HostId;
use remote::{Local, Remote};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Where the hosts are: the real ones, over SSH, unless an option says otherwise.
#[derive(Clone, Debug, Args)]
pub struct At {
    /// The hosts of the running twin, of the one with this NAME when several are
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with = "local")]
    pub twin: Option<String>,
    /// How the twin's hosts are reached
    #[arg(long, value_name = "WAY", value_enum, default_value_t, requires = "twin")]
    pub over: Over,
    /// This machine, as the fleet's host of this name
    #[arg(long, value_name = "HOST")]
    pub local: Option<String>,
}

/// How a twin's hosts are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Over {
    /// By the kernel's namespaces: also a host without a network is reached
    #[default]
    Namespace,
    /// By SSH, from a desk on the host's LAN or from a client on the internet
    Ssh,
}

/// Gives the value of a secret.
type Values = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Hosts with what they should be and the ways onto them.
pub struct Way {
    /// The fleet.
    pub checked: Checked,
    /// The fleet with every choice made.
    pub fleet: Fleet,
    /// `ssh`, `twin NAME`, `twin NAME over ssh` or `this machine`.
    pub name: String,
    /// Hosts are reached by their network, which a change may cut.
    pub networked: bool,
    /// Hosts with engines that are not applied, with everything they are described with.
    pub staged: BTreeMap<HostId, Desired>,
    hosts: BTreeMap<HostId, (Desired, Arc<dyn Remote>)>,
    values: Values,
    rest: BTreeMap<HostId, Rest>,
}

/// What of a host is only looked at.
struct Rest {
    desired: Desired,
    /// Values of its secrets, or why there are none.
    values: Result<Values, String>,
}

/// Opens the way the options name, to these hosts or all.
///
/// # Errors
/// When the fleet has errors, there is no way, or a host or secret is missing.
pub fn open(cx: &Cx, at: &At, named: &[String]) -> Result<Way, Failure> {
    match (&at.local, &at.twin) {
        (Some(host), _) => local(cx, host),
        (None, Some(name)) => twin(cx, Some(&**name).filter(|n| !n.is_empty()), at.over, named),
        (None, None) => real(cx, named),
    }
}

/// The fleet, its chosen hosts and the values of their secrets, for what is no twin.
struct Hosts {
    chosen: Chosen,
    /// What is applied; whatever goes to a host comes from here.
    applied: BTreeMap<HostId, Desired>,
    values: Values,
    staged: BTreeMap<HostId, Desired>,
    rest: BTreeMap<HostId, Rest>,
}

fn rendered(cx: &Cx, named: &[String]) -> Result<Hosts, Failure> {
    let rendered = pipeline::render(cx)?;
    let all = commands::render::choose(rendered.hosts, named)?;
    let keys = Keys::of(&rendered.chosen.checked);
    let (mut applied, mut staged, mut rest) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (id, desired) in all {
        applied.insert(id.clone(), desired.managed().into_owned());
        if !desired.stages.manages_all() {
            let part = desired.rest();
            // A secret that only an engine in shadow needs keeps nobody from applying the others.
            let values = keys.values([&part]).map(lookup).map_err(|failure| {
                let said: Vec<&str> = failure.report.items.iter().map(|d| d.message.as_str()).collect();
                said.join("; ")
            });
            rest.insert(id.clone(), Rest { desired: part, values });
            staged.insert(id, desired);
        }
    }
    let values = lookup(keys.values(applied.values())?);
    Ok(Hosts { chosen: rendered.chosen, applied, values, staged, rest })
}

fn lookup(values: BTreeMap<String, String>) -> Values {
    Box::new(move |name| values.get(name).cloned())
}

fn local(cx: &Cx, host: &str) -> Result<Way, Failure> {
    let Hosts { chosen, applied, values, staged, rest } = rendered(cx, &[host.to_owned()])?;
    let Chosen { checked, fleet, .. } = chosen;
    let remote: Arc<dyn Remote> = Arc::new(Local::new(host));
    let hosts = applied.into_iter().map(|(id, desired)| (id, (desired, Arc::clone(&remote)))).collect();
    Ok(Way { checked, fleet, name: "this machine".to_owned(), networked: false, staged, hosts, values, rest })
}

fn real(cx: &Cx, named: &[String]) -> Result<Way, Failure> {
    let Hosts { chosen, applied, values, staged, rest } = rendered(cx, named)?;
    let Chosen { checked, fleet, .. } = chosen;
    let client = sign_in::client(cx, &checked.folder, &fleet)?;
    let mut hosts = BTreeMap::new();
    for (id, desired) in applied {
        let Some(host) = fleet.hosts.get(&id) else { continue };
        let remote: Arc<dyn Remote> = Arc::new(client.remote(sign_in::destination(&fleet, host)));
        hosts.insert(id, (desired, remote));
    }
    Ok(Way { checked, fleet, name: "ssh".to_owned(), networked: true, staged, hosts, values, rest })
}

fn twin(cx: &Cx, name: Option<&str>, over: Over, named: &[String]) -> Result<Way, Failure> {
    let record = twin_fleet::running(cx, name)?;
    let loaded = twin_fleet::load(cx, &record)?;
    let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let by_ssh = match over {
        Over::Namespace => None,
        Over::Ssh => {
            let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
            Some(TwinClient::of(cx, twin, &loaded, &loaded.world()?)?)
        }
    };
    let TwinFleet { checked, fleet, desired, values, .. } = loaded;
    let mut hosts = BTreeMap::new();
    for (id, desired) in commands::render::choose(desired, named)? {
        let own = twin.remote(id.as_str()).map_err(|e| {
            Failure::new(Exit::Errors, Diagnostic::bare(codes::NO_WAY, format!("twin {}: {e}", record.name)))
                .help("`fleetwright twin apply` brings the twin to the sources, new hosts included")
        })?;
        let remote = match &by_ssh {
            Some(client) => client.remote(id.as_str())?,
            None => Arc::new(own) as Arc<dyn Remote>,
        };
        hosts.insert(id, (desired, remote));
    }
    let suffix = if by_ssh.is_some() { " over ssh" } else { "" };
    Ok(Way {
        checked,
        fleet,
        name: format!("twin {}{suffix}", record.name),
        networked: by_ssh.is_some(),
        staged: BTreeMap::new(),
        hosts,
        values: lookup(values),
        rest: BTreeMap::new(),
    })
}

impl Way {
    /// What is only looked at: a question to the hosts, never an order. Hosts whose secrets have no value here
    /// come with the reason.
    pub fn looked_at(&self) -> (Vec<Target<'_>>, BTreeMap<String, String>) {
        let (mut targets, mut unknown) = (Vec::new(), BTreeMap::new());
        for (id, rest) in &self.rest {
            match (&rest.values, self.hosts.get(id)) {
                (Ok(values), Some((_, remote))) => {
                    targets.push(Target {
                        remote: Arc::clone(remote),
                        desired: &rest.desired,
                        secrets: &**values,
                    });
                }
                (Err(why), _) => drop(unknown.insert(id.to_string(), why.clone())),
                (Ok(_), None) => {}
            }
        }
        (targets, unknown)
    }

    /// The hosts as `apply` wants them.
    pub fn targets(&self) -> Vec<Target<'_>> {
        self.hosts
            .values()
            .map(|(desired, remote)| Target { remote: Arc::clone(remote), desired, secrets: &*self.values })
            .collect()
    }
}

/// How long a host whose way in changed must stay reachable before it is confirmed.
pub const SOAK_MS: u32 = 2000;

/// Options of an apply, with the agent that lies beside this program.
///
/// # Errors
/// When there is no agent.
pub fn options() -> Result<Options, Failure> {
    let agent = AgentBinary::beside_this_program();
    agent.map(Options::new).map_err(|e| Failure::bare(Exit::Missing, codes::LACKS, e.to_string()))
}

/// What happens on hosts, onto the progress line.
pub struct Events {
    sender: Option<Sender<Event>>,
    reader: Option<JoinHandle<()>>,
}

impl Events {
    /// From now on.
    pub fn onto(progress: &Progress) -> Self {
        let (sender, receiver) = channel::<Event>();
        let tell = progress.teller();
        let reader = std::thread::spawn(move || {
            for event in receiver {
                tell(&format!("{}: {}", event.host, event.message));
            }
        });
        Events { sender: Some(sender), reader: Some(reader) }
    }
    /// Where events go.
    pub fn sender(&self) -> Sender<Event> {
        // A closed channel swallows events, which is what is wanted after the end.
        self.sender.clone().unwrap_or_else(|| channel().0)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
