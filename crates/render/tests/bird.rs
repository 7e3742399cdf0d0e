//! BGP: the text as reviewed, and BIRD's own reading of it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::anycast::{anycast, session};
use common::{checkers, golden, id, net, why};
use derive::fleet::SessionKind;
use model::{BgpRole, NeighbourId};

#[test]
fn every_checker_passes_and_the_text_is_as_reviewed() {
    let (hosts, report) = render::render(&anycast());
    assert!(!report.has_errors(), "{:#?}", report.items);
    for desired in hosts.values() {
        checkers::all_pass(desired);
    }
    golden::compare("render-anycast", &hosts);
}

#[test]
fn passwords_are_only_in_a_file_nobody_else_reads() {
    let (hosts, _) = render::render(&anycast());
    let file = &hosts[&id("ixp-ams1")].files["/etc/bird/bird.conf"];
    assert_eq!(file.text.secrets().collect::<Vec<_>>(), ["bird/ams-transit"]);
    assert_eq!((file.mode, file.owner.as_str()), (0o600, "bird"));
}

#[test]
fn what_a_session_cannot_carry_is_an_error() {
    let mut fleet = anycast();
    let bgp = fleet.hosts.get_mut("ixp-ams1").unwrap().bgp.as_mut().unwrap();
    bgp.sessions[0].sends.push((net("192.0.2.0/24"), why("bgp.yaml", "ours")));
    bgp.sessions[1].communities.push("64500:1:2:3".into());
    "provider".clone_into(&mut bgp.sessions[2].name);
    let (_, report) = render::render(&fleet);
    let codes: Vec<&str> = report.items.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["FW0907", "FW0907", "FW0907"], "{:#?}", report.items);
}

/// Every role, with and without each setting: BIRD reads them all.
#[test]
fn every_kind_of_session_is_read() {
    let mut fleet = anycast();
    let bgp = fleet.hosts.get_mut("ixp-ams1").unwrap().bgp.as_mut().unwrap();
    let roles = [BgpRole::Customer, BgpRole::Provider, BgpRole::Peer, BgpRole::RsClient, BgpRole::Rs];
    for (n, role) in roles.into_iter().enumerate() {
        for v4 in [true, false] {
            let kind = SessionKind::External { neighbour: NeighbourId::new("other"), role };
            let (local, remote, prefix) = if v4 {
                ("192.0.2.10", "192.0.2.1", "198.51.100.0/24")
            } else {
                ("2001:db8:a1::10", "2001:db8:a1::2", "2001:db8:8a0::/44")
            };
            let mut made = session(&format!("bgp_s{n}_{v4}"), kind, local, remote, 64496);
            made.sends_default = v4;
            made.bfd = true;
            made.limit = Some(1);
            made.sends = vec![(net(prefix), why("bgp.yaml", "ours"))];
            bgp.sessions.push(made);
        }
    }
    let (hosts, report) = render::render(&fleet);
    assert!(!report.has_errors(), "{:#?}", report.items);
    checkers::all_pass(&hosts[&id("ixp-ams1")]);
}
