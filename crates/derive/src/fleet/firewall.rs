//! Packet filter and NAT of a host.

use artifact::Why;
use ipnet::IpNet;
use model::Proto;
use std::net::IpAddr;

/// Packet filter and NAT of a host. Input and forward drop what nothing allows; established flows pass.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    /// To the host itself.
    pub input: Vec<Rule>,
    /// Through the host.
    pub forward: Vec<Rule>,
    /// Destination NAT.
    pub dnat: Vec<Dnat>,
    /// Source NAT on the way out.
    pub masquerade: Vec<Masquerade>,
    /// Marks on connections that came in by an interface, so that answers go back by it.
    pub returns: Vec<ReturnPath>,
    /// Interfaces on which TCP MSS is clamped to the path MTU.
    pub clamp_mss: Vec<(String, Why)>,
    /// Interfaces from whose zone unwanted packets are rejected (inside) instead of dropped (outside).
    pub inside: Vec<String>,
    /// Prefixes whose packets pass this host one way only, because answers may leave by another border:
    /// they are not tracked (`notrack`), and the forward rules name both directions.
    pub untracked: Vec<(IpNet, Why)>,
}

/// An allowed kind of packet that opens a connection. Empty sets mean any.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Incoming interfaces.
    pub iif: Vec<String>,
    /// Outgoing interfaces (forward only).
    pub oif: Vec<String>,
    /// Source prefixes.
    pub from: Vec<IpNet>,
    /// Destination prefixes.
    pub to: Vec<IpNet>,
    /// What.
    pub traffic: Traffic,
    /// Why.
    pub why: Why,
}

/// What kind of packets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// Everything.
    Any,
    /// ICMP echo and the errors hosts need.
    Icmp,
    /// A transport protocol's destination ports.
    Ports(Proto, Vec<u16>),
    /// A whole IP protocol by number or name nftables knows (`ospf`, `esp`).
    Protocol(String),
    /// Connections that were translated by one of our DNAT rules (`ct status dnat`).
    Dnat,
}

/// Destination NAT.
#[derive(Clone, Debug)]
pub struct Dnat {
    /// Interface the packets come in by; `None` only by override.
    pub iif: Option<String>,
    /// Address they are sent to; `None` when it comes by DHCP (then the interface alone decides).
    pub to: Option<IpAddr>,
    /// Only from these sources (empty: any).
    pub from: Vec<IpNet>,
    /// Protocol.
    pub proto: Proto,
    /// Port.
    pub port: u16,
    /// New destination.
    pub target: IpAddr,
    /// New port.
    pub target_port: u16,
    /// Why.
    pub why: Why,
}

/// Source NAT to the address of the outgoing interface.
#[derive(Clone, Debug)]
pub struct Masquerade {
    /// Outgoing interface.
    pub oif: String,
    /// Sources.
    pub from: Vec<IpNet>,
    /// Why.
    pub why: Why,
}

/// Connections that come in by an interface get a mark; their answers get it back and a policy rule.
#[derive(Clone, Debug)]
pub struct ReturnPath {
    /// Interface.
    pub iif: String,
    /// Mark.
    pub mark: u32,
    /// Sources that are routed back anyway (the fleet's own prefixes behind the interface).
    pub except: Vec<IpNet>,
    /// Why.
    pub why: Why,
}
