//! Profiles: what several things have in common.

use crate::{
    Backup, Capacity, ContainerSettings, Drift, EnvValue, EnvironmentId, Failover, HealthCheck, HostBgp,
    Label, Layer, Machine, Need, NetworkId, ProfileId, Raw, Router, Service, ServiceLimits, Sp, Ssh, Stage,
    Variant, Volume, record,
};
use std::collections::BTreeMap;

record! {
    /// Values that several services or hosts have in common; they take them with `use`, hosts also through a group's `use`. A thing's own values win; two profiles that disagree are an error, unless the thing says the value. Keys have the meaning they have in the thing.
    pub struct Profile {
        /// Profiles it builds on.
        r#use: Vec<Sp<ProfileId>>,
        /// Services: resource limits.
        limits: Option<ServiceLimits>,
        /// Services: data they keep.
        volumes: BTreeMap<Label, Volume>,
        /// Services: start-up layer.
        layer: Option<Sp<Layer>>,
        /// Services: how they run.
        variant: Option<Sp<Variant>>,
        /// Services: values of parameters.
        config: BTreeMap<Label, Raw>,
        /// Services: networks they are on.
        networks: Vec<Sp<NetworkId>>,
        /// Services: services they talk to.
        needs: Vec<Need>,
        /// Services: environment variables.
        env: BTreeMap<String, EnvValue>,
        /// Services: how their containers run.
        container: Option<ContainerSettings>,
        /// Services: how they are seen to be well.
        health: Option<HealthCheck>,
        /// Services: when they are backed up.
        backup: Option<Backup>,
        /// Services: how they survive a dead host.
        failover: Option<Failover>,
        /// Hosts: a router's duties.
        router: Option<Router>,
        /// Hosts: sessions with the outside.
        bgp: Option<HostBgp>,
        /// Hosts: what they can carry.
        capacity: Option<Capacity>,
        /// Hosts: how one signs in on them.
        ssh: Option<Ssh>,
        /// Hosts: whether they look by themselves for what was changed by hand.
        drift: Option<Drift>,
        /// Hosts: how far each engine has come into the fleet's hands.
        manage: BTreeMap<Label, Sp<Stage>>,
        /// Hosts: what they are made from.
        machine: Option<Machine>,
        /// Hosts: variables for templates.
        vars: BTreeMap<Label, Raw>,
        /// Hosts: services that every host that uses the profile runs.
        services: BTreeMap<Label, Box<Service>>,
        /// Free labels.
        labels: BTreeMap<Label, String>,
        /// The environment they belong to.
        environment: Option<Sp<EnvironmentId>>,
    }
}
