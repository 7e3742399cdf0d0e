//! The questions of a small fleet.
#![allow(clippy::unwrap_used)]

use super::super::question::{Ask, Expect, Kind, Question, Via, Want};
use super::super::sample::{fleet, ip, world};
use super::questions;
use std::collections::BTreeSet;

fn asked() -> Vec<Question> {
    questions(&fleet(), &world())
}

fn one<'a>(all: &'a [Question], id: &str) -> &'a Question {
    let ids: Vec<&str> = all.iter().map(|q| q.id.as_str()).collect();
    all.iter().find(|q| q.id == id).unwrap_or_else(|| unreachable!("{id} is not among {ids:#?}"))
}

#[test]
fn ids_are_unique_stable_and_by_kind() {
    let all = asked();
    let ids: BTreeSet<&str> = all.iter().map(|q| q.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.is_sorted_by_key(|q| q.kind));
    let again: Vec<String> = asked().into_iter().map(|q| q.id).collect();
    assert_eq!(all.iter().map(|q| q.id.clone()).collect::<Vec<_>>(), again);
    assert!(all.iter().all(|q| q.id.starts_with(&format!("{}/", q.kind)) && q.place.is_source()), "{all:#?}");
}

#[test]
fn an_exposure_is_asked_for_from_every_client_in_its_families() {
    let all = asked();
    let of_kind: Vec<&str> = all.iter().filter(|q| q.kind == Kind::Expose).map(|q| q.id.as_str()).collect();
    assert_eq!(of_kind, ["expose/photos.example/client-berlin/v4", "expose/photos.example/client-lima/v4"]);
    let Ask::Fetch(fetch) = &one(&all, of_kind[0]).ask else { unreachable!() };
    assert_eq!(fetch.via, Via::PublicName(vec![ip("203.0.113.7")]));
    assert_eq!(fetch.want, Want::Service { client: Some(ip("198.18.10.7")) });
    let inside = all.iter().filter(|q| q.kind == Kind::ExposeInside).count();
    assert_eq!(inside, 4, "every host is on a LAN");
}

#[test]
fn a_clients_address_outside_the_allowed_sources_turns_the_question_round() {
    let mut fleet = fleet();
    fleet.exposures[0].from = vec!["198.18.10.0/24".parse().unwrap()];
    let all = questions(&fleet, &world());
    assert!(
        matches!(&one(&all, "expose/photos.example/client-berlin/v4").ask, Ask::Fetch(f) if f.want != Want::Nothing)
    );
    assert!(
        matches!(&one(&all, "refused/photos.example/client-lima/v4").ask, Ask::Fetch(f) if f.want == Want::Nothing)
    );
    assert!(!all.iter().any(|q| q.id == "expose/photos.example/client-lima/v4"));
}

#[test]
fn a_name_for_the_lan_is_refused_at_every_door() {
    let mut fleet = fleet();
    let mut inner = fleet.exposures[0].clone();
    inner.name = Some("inner.example".to_owned());
    inner.audience = model::Audience::Lan;
    inner.entries.clear();
    fleet.exposures.push(inner);
    let all = questions(&fleet, &world());
    for client in ["client-berlin", "client-lima"] {
        one(&all, &format!("refused/inner.example/{client}/203.0.113.7"));
    }
    one(&all, "refused/unknown-name/203.0.113.7");
    one(&all, "refused/plain/photos.example");
    one(&all, "expose-inside/inner.example/kyiv-nas/v4");
}

#[test]
fn a_need_is_open_and_the_port_beside_it_closed_while_somebody_listens() {
    let all = asked();
    let Ask::Knocks(knocks) = &one(&all, "needs/emby@mac-mini-media-share@kyiv-nas/2049").ask else {
        unreachable!()
    };
    let [open, closed] = knocks.as_slice() else { unreachable!("{knocks:?}") };
    assert_eq!((open.to.port(), open.expect, open.listener.as_deref()), (2049, Expect::Open, None));
    assert_eq!(
        (closed.to.port(), closed.expect, closed.listener.as_deref()),
        (2050, Expect::Closed, Some("kyiv-nas"))
    );
    assert!(knocks.iter().all(|k| k.from == "mac-mini"));
}

#[test]
fn zones_are_open_where_a_policy_says_so_and_closed_elsewhere() {
    let all = asked();
    let Ask::Knocks(to_storage) = &one(&all, "zone/lan-storage").ask else { unreachable!() };
    let open: BTreeSet<u16> =
        to_storage.iter().filter(|k| k.expect == Expect::Open).map(|k| k.to.port()).collect();
    assert_eq!(open, BTreeSet::from([22]));
    assert!(to_storage.iter().any(|k| k.expect == Expect::Closed && k.to.port() > 1024));
    let Ask::Knocks(back) = &one(&all, "zone/storage-lan").ask else { unreachable!() };
    assert!(back.iter().all(|k| k.expect == Expect::Closed && k.from == "kyiv-nas"));
    assert_eq!(one(&all, "zone/lan-storage").place.to_string(), "policies/admin.yaml:1:1");
}

#[test]
fn a_lan_behind_a_translating_router_still_reaches_others() {
    let all = asked();
    let Ask::Knocks(knocks) = &one(&all, "uncaught/kyiv-nas/kyiv-gw").ask else { unreachable!() };
    let [knock] = knocks.as_slice() else { unreachable!("{knocks:?}") };
    assert_eq!(knock.to, "198.18.30.7:443".parse().unwrap());
    assert_eq!((knock.listener.as_deref(), knock.expect), (Some("client-lima"), Expect::Open));
}

#[test]
fn ports_of_a_site_are_closed_at_its_public_address_except_what_is_exposed() {
    let all = asked();
    let Ask::Knocks(knocks) = &one(&all, "refused/ports/kyiv-gw").ask else { unreachable!() };
    assert!(knocks.iter().all(|k| k.expect == Expect::Closed && k.to.ip() == ip("203.0.113.7")));
    assert!(knocks.iter().all(|k| ![80, 443].contains(&k.to.port())));
    assert!(knocks.iter().any(|k| k.to.port() == 22));
}
