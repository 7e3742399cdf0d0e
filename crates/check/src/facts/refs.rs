//! Every place where one thing names another.

use super::Kind;
use diag::Place;
use model::{Fleet, Host, HostBgp, HostSet, Machine, Placement, Profile, Router, Service, Sp};

const HOSTS: &[Kind] = &[Kind::Host, Kind::Group];
const PLACES: &[Kind] = &[Kind::Host, Kind::Group, Kind::Environment];
const SUBJECTS: &[Kind] =
    &[Kind::Host, Kind::Group, Kind::Environment, Kind::Zone, Kind::Network, Kind::Site];

/// One name as written.
#[derive(Clone, Debug)]
pub struct Ref<'a> {
    /// The text, perhaps with `kind/` before it.
    pub text: &'a str,
    /// Where it stands.
    pub place: &'a Place,
    /// What may stand here.
    pub kinds: &'static [Kind],
    /// What may stand here with its kind written before it; the same but in policies.
    pub prefixed: &'static [Kind],
    /// Words with a meaning of their own here.
    pub words: &'static [&'static str],
    /// False where it only says that something belongs to the named thing.
    pub uses: bool,
}

/// Collects references.
#[derive(Default)]
struct Refs<'a> {
    all: Vec<Ref<'a>>,
}

impl<'a> Refs<'a> {
    fn add(&mut self, text: &'a str, place: &'a Place, kinds: &'static [Kind]) {
        self.all.push(Ref { text, place, kinds, prefixed: kinds, words: &[], uses: true });
    }
    fn belongs(&mut self, text: &'a str, place: &'a Place, kinds: &'static [Kind]) {
        self.all.push(Ref { text, place, kinds, prefixed: kinds, words: &[], uses: false });
    }
    fn word(&mut self, text: &'a Sp<String>, kinds: &'static [Kind], words: &'static [&'static str]) {
        let (text, place) = (&text.value, &text.place);
        self.all.push(Ref { text, place, kinds, prefixed: kinds, words, uses: true });
    }
    fn texts(&mut self, names: &'a [Sp<String>], kinds: &'static [Kind]) {
        for name in names {
            self.add(&name.value, &name.place, kinds);
        }
    }
    fn set(&mut self, set: &'a HostSet) {
        self.texts(&set.names, HOSTS);
    }
}

macro_rules! ids {
    ($refs:expr, $names:expr, $kind:expr) => {
        for name in ($names).iter() {
            $refs.add(name.as_str(), &name.place, &[$kind]);
        }
    };
}

/// Every reference of the fleet, in the order of its parts.
pub fn refs(fleet: &Fleet) -> Vec<Ref<'_>> {
    let mut refs = Refs::default();
    for site in fleet.sites.values() {
        // Its own router is found by a site; it does not use the host.
        ids!(refs, &site.router, Kind::Host);
    }
    for host in fleet.hosts.values() {
        of_host(&mut refs, host);
    }
    for group in fleet.groups.values() {
        ids!(refs, &group.hosts, Kind::Host);
        ids!(refs, &group.groups, Kind::Group);
        ids!(refs, &group.r#use, Kind::Profile);
    }
    for network in fleet.networks.values() {
        ids!(refs, &network.site, Kind::Site);
        ids!(refs, &network.at, Kind::Host);
        ids!(refs, &network.environment, Kind::Environment);
    }
    for tunnel in fleet.tunnels.values() {
        ids!(refs, &tunnel.between, Kind::Host);
        ids!(refs, &tunnel.hub, Kind::Host);
        tunnel.spokes.iter().chain(&tunnel.mesh).for_each(|set| refs.set(set));
    }
    for service in fleet.services.values() {
        of_service(&mut refs, service);
    }
    for module in fleet.modules.values().filter(|m| m.place.is_source()) {
        for need in &module.needs {
            refs.add(need.service.as_str(), &need.service.place, &[Kind::Module]);
        }
    }
    for profile in fleet.profiles.values() {
        of_profile(&mut refs, profile);
    }
    for policy in fleet.policies.values() {
        for allow in &policy.allow {
            for end in allow.from.iter().chain(&allow.to) {
                let (text, place, words) = (&end.value, &end.place, &["any", "internet"]);
                refs.all.push(Ref { text, place, kinds: PLACES, prefixed: SUBJECTS, words, uses: true });
            }
        }
    }
    for environment in fleet.environments.values() {
        ids!(refs, &environment.members, Kind::Host);
    }
    of_operations(&mut refs, fleet);
    refs.all
}

fn of_host<'a>(refs: &mut Refs<'a>, host: &'a Host) {
    ids!(refs, &host.site, Kind::Site);
    for group in &host.groups {
        refs.belongs(group.as_str(), &group.place, &[Kind::Group]);
    }
    ids!(refs, &host.r#use, Kind::Profile);
    ids!(refs, &host.environment, Kind::Environment);
    for interface in host.interfaces.values() {
        ids!(refs, &interface.network, Kind::Network);
    }
    of_machine(refs, host.machine.as_ref());
    of_router(refs, host.router.as_ref());
    of_bgp(refs, host.bgp.as_ref());
}

