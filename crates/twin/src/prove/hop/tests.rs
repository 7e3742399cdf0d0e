//! Observations of broken fleets, each with the hop that must be named.
#![allow(clippy::unwrap_used)]

use super::super::probe::sniff::{Flag, Packet};
use super::super::sample::{TUNNEL, fleet, ip};
use super::super::verdict::BrokenHop;
use super::diagnose::{Failure, Observed, diagnose};
use super::wg::End;
use std::net::SocketAddr;

const CLIENT: &str = "198.18.10.7:40000";
const PUBLIC: &str = "203.0.113.7:443";
const INSIDE: &str = "192.168.10.2:443";

fn packet(at: &str, out: bool, flag: Flag, from: &str, to: &str) -> Packet {
    let (node, device) = at.split_once(':').unwrap();
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let (node, device) = (node.to_owned(), device.to_owned());
    Packet { node, device, out, flag, from: address(from), to: address(to), isn: 1 }
}

/// The whole way of a connection that comes about, in order.
fn whole() -> Vec<Packet> {
    let syn = |at: &str, out, to: &str| packet(at, out, Flag::Syn, CLIENT, to);
    let answer = |at: &str, out, from: &str| packet(at, out, Flag::SynAck, from, CLIENT);
    let tunnel = |host: &str| format!("{host}:{TUNNEL}");
    vec![
        syn("client-berlin:eth0", true, PUBLIC),
        syn("kyiv-gw:ether1", false, PUBLIC),
        syn(&tunnel("kyiv-gw"), true, INSIDE),
        syn(&tunnel("wroclaw-gw"), false, INSIDE),
        syn("wroclaw-gw:lan", true, INSIDE),
        syn("mac-mini:lan", false, INSIDE),
        answer("mac-mini:lan", true, INSIDE),
        answer("wroclaw-gw:lan", false, INSIDE),
        answer(&tunnel("wroclaw-gw"), true, INSIDE),
        answer(&tunnel("kyiv-gw"), false, INSIDE),
        answer("kyiv-gw:ether1", true, PUBLIC),
        answer("client-berlin:eth0", false, PUBLIC),
    ]
}

fn end(host: &str, allowed: &[&str], shaken: u64) -> End {
    let allowed = allowed.iter().map(|a| a.parse().unwrap()).collect();
    End {
        host: host.to_owned(),
        device: TUNNEL.to_owned(),
        peers: vec![("KEY=".to_owned(), allowed, shaken)],
    }
}

fn cause(failure: &Failure, observed: &Observed) -> Option<BrokenHop> {
    let fleet = fleet();
    diagnose(&fleet, &fleet.exposures[0], "client-berlin", Some(ip("203.0.113.7")), failure, observed)
}

fn no_answer(packets: Vec<Packet>) -> Observed {
    Observed { packets, ..Observed::default() }
}

fn silent() -> Failure {
    Failure::Connect("no answer".to_owned())
}

#[test]
fn a_way_that_works_names_no_hop() {
    assert_eq!(cause(&silent(), &no_answer(whole())), None);
}

#[test]
fn allowed_ips_without_the_clients_are_the_tunnel() {
    let mut observed = no_answer(whole()[..3].to_vec());
    observed.ends = vec![end("kyiv-gw", &["192.168.10.0/24"], 1), end("wroclaw-gw", &["10.77.88.0/30"], 1)];
    let hop = cause(&silent(), &observed).unwrap();
    assert_eq!(hop.what, "tunnel kyiv-wroclaw from kyiv-gw to wroclaw-gw");
    assert_eq!(hop.place, "tunnels/kyiv-wroclaw.yaml:1:1");
    assert!(hop.evidence.contains("AllowedIPs on wroclaw-gw do not contain 198.18.10.7"), "{}", hop.evidence);
    assert!(!hop.evidence.contains("AllowedIPs on kyiv-gw"), "{}", hop.evidence);
}

#[test]
fn a_tunnel_that_never_shook_hands_is_the_tunnel() {
    let mut observed = no_answer(whole()[..3].to_vec());
    observed.ends = vec![end("kyiv-gw", &["0.0.0.0/0"], 0), end("wroclaw-gw", &["0.0.0.0/0"], 0)];
    let hop = cause(&silent(), &observed).unwrap();
    assert!(hop.what.starts_with("tunnel kyiv-wroclaw"));
    assert!(hop.evidence.contains("not shaken hands"), "{}", hop.evidence);
}

