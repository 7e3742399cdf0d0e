//! The whole of it.

use crate::{
    Admin, AlertSettings, AuthSettings, Certificates, ComposeProject, DeclaredSecret, DnsSettings,
    Environment, EnvironmentId, Federation, FleetBgp, Gitops, Group, GroupId, Host, HostId, Label, Module,
    ModuleId, Network, NetworkId, Policy, PolicyId, Pools, Profile, ProfileId, Service, ServiceId, Site,
    SiteId, Sp, TemplateTree, TofuStack, Tunnel, TunnelId, record,
};
use std::collections::BTreeMap;

record! {
    /// A fleet: everything one folder of sources describes. Each of the maps may also be a folder with one file a thing.
    pub struct Fleet {
        /// Its name; the folder's name when not written.
        name: Option<Sp<String>>,
        /// The domain under which names without a dot lie; hosts are `HOST.SITE.DOMAIN`.
        domain: Option<Sp<String>>,
        /// Sites.
        sites: BTreeMap<SiteId, Site>,
        /// Hosts.
        hosts: BTreeMap<HostId, Host>,
        /// Groups; `all` holds every host.
        groups: BTreeMap<GroupId, Group>,
        /// Networks beside the sites' LANs.
        networks: BTreeMap<NetworkId, Network>,
        /// Tunnels.
        tunnels: BTreeMap<TunnelId, Tunnel>,
        /// Services.
        services: BTreeMap<ServiceId, Service>,
        /// The fleet's own modules.
        modules: BTreeMap<ModuleId, Module>,
        /// Profiles.
        profiles: BTreeMap<ProfileId, Profile>,
        /// Policies.
        policies: BTreeMap<PolicyId, Policy>,
        /// Environments.
        environments: BTreeMap<EnvironmentId, Environment>,
        /// Our AS.
        bgp: Option<FleetBgp>,
        /// Sign-in.
        auth: Option<AuthSettings>,
        /// Changes by pull request.
        gitops: Option<Gitops>,
        /// People with access to hosts.
        admins: BTreeMap<Label, Admin>,
        /// Certificates.
        certificates: Option<Certificates>,
        /// Names.
        dns: Option<DnsSettings>,
        /// Alerts.
        alerts: Option<AlertSettings>,
        /// Address pools.
        pools: Option<Pools>,
        /// Metrics passed on between metrics services.
        federation: Vec<Federation>,
        /// How secrets come to be, by name, and who may read them. Values are never written here.
        secrets: BTreeMap<Label, DeclaredSecret>,
        /// Compose projects whose services are the fleet's.
        compose: BTreeMap<Label, ComposeProject>,
        /// Stacks of OpenTofu or Terraform, whose outputs are facts here.
        tofu: BTreeMap<Label, TofuStack>,
        /// Trees of templates of a render script, rendered where they lie.
        trees: BTreeMap<Label, TemplateTree>,
        /// Files and folders here that are not the fleet's: nothing of them is read.
        others: Vec<Sp<String>>,
    }
}
