//! A way onto the hosts, for commands that look at them or change them.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::{self, Keys};
use crate::pipeline::{self, Checked};
use crate::twin_fleet::{self, TwinFleet};
use crate::ui::Progress;
use crate::{Cx, codes, commands};
use apply::{AgentBinary, Event, Options, Target};
use artifact::Desired;
use clap::Args;
use diag::Diagnostic;
use model::HostId;
use remote::{Local, Remote};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Where the hosts are.
#[derive(Clone, Debug, Args)]
pub struct At {
    /// The hosts of this twin [default: the running twin of this fleet]
    #[arg(long, value_name = "NAME", conflicts_with = "local")]
    pub twin: Option<String>,
    /// This machine, as the fleet's host of this name
    #[arg(long, value_name = "HOST")]
    pub local: Option<String>,
}

/// Gives the value of a secret.
type Values = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Hosts with what they should be and the ways onto them.
pub struct Way {
    /// The fleet.
    pub checked: Checked,
    /// `twin NAME` or `this machine`.
    pub name: String,
    hosts: BTreeMap<HostId, (Desired, Arc<dyn Remote>)>,
    values: Values,
}

/// Opens the way the options name, to these hosts or all.
///
/// # Errors
/// When the fleet has errors, there is no way, or a host or secret is missing.
pub fn open(cx: &Cx, at: &At, named: &[String]) -> Result<Way, Failure> {
    match &at.local {
        Some(host) => local(cx, host),
        None => twin(cx, at.twin.as_deref(), named),
    }
}

fn local(cx: &Cx, host: &str) -> Result<Way, Failure> {
    let rendered = pipeline::render(cx)?;
    let checked = rendered.chosen.checked;
    let chosen = commands::render::choose(rendered.hosts, &[host.to_owned()])?;
    let values = Keys::of(&checked.folder).values(&keys::used(chosen.values()))?;
    let remote: Arc<dyn Remote> = Arc::new(Local::new(host));
    let hosts = chosen.into_iter().map(|(id, desired)| (id, (desired, Arc::clone(&remote)))).collect();
    Ok(Way {
        checked,
        name: "this machine".to_owned(),
        hosts,
        values: Box::new(move |n| values.get(n).cloned()),
    })
}

fn twin(cx: &Cx, name: Option<&str>, named: &[String]) -> Result<Way, Failure> {
    let record = twin_fleet::running(cx, name)?;
    let TwinFleet { checked, desired, values, .. } = twin_fleet::load(cx, &record)?;
    let twin = twin::Twin::open(&record.name).map_err(twin_fleet::failure)?;
    let mut hosts = BTreeMap::new();
    for (id, desired) in commands::render::choose(desired, named)? {
        let remote = twin.remote(id.as_str()).map_err(|e| {
            Failure::new(Exit::Errors, Diagnostic::bare(codes::NO_WAY, format!("twin {}: {e}", record.name)))
                .help("`fleetwright twin apply` brings the twin to the sources, new hosts included")
        })?;
        let remote: Arc<dyn Remote> = Arc::new(remote);
        hosts.insert(id, (desired, remote));
    }
    Ok(Way {
        checked,
        name: format!("twin {}", record.name),
        hosts,
        values: Box::new(move |n| values.get(n).cloned()),
    })
}

impl Way {
    /// The hosts as `apply` wants them.
    pub fn targets(&self) -> Vec<Target<'_>> {
        self.hosts
            .values()
            .map(|(desired, remote)| Target { remote: Arc::clone(remote), desired, secrets: &*self.values })
            .collect()
    }
}

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
