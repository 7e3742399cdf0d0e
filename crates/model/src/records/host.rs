//! Hosts and groups.

use crate::{
    Address, Bytes, EnvironmentId, GroupId, HostBgp, HostId, Label, NetworkId, ProfileId, Raw, Seconds,
    SiteId, Sp, Uplink, choice, record,
};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

choice! {
    /// How far an engine of a host has come into the fleet's hands.
    pub enum Stage {
        /// What is there is shown, and not compared.
        Observe = "observe",
        /// What would change is shown, and never done.
        Shadow = "shadow",
        /// Applied.
        Manage = "manage",
    }
}

record! {
    /// A machine.
    pub struct Host {
        /// Where it stands.
        site: Option<Sp<SiteId>>,
        /// Its addresses on the site's LAN; allocated when not written.
        address: Vec<Sp<Address>>,
        /// Its other interfaces by name.
        interfaces: BTreeMap<Label, Interface>,
        /// An uplink of its own (a rented server, not behind the site's router).
        uplink: Option<Uplink>,
        /// The groups it belongs to.
        groups: Vec<Sp<GroupId>>,
        /// What it can carry; placement by needs looks here.
        capacity: Option<Capacity>,
        /// Free labels.
        labels: BTreeMap<Label, String>,
        /// Profiles it uses.
        r#use: Vec<Sp<ProfileId>>,
        /// The environment it belongs to.
        environment: Option<Sp<EnvironmentId>>,
        /// Its BGP sessions with the outside and its own AS number.
        bgp: Option<HostBgp>,
        /// A router's own duties: DHCP, LAN DNS, shaping, port mappings.
        router: Option<Router>,
        /// What kind of machine it is made from (physical when not written): `incus`, `proxmox`.
        machine: Option<Machine>,
        /// How one signs in on it; what is not written is as in `~/.ssh/config` under the host's name.
        ssh: Option<Ssh>,
        /// Its public key for secrets (`age1…`, or the line of an ssh `.pub` file): it may read those it uses.
        age: Vec<Sp<String>>,
        /// Whether it looks by itself for what was changed by hand on it; not when not written.
        drift: Option<Drift>,
        /// By engine (`nftables`, `caddy` …; a service by its name; `all` for those not named): `observe` shows what is there, `shadow` plans and never applies, `manage`, which is meant when nothing is written, applies.
        manage: BTreeMap<Label, Sp<Stage>>,
        /// Raw text by engine (`bird`, `networkd`, `nftables`, `resolver`, `sshd`, `sysctl`), checked by the engine and marked in reports.
        r#override: BTreeMap<Label, Sp<String>>,
        /// Variables for templates.
        vars: BTreeMap<Label, Raw>,
    }
}

record! {
    /// What a host can carry.
    pub struct Capacity {
        /// Processor cores.
        cpu: Option<u32>,
        /// Memory.
        memory: Option<Bytes>,
        /// Storage by name.
        volumes: BTreeMap<Label, Bytes>,
    }
}

record! {
    /// The way onto a host by SSH. What is not written is as `~/.ssh/config` has it under the host's name.
    pub struct Ssh = "address" {
        /// Name or address that is dialled unless `~/.ssh/config` has a `HostName`; the host's address on its LAN when not written, else that of its uplink.
        address: Option<Sp<String>>,
        /// Port; 22 when not written.
        port: Option<Sp<u16>>,
        /// Who signs in (root, or somebody with sudo); who runs the command when not written.
        user: Option<Sp<String>>,
        /// The host, or name of `~/.ssh/config`, that the connection goes through: `[USER@]HOST[:PORT]`, several with commas between them.
        jump: Option<Sp<String>>,
    }
}

record! {
    /// A host that looks by itself whether it still is as it was confirmed: it tells its journal, `status`, and, where its metrics are scraped, whoever is told of alerts. Nothing is changed.
    pub struct Drift = "watch" {
        /// How often it looks, from 1m to 30d.
        watch: Sp<Seconds>,
    }
}

record! {
    /// A network interface.
    pub struct Interface {
        /// The network it is on; the addresses then may be left out and are allocated.
        network: Option<Sp<NetworkId>>,
        /// IPv4 address; with its prefix length when it is on no named network.
        ipv4: Option<Sp<Address>>,
        /// IPv6 address; with its prefix length when it is on no named network.
        ipv6: Option<Sp<Address>>,
        /// IPv4 default route by this interface.
        gateway: Option<Sp<Ipv4Addr>>,
        /// IPv6 default route by this interface.
        gateway6: Option<Sp<Ipv6Addr>>,
        /// Addresses come by DHCP.
        dhcp: Option<bool>,
        /// Hardware address, for reservations.
        mac: Option<Sp<String>>,
    }
}

record! {
    /// What a router does for its LAN beyond routing.
    pub struct Router {
        /// LAN interface.
        lan: Option<String>,
        /// WAN interface.
        wan: Option<String>,
        /// DHCP on the LAN: reservations by name.
        dhcp: Option<Dhcp>,
        /// Traffic shaping of the uplink.
        shape: Option<Shaping>,
        /// DNS on the LAN: blocklists and conditional forwarding.
        dns: Option<LanDns>,
        /// Ports of the uplink mapped to hosts of the LAN.
        forward: BTreeMap<Label, PortMapping>,
    }
}

record! {
    /// DHCP for a LAN.
    pub struct Dhcp {
        /// Hardware address and reserved address by name.
        reserve: BTreeMap<Label, Reservation>,
        /// First and last address given to others.
        pool: Vec<Sp<Ipv4Addr>>,
    }
}

record! {
    /// An address kept for one machine.
    pub struct Reservation {
        /// Hardware address.
        mac: Sp<String>,
        /// Address.
        address: Sp<Ipv4Addr>,
    }
}

record! {
    /// Shaping of an uplink to a little below its line rate.
    pub struct Shaping {
        /// Towards the LAN.
        down: crate::BitRate,
        /// Towards the internet.
        up: crate::BitRate,
    }
}

record! {
    /// A LAN's resolver.
    pub struct LanDns {
        /// Blocklists by name.
        block: Vec<String>,
        /// Names under these domains are asked at these addresses.
        forward: BTreeMap<String, Sp<std::net::IpAddr>>,
    }
}

record! {
    /// A port of the uplink that leads to a host of the LAN.
    pub struct PortMapping {
        /// Port on the uplink.
        port: Sp<crate::PortSpec>,
        /// The host.
        to: Sp<HostId>,
        /// Port there; the same when not written.
        to_port: Option<u16>,
    }
}

record! {
    /// What a virtual machine or container is made from.
    pub struct Machine = "engine" {
        /// `incus`, `proxmox` or `physical`.
        engine: String,
        /// Image or template.
        image: Option<String>,
        /// The host or cluster it runs on.
        on: Option<Sp<HostId>>,
        /// Settings of that engine.
        config: BTreeMap<Label, Raw>,
    }
}

record! {
    /// A named set of hosts.
    pub struct Group {
        /// Its hosts (a host may also name the group itself).
        hosts: Vec<Sp<HostId>>,
        /// Groups inside it.
        groups: Vec<Sp<GroupId>>,
        /// Profiles its hosts use.
        r#use: Vec<Sp<ProfileId>>,
        /// Variables for templates.
        vars: BTreeMap<Label, Raw>,
    }
}