fn of_machine<'a>(refs: &mut Refs<'a>, machine: Option<&'a Machine>) {
    for on in machine.iter().filter_map(|m| m.on.as_ref()) {
        refs.add(on.as_str(), &on.place, &[Kind::Host, Kind::Environment]);
    }
}

fn of_router<'a>(refs: &mut Refs<'a>, router: Option<&'a Router>) {
    for mapping in router.iter().flat_map(|r| r.forward.values()) {
        refs.add(mapping.to.as_str(), &mapping.to.place, &[Kind::Host]);
    }
}

fn of_bgp<'a>(refs: &mut Refs<'a>, bgp: Option<&'a HostBgp>) {
    for neighbour in bgp.iter().flat_map(|b| b.neighbours.values()) {
        ids!(refs, &neighbour.announce, Kind::Originated);
        ids!(refs, &neighbour.via, Kind::Tunnel);
    }
}

fn of_service<'a>(refs: &mut Refs<'a>, service: &'a Service) {
    refs.add(service.module.as_str(), &service.module.place, &[Kind::Module]);
    match &service.on {
        Some(Placement::Names(names)) => refs.texts(names, PLACES),
        Some(Placement::Each(names)) => refs.texts(names, PLACES),
        Some(Placement::Any(any)) => refs.add(&any.any.value, &any.any.place, PLACES),
        Some(Placement::Needs(needs)) => {
            ids!(refs, &needs.near, Kind::Service);
            ids!(refs, &needs.site, Kind::Site);
        }
        None => {}
    }
    ids!(refs, &service.r#use, Kind::Profile);
    for need in &service.needs {
        refs.add(need.service.as_str(), &need.service.place, &[Kind::Service]);
    }
    for expose in &service.expose {
        ids!(refs, &expose.entry, Kind::Site);
    }
    ids!(refs, &service.networks, Kind::Network);
    for export in service.exports.values() {
        ids!(refs, &export.to, Kind::Service);
    }
    for keeper in service.backup.iter().filter_map(|b| b.to.as_ref()) {
        refs.add(keeper.as_str(), &keeper.place, &[Kind::Service]);
    }
    for ingress in service.ingress.iter() {
        ids!(refs, &ingress.entry, Kind::Site);
    }
    ids!(refs, &service.environment, Kind::Environment);
}

fn of_profile<'a>(refs: &mut Refs<'a>, profile: &'a Profile) {
    ids!(refs, &profile.r#use, Kind::Profile);
    ids!(refs, &profile.networks, Kind::Network);
    ids!(refs, &profile.environment, Kind::Environment);
    for need in &profile.needs {
        refs.add(need.service.as_str(), &need.service.place, &[Kind::Service]);
    }
    for keeper in profile.backup.iter().filter_map(|b| b.to.as_ref()) {
        refs.add(keeper.as_str(), &keeper.place, &[Kind::Service]);
    }
    for service in profile.services.values() {
        of_service(refs, service);
    }
    of_router(refs, profile.router.as_ref());
    of_machine(refs, profile.machine.as_ref());
    of_bgp(refs, profile.bgp.as_ref());
}

fn of_operations<'a>(refs: &mut Refs<'a>, fleet: &'a Fleet) {
    for bgp in fleet.bgp.iter() {
        for originate in bgp.originate.values() {
            refs.set(&originate.at);
            for (host, share) in &originate.shares {
                refs.add(host.as_str(), &share.place, &[Kind::Host]);
            }
        }
        for server in bgp.rpki.iter().flat_map(|r| &r.servers) {
            if !server.contains(':') {
                refs.word(server, &[Kind::Service], &[]);
            }
        }
    }
    for auth in fleet.auth.iter() {
        ids!(refs, &auth.directory, Kind::Service);
        ids!(refs, &auth.oidc, Kind::Service);
        ids!(refs, &auth.gate, Kind::Service);
        for client in auth.clients.values() {
            refs.add(client.service.as_str(), &client.service.place, &[Kind::Service]);
        }
    }
    for gitops in fleet.gitops.iter() {
        if let Some(on) = &gitops.on {
            refs.word(on, &[Kind::Host, Kind::Environment, Kind::Service], &[]);
        }
        for apply in gitops.apply.iter() {
            ids!(refs, &apply.order, Kind::Environment);
        }
    }
    for admin in fleet.admins.values() {
        refs.texts(&admin.on, PLACES);
    }
    for certificates in fleet.certificates.iter() {
        ids!(refs, &certificates.internal, Kind::Service);
    }
    for provider in fleet.dns.iter().filter_map(|d| d.provider.as_ref()) {
        refs.word(provider, &[Kind::Service], &["cloudflare", "file"]);
    }
    for federation in &fleet.federation {
        refs.add(federation.from.as_str(), &federation.from.place, &[Kind::Service]);
        refs.add(federation.by.as_str(), &federation.by.place, &[Kind::Service]);
        ids!(refs, &federation.network, Kind::Network);
    }
}
