//! Services: one module placed on hosts.

use crate::{
    Bytes, ContainerSettings, EnvironmentId, Expose, Label, ModuleId, NetworkId, PathKey, PortSpec,
    ProfileId, Raw, Seconds, SecretRef, ServiceId, SiteId, Sp, choice, record,
};
use std::collections::BTreeMap;

choice! {
    /// How a module runs.
    pub enum Variant {
        /// Debian package and systemd unit.
        Native = "native",
        /// Docker or podman container under a systemd unit.
        Container = "container",
        /// Incus system container.
        Incus = "incus",
        /// Nomad job.
        Nomad = "nomad",
    }
}

choice! {
    /// Start-up layer: a service may need only services of its own layer or below.
    pub enum Layer {
        /// What everything depends on: DNS, discovery, proxies.
        Core = "core",
        /// Databases, monitoring.
        Platform = "platform",
        /// What people use.
        Application = "application",
    }
}

record! {
    /// One module placed on hosts.
    pub struct Service {
        /// What it is.
        module: Sp<ModuleId>,
        /// Where: a host, a group or environment, a list, `{each: GROUP}`, `{any: GROUP, copies: N}` or `{needs: {…}}`.
        on: Option<Placement>,
        /// How it runs; the module's first variant when not written.
        variant: Option<Sp<Variant>>,
        /// Profiles it uses.
        r#use: Vec<Sp<ProfileId>>,
        /// Services it talks to: `postgres`, or `{service: postgres, port: sql}`.
        needs: Vec<Need>,
        /// Its ports, replaced or added: `{web: 8080}`, `{web: dynamic}`.
        ports: BTreeMap<Label, Port>,
        /// Values of the module's parameters.
        config: BTreeMap<Label, Raw>,
        /// How others reach it.
        expose: Vec<Expose>,
        /// Networks it is on.
        networks: Vec<Sp<NetworkId>>,
        /// Data it keeps: a path, or size and snapshots.
        volumes: BTreeMap<Label, Volume>,
        /// What it mounts: `/media: media-share/media`.
        mounts: BTreeMap<PathKey, Sp<String>>,
        /// What it lets others mount.
        exports: BTreeMap<Label, Export>,
        /// Container image, by digest or tag.
        image: Option<Sp<String>>,
        /// How its container runs, where that is not as image and module say.
        container: Option<ContainerSettings>,
        /// How it is seen to be well.
        health: Option<HealthCheck>,
        /// When it is backed up: `daily`, `nightly`, or a schedule.
        backup: Option<Backup>,
        /// Start-up layer.
        layer: Option<Sp<Layer>>,
        /// It takes requests for other services (proxies).
        ingress: Option<Ingress>,
        /// How it survives a dead host.
        failover: Option<Failover>,
        /// The environment it belongs to.
        environment: Option<Sp<EnvironmentId>>,
        /// Environment variables.
        env: BTreeMap<String, EnvValue>,
        /// Address it listens on instead of all: `127.0.0.1`, `::1`.
        listen: Option<Sp<std::net::IpAddr>>,
        /// Resource limits.
        limits: Option<ServiceLimits>,
        /// Free labels.
        labels: BTreeMap<Label, String>,
        /// Raw text by engine (`caddy`, `systemd`), checked by the engine and marked in reports.
        r#override: BTreeMap<Label, Sp<String>>,
    }
}

/// Where a service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// On these hosts, groups or environments, by name.
    Names(Vec<Sp<String>>),
    /// On every host of these groups.
    Each(Vec<Sp<String>>),
    /// On some hosts of a group.
    Any(AnyOf),
    /// On the host that has what it needs.
    Needs(PlacementNeeds),
}

record! {
    /// Some hosts of a group.
    pub struct AnyOf {
        /// The group.
        any: Sp<String>,
        /// How many; 1 when not written.
        copies: Option<Sp<u32>>,
        /// What the copies must not share: `host` or `site`.
        spread: Option<Sp<String>>,
    }
}

record! {
    /// The host that has what it needs.
    pub struct NeedsOf {
        /// The needs.
        needs: PlacementNeeds,
    }
}

record! {
    /// What a host must have.
    pub struct PlacementNeeds {
        /// Cores.
        cpu: Option<u32>,
        /// Memory.
        memory: Option<Bytes>,
        /// Storage by name.
        storage: BTreeMap<Label, Bytes>,
        /// At the same site as this service.
        near: Option<Sp<ServiceId>>,
        /// At this site.
        site: Option<Sp<SiteId>>,
    }
}

impl crate::Decode for Placement {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        if let crate::NodeKind::Map(_) = &node.kind {
            if node.get("any").is_some() {
                return AnyOf::decode(node, cx).map(Placement::Any);
            }
            if node.get("needs").is_some() {
                return NeedsOf::decode(node, cx).map(|n| Placement::Needs(n.needs));
            }
            return crate::Each::decode(node, cx).map(|e| Placement::Each(e.each));
        }
        Vec::decode(node, cx).map(Placement::Names)
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::OneOf(vec![
            <Vec<String> as crate::Decode>::shape(),
            crate::Each::shape(),
            AnyOf::shape(),
            NeedsOf::shape(),
        ])
    }
}

