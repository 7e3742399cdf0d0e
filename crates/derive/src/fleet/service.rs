//! Copies of services and who talks to whom.

use artifact::Why;
use diag::Place;
use model::{ContainerSettings, HostId, Label, Module, ModuleId, Proto, Provides, ServiceId, Variant};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// A copy of a service on a host.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The service.
    pub service: ServiceId,
    /// The module.
    pub module: ModuleId,
    /// Its definition.
    pub definition: Arc<Module>,
    /// What it is to the fleet.
    pub provides: BTreeSet<Provides>,
    /// How it runs.
    pub variant: Variant,
    /// systemd unit, with suffix.
    pub unit: String,
    /// Ports by name.
    pub ports: BTreeMap<Label, InstancePort>,
    /// The port meant when none is named.
    pub main: Option<Label>,
    /// Address it listens on instead of all.
    pub listen: Option<IpAddr>,
    /// Values of parameters, as text, defaults filled in; lists joined by newline.
    pub params: BTreeMap<Label, String>,
    /// Environment variables.
    pub env: BTreeMap<String, model::EnvValue>,
    /// Volumes: name to path on the host.
    pub volumes: BTreeMap<Label, String>,
    /// Where the service itself sees those of its volumes that have a path.
    pub seen: BTreeMap<Label, String>,
    /// Image, for containers.
    pub image: Option<String>,
    /// How the container runs, where that is not as image and module say.
    pub container: Option<ContainerSettings>,
    /// Services it needs, as edges' targets: name of the service, addresses and port.
    pub needs: Vec<ResolvedNeed>,
    /// Folders of others it mounts.
    pub mounts: Vec<ResolvedMount>,
    /// Folders others mount from it.
    pub exports: Vec<ResolvedExport>,
    /// Cores and bytes of memory it may use.
    pub limits: (Option<u32>, Option<u64>),
    /// HTTP path, TCP port or command that shows it is well.
    pub health: Option<InstanceHealth>,
    /// Raw text by engine.
    pub overrides: BTreeMap<String, (String, Place)>,
    /// Why it is on this host (placement's reason).
    pub why: Why,
    /// Where the service is described.
    pub place: Place,
}

/// A port of an instance.
#[derive(Clone, Debug)]
pub struct InstancePort {
    /// Protocol.
    pub proto: Proto,
    /// Number.
    pub number: u16,
    /// What is spoken: `http`, `https`, `tcp`, `udp`.
    pub protocol: String,
}

/// How an instance is seen to be well.
#[derive(Clone, Debug)]
pub enum InstanceHealth {
    /// GET of this path on this port.
    Http(u16, String),
    /// Connection to this port.
    Tcp(u16),
    /// Command.
    Script(String),
}

/// A need with its other end.
#[derive(Clone, Debug)]
pub struct ResolvedNeed {
    /// The service.
    pub service: ServiceId,
    /// Where its copies are.
    pub targets: Vec<(HostId, IpAddr, u16)>,
    /// Where it is written.
    pub place: Place,
}

/// A folder of another host that is mounted.
#[derive(Clone, Debug)]
pub struct ResolvedMount {
    /// Where the service sees it.
    pub at: String,
    /// The service that exports it.
    pub service: ServiceId,
    /// Its host.
    pub host: HostId,
    /// Its address.
    pub address: IpAddr,
    /// Path there.
    pub path: String,
    /// Only for reading.
    pub read_only: bool,
    /// Why.
    pub why: Why,
}

/// A folder others mount.
#[derive(Clone, Debug)]
pub struct ResolvedExport {
    /// Its name.
    pub name: Label,
    /// Path on the host.
    pub path: String,
    /// Addresses that may mount it.
    pub clients: Vec<IpAddr>,
    /// Only for reading.
    pub read_only: bool,
    /// Why.
    pub why: Why,
}

/// Why one host talks to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A `needs`.
    Needs,
    /// Scraping of metrics.
    Scrape,
    /// A proxy to its backend.
    Proxy,
    /// Sign-in requests to the gate.
    Gate,
    /// Alerts to an alertmanager.
    Alerts,
    /// A mount.
    Mount,
    /// Backups.
    Backup,
}

/// One "A talks to B": opens exactly one port.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Kind.
    pub kind: EdgeKind,
    /// From this host.
    pub from: HostId,
    /// On behalf of this service.
    pub from_service: Option<ServiceId>,
    /// To this host.
    pub to: HostId,
    /// To this service.
    pub to_service: Option<ServiceId>,
    /// Addresses it may use.
    pub addresses: Vec<IpAddr>,
    /// Protocol.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// Why.
    pub why: Why,
}