#[test]
fn an_answer_that_leaves_by_the_own_uplink_is_the_policy_route() {
    let mut packets = whole()[..8].to_vec();
    packets.push(packet("wroclaw-gw:wan", true, Flag::SynAck, INSIDE, CLIENT));
    let hop = cause(&silent(), &no_answer(packets)).unwrap();
    assert_eq!(hop.what, "policy route on wroclaw-gw back through tunnel kyiv-wroclaw");
    assert!(hop.evidence.contains("out of wroclaw-gw:wan instead of wg-kyiv-wroclaw"), "{}", hop.evidence);
}

#[test]
fn an_answer_that_the_near_end_does_not_take_is_the_tunnel() {
    let hop = cause(&silent(), &no_answer(whole()[..9].to_vec())).unwrap();
    assert!(hop.what.starts_with("tunnel kyiv-wroclaw"), "{}", hop.what);
    assert!(hop.evidence.starts_with("SYN-ACK out of wroclaw-gw"), "{}", hop.evidence);
}

#[test]
fn a_syn_that_is_not_translated_is_the_dnat() {
    let hop = cause(&silent(), &no_answer(whole()[..2].to_vec())).unwrap();
    assert_eq!((hop.what.as_str(), hop.host.as_str()), ("DNAT on kyiv-gw to 192.168.10.2", "kyiv-gw"));
}

#[test]
fn a_syn_that_does_not_arrive_is_lost_on_the_internet() {
    let hop = cause(&silent(), &no_answer(whole()[..1].to_vec())).unwrap();
    assert_eq!(hop.what, "way over the internet to kyiv-gw");
}

#[test]
fn what_the_public_end_asks_itself_is_lost_in_the_tunnel() {
    let own = "[fd77:77::1]:40000";
    let out = packet(&format!("kyiv-gw:{TUNNEL}"), true, Flag::Syn, own, "[fd77:10::2]:443");
    let mut observed = no_answer(vec![out]);
    observed.ends = vec![end("kyiv-gw", &["::/0"], 1), end("wroclaw-gw", &["10.77.88.0/30"], 1)];
    let hop = cause(&silent(), &observed).unwrap();
    assert_eq!(hop.what, "tunnel kyiv-wroclaw from kyiv-gw to wroclaw-gw");
    assert!(hop.evidence.contains("AllowedIPs on wroclaw-gw do not contain fd77:77::1"), "{}", hop.evidence);
}

#[test]
fn a_name_with_another_address_is_the_record() {
    let seen = "photos.example gives 100.64.1.5, not 203.0.113.7";
    let hop = cause(&Failure::Dns(seen.to_owned()), &Observed::default()).unwrap();
    assert_eq!((hop.what.as_str(), hop.evidence.as_str()), ("DNS record", seen));
}

#[test]
fn a_reset_by_the_proxys_host_is_the_proxy() {
    let mut packets = whole()[..6].to_vec();
    packets.push(packet("mac-mini:lan", true, Flag::Reset, INSIDE, CLIENT));
    let mut observed = no_answer(packets);
    observed.listening.insert("mac-mini".to_owned(), vec!["127.0.0.1:443".parse().unwrap()]);
    let hop = cause(&Failure::Connect("reset".to_owned()), &observed).unwrap();
    assert_eq!(hop.what, "proxy on mac-mini at 192.168.10.2:443");
    assert!(hop.evidence.contains("listens on 127.0.0.1:443 only"), "{}", hop.evidence);
}

#[test]
fn a_silent_proxy_host_and_a_lan_that_loses_it_are_told_apart() {
    let hop = cause(&silent(), &no_answer(whole()[..6].to_vec())).unwrap();
    assert!(hop.what.starts_with("proxy on mac-mini"), "{}", hop.what);
    let hop = cause(&silent(), &no_answer(whole()[..4].to_vec())).unwrap();
    assert_eq!(hop.what, "LAN wroclaw behind wroclaw-gw");
}

#[test]
fn an_error_of_the_proxy_for_its_service_is_the_service() {
    let hop = cause(&Failure::Service("502".to_owned()), &Observed::default()).unwrap();
    assert_eq!(hop.what, "service on mac-mini at 192.168.10.2:2283");
    let hop = cause(&Failure::Tls("TLS: unknown issuer".to_owned()), &Observed::default()).unwrap();
    assert!(hop.what.starts_with("proxy on mac-mini"));
}

#[test]
fn a_replaced_source_is_where_it_was_replaced() {
    let mut packets = whole();
    for packet in packets.iter_mut().take(6).skip(2) {
        packet.from = "10.77.88.1:40000".parse().unwrap();
    }
    let failure = Failure::Source("mac-mini sees 10.77.88.1".to_owned());
    let hop = cause(&failure, &no_answer(packets)).unwrap();
    assert_eq!(hop.host, "kyiv-gw");
    assert!(hop.evidence.contains("the client was 198.18.10.7"), "{}", hop.evidence);
}