record! {
    /// A service this one talks to.
    pub struct Need = "service" {
        /// The service.
        service: Sp<ServiceId>,
        /// Its port by name; its main port when not written.
        port: Option<Sp<Label>>,
    }
}

record! {
    /// A port: a number, or `dynamic`.
    pub struct Port = "port" {
        /// `tcp/1883`, `udp/53`, `443`, or `dynamic` (allocated from 20000–32000 and kept in the lock).
        port: Sp<PortChoice>,
        /// Why a fixed number is needed, where the fleet's standards ask for a reason.
        reason: Option<Sp<String>>,
    }
}

/// A fixed port or one the tool allocates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// This one.
    Fixed(PortSpec),
    /// Allocated; TCP.
    Dynamic,
}

impl crate::Decode for PortChoice {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        if node.text() == Some("dynamic") {
            return Some(PortChoice::Dynamic);
        }
        PortSpec::decode(node, cx).map(PortChoice::Fixed)
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::OneOf(vec![
            PortSpec::shape(),
            crate::shape::Shape::Choice(&[("dynamic", "allocated from 20000–32000 and kept in the lock")]),
        ])
    }
}

record! {
    /// Data a service keeps.
    pub struct Volume = "path" {
        /// Where the service sees it.
        path: Option<String>,
        /// Size.
        size: Option<Bytes>,
        /// The host's storage it lies on.
        storage: Option<Label>,
        /// Snapshots.
        snapshots: Option<Snapshots>,
    }
}

record! {
    /// Snapshots of a volume.
    pub struct Snapshots {
        /// Cron schedule, e.g. `0 2 * * *`.
        at: String,
        /// Name pattern.
        name: Option<String>,
        /// How long they are kept.
        keep: Option<Seconds>,
    }
}

record! {
    /// A folder others may mount.
    pub struct Export {
        /// Path on the host.
        path: String,
        /// Services that may mount it.
        to: Vec<Sp<ServiceId>>,
        /// Others may only read.
        read_only: Option<bool>,
    }
}

record! {
    /// How a service is seen to be well: one of `http`, `tcp`, `script`, `grpc`.
    pub struct HealthCheck {
        /// Path of a GET that answers below 400.
        http: Option<String>,
        /// Name of a port that accepts a connection.
        tcp: Option<Label>,
        /// Command that exits 0.
        script: Option<String>,
        /// gRPC health service.
        grpc: Option<String>,
        /// How often; 10s when not written.
        every: Option<Seconds>,
        /// How long an answer may take; 2s when not written.
        timeout: Option<Seconds>,
    }
}

record! {
    /// When a service's data is backed up.
    pub struct Backup = "schedule" {
        /// `hourly`, `daily`, `nightly`, `weekly`, or a cron schedule.
        schedule: Sp<String>,
        /// The service that keeps the backups.
        to: Option<Sp<ServiceId>>,
        /// How long they are kept.
        keep: Option<Seconds>,
    }
}

record! {
    /// What a proxy takes requests for.
    pub struct Ingress {
        /// Sites whose uplinks lead to it; derived when only one can be reached.
        entry: Vec<Sp<SiteId>>,
        /// Only these source prefixes are let in (a front proxy's ranges).
        from: Vec<Sp<ipnet::IpNet>>,
        /// Addresses it takes requests on, from the fleet's own prefixes.
        address: Vec<Sp<std::net::IpAddr>>,
    }
}

choice! {
    /// How several copies share the work.
    pub enum FailoverMode {
        /// All take requests.
        ActiveActive = "active-active",
        /// One takes requests, another takes over.
        ActivePassive = "active-passive",
    }
}

record! {
    /// How a service survives a dead host.
    pub struct Failover = "mode" {
        /// `active-active` or `active-passive`.
        mode: Sp<FailoverMode>,
        /// The old one is kept from writing before the new one starts.
        fence: Option<bool>,
    }
}

/// The value of an environment variable: a text, or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// A text.
    Text(Sp<String>),
    /// A secret.
    Secret(Sp<SecretRef>),
}

impl crate::Decode for EnvValue {
    fn decode(node: &crate::Node, cx: &mut crate::Cx) -> Option<Self> {
        match node.text() {
            Some(text) if text.starts_with("secret/") => Sp::decode(node, cx).map(EnvValue::Secret),
            _ => Sp::decode(node, cx).map(EnvValue::Text),
        }
    }
    fn shape() -> crate::shape::Shape {
        crate::shape::Shape::Text { what: "a text, or secret/NAME", pattern: None, bare: true }
    }
}

record! {
    /// Resources a service may use.
    pub struct ServiceLimits {
        /// Cores.
        cpu: Option<u32>,
        /// Memory.
        memory: Option<Bytes>,
    }
}
