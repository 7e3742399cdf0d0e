//! What a draft is made of.

use diag::Place;
use std::collections::BTreeMap;

/// A value and the place that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// Where it is said.
    pub place: Place,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name in the project.
    pub name: String,
    /// Where its key stands.
    pub place: Place,
    /// Image with tag or digest.
    pub image: Option<Said<String>>,
    /// How the image is built, if it is.
    pub build: Option<Said<Build>>,
    /// Words after the entrypoint; an empty list clears the image's.
    pub command: Option<Said<Vec<String>>>,
    /// Words of the entrypoint; an empty list clears the image's.
    pub entrypoint: Option<Said<Vec<String>>>,
    /// Variables, those of `env_file` included; one without a value was not set anywhere.
    pub env: BTreeMap<String, Said<Option<String>>>,
    /// Published ports, one each.
    pub ports: Vec<Said<Port>>,
    /// Ports that only other containers reach: `80`, `53/udp`, `3000-3005`.
    pub expose: Vec<Said<String>>,
    /// Mounts; `tmpfs` included.
    pub mounts: Vec<Said<Mount>>,
    /// Networks by name.
    pub networks: BTreeMap<String, Said<Attachment>>,
    /// `host`, `none`, `service:NAME` … instead of networks.
    pub network_mode: Option<Said<String>>,
    /// How it is seen to be well.
    pub health: Option<Said<Health>>,
    /// When it is started again.
    pub restart: Option<Said<Restart>>,
    /// `USER[:GROUP]` it runs as.
    pub user: Option<Said<String>>,
    /// Folder it starts in.
    pub working_dir: Option<Said<String>>,
    /// Its file system cannot be written.
    pub read_only: Option<Said<bool>>,
    /// It may do everything on its host.
    pub privileged: Option<Said<bool>>,
    /// Capabilities it gets.
    pub cap_add: Vec<Said<String>>,
    /// Capabilities it loses.
    pub cap_drop: Vec<Said<String>>,
    /// Labels, those of `label_file` included.
    pub labels: BTreeMap<String, Said<String>>,
    /// Services it needs (`depends_on`, `links` and what else implies one).
    pub needs: BTreeMap<String, Said<Dependency>>,
    /// Other names of services it needs: `SERVICE:ALIAS`.
    pub links: Vec<Said<String>>,
    /// The container's own name.
    pub container_name: Option<Said<String>>,
    /// Devices of the host.
    pub devices: Vec<Said<Device>>,
    /// A first process takes care of those that end.
    pub init: Option<Said<bool>>,
    /// Options of the security modules: `no-new-privileges`.
    pub security_opt: Vec<Said<String>>,
    /// Bytes of shared memory.
    pub shm_size: Option<Said<u64>>,
    /// Signal that asks it to stop.
    pub stop_signal: Option<Said<String>>,
    /// How long it may take to stop, in nanoseconds.
    pub stop_grace: Option<Said<i128>>,
    /// Files with secrets.
    pub secrets: Vec<Said<FileMount>>,
    /// Files with configuration.
    pub configs: Vec<Said<FileMount>>,
    /// Most it may use.
    pub limits: Limits,
    /// How many of it run; 1 when not said.
    pub copies: Option<Said<u64>>,
    /// Kernel parameters of its namespaces.
    pub sysctls: BTreeMap<String, Said<String>>,
    /// Further names in its `/etc/hosts`: `NAME=ADDRESS`.
    pub extra_hosts: Vec<Said<String>>,
    /// Profiles that activate it.
    pub profiles: Vec<String>,
}

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// Folder or address the builder reads.
    pub context: String,
    /// Dockerfile, in the context.
    pub dockerfile: Option<String>,
    /// Stage that is built.
    pub target: Option<String>,
}

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Address of the host it is published on; all when not said.
    pub address: Option<String>,
    /// Port, or range of ports the first free one of which is taken; any free one when not said.
    pub published: Option<String>,
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// What it is called.
    pub name: Option<String>,
}

/// A device of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its path on the host, or a name of the Container Device Interface.
    pub source: String,
    /// Its path in the container.
    pub target: String,
    /// What may be done with it: `r`, `w`, `m`.
    pub permissions: String,
}

/// What is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A named volume, or one without a name.
    Volume,
    /// Memory.
    Tmpfs,
    /// Anything else: an image, a named pipe, a cluster volume.
    Other,
}

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// Path on the host, or the volume's name.
    pub source: Option<String>,
    /// Path in the container.
    pub target: String,
    /// It cannot be written.
    pub read_only: bool,
    /// Options of memory: `size=64m`.
    pub options: Option<String>,
}

/// A named volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Where its key stands.
    pub place: Place,
    /// Its name on the host.
    pub name: String,
    /// It is made elsewhere.
    pub external: bool,
    /// Driver, if it is not the default.
    pub driver: Option<String>,
}

/// How a service is on a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Other names it has there.
    pub aliases: Vec<String>,
    /// Its address there.
    pub ipv4: Option<String>,
    /// Its address there.
    pub ipv6: Option<String>,
}

/// How a service is seen to be well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// `CMD` and words, or `CMD-SHELL` and one text; empty when the image's own is meant.
    pub test: Vec<String>,
    /// The image's own check is off.
    pub disabled: bool,
    /// Between two checks, in nanoseconds.
    pub interval: Option<i128>,
    /// Longest check, in nanoseconds.
    pub timeout: Option<i128>,
    /// Failures until it is unwell.
    pub retries: Option<u64>,
    /// Failures in this time do not count, in nanoseconds.
    pub start_period: Option<i128>,
}

/// When a service is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    No,
    /// Whenever it stops.
    Always,
    /// When it fails, at most so many times when a number is said.
    OnFailure(Option<u64>),
    /// Whenever it stops, unless someone stopped it.
    UnlessStopped,
}

/// What a dependency must be before a service starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Started.
    Started,
    /// Seen to be well.
    Healthy,
    /// Run to its end without a failure.
    Completed,
}

/// A service another one needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What it must be first.
    pub condition: Condition,
    /// The service starts without it too, when this is false.
    pub required: bool,
    /// The service is started again when it is.
    pub restart: bool,
}

/// A secret or config as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMount {
    /// Its name in the project.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// Permission bits, octal.
    pub mode: Option<String>,
    /// It belongs to a user or group that is said.
    pub owned: bool,
}

/// Most a service may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Cores.
    pub cpus: Option<Said<f64>>,
    /// Bytes.
    pub memory: Option<Said<u64>>,
}

/// A secret or config of a project: where its bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedFile {
    /// In this file.
    pub file: Option<String>,
    /// In this variable of whoever starts the project.
    pub environment: Option<String>,
    /// Here.
    pub content: Option<String>,
    /// Elsewhere.
    pub external: bool,
}
