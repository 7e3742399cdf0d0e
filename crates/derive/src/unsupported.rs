//! What is described and nothing renders yet: said, never ignored.

use crate::work::Work;
use model::Provides;

/// Notes for everything in the model that derivation passes over.
pub(crate) fn unsupported(work: &mut Work<'_>) {
    environments(work);
    hosts(work);
    services(work);
    fleet(work);
}

fn environments(work: &mut Work<'_>) {
    let model = work.model;
    for (id, environment) in &model.environments {
        match &environment.engine {
            Some(engine) => {
                work.not_yet(&engine.place, format_args!("environment {id} of engine {}", engine.value))
            }
            None => work.not_yet(
                &environment.place,
                format_args!("environment {id}: it is applied together with the rest"),
            ),
        }
    }
}

fn hosts(work: &mut Work<'_>) {
    let model = work.model;
    for (id, host) in &model.hosts {
        if let Some(machine) = &host.machine
            && machine.engine != "physical"
        {
            work.not_yet(
                &machine.place,
                format_args!("making {id} by {}; it is treated as a machine that exists", machine.engine),
            );
        }
        let Some(router) = &host.router else { continue };
        if let Some(dhcp) = &router.dhcp {
            work.not_yet(&dhcp.place, format_args!("DHCP on {id}"));
        }
        if let Some(shape) = &router.shape {
            work.not_yet(&shape.place, format_args!("shaping of {id}'s uplink"));
        }
        if let Some(dns) = &router.dns {
            work.not_yet(&dns.place, format_args!("blocklists and forwarded domains on {id}"));
        }
    }
}

fn services(work: &mut Work<'_>) {
    let model = work.model;
    for (id, service) in &model.services {
        if let Some(backup) = &service.backup {
            work.not_yet(&backup.place, format_args!("backup of {id}"));
        }
        if let Some(failover) = &service.failover {
            work.not_yet(&failover.place, format_args!("failover of {id}; its copies all run"));
        }
        if let Some(network) = service.networks.first() {
            let lan = model.networks.get(&network.value).is_some_and(|n| n.kind.is_none());
            if !lan {
                work.not_yet(&network.place, format_args!("networks of {id}; it uses its host's"));
            }
        }
        for volume in service.volumes.values() {
            if let Some(snapshots) = &volume.snapshots {
                work.not_yet(&snapshots.place, format_args!("snapshots of a volume of {id}"));
            }
        }
    }
    for (id, service) in &model.services {
        let Some(module) = model.modules.get(&service.module.value) else { continue };
        let provides = |p: Provides| module.provides.iter().any(|x| x.value == p);
        if provides(Provides::Ca) || provides(Provides::Resolver) {
            work.not_yet(
                &service.place,
                format_args!(
                    "{id} as the fleet's own {}; it runs and nothing asks it",
                    if provides(Provides::Ca) { "CA" } else { "resolver" }
                ),
            );
        }
        if provides(Provides::Logs) {
            work.not_yet(&service.place, format_args!("logs sent to {id}"));
        }
        for expose in &service.expose {
            if expose.host.is_none() && work.placed.get(id).is_some_and(|p| p.hosts.len() > 1) {
                work.not_yet(
                    &expose.place,
                    format_args!(
                        "a bare port of several copies of {id}: the first one takes it; a proxy uses all"
                    ),
                );
            }
        }
    }
}

fn fleet(work: &mut Work<'_>) {
    let model = work.model;
    if let Some(auth) = &model.auth {
        if let Some(oidc) = &auth.oidc {
            work.not_yet(&oidc.place, "OIDC");
        }
        if let Some(directory) = &auth.directory {
            work.not_yet(&directory.place, "a directory of people");
        }
        for (name, client) in &auth.clients {
            work.not_yet(&client.place, format_args!("OIDC client {name}"));
        }
    }
    if let Some(gitops) = &model.gitops {
        work.not_yet(&gitops.place, "changes by pull request");
    }
    if let Some(internal) = model.certificates.as_ref().and_then(|c| c.internal.as_ref()) {
        work.not_yet(&internal.place, "certificates from a CA service; the proxy's own CA signs");
    }
    if let Some(dns) = &model.dns {
        if let Some(provider) = &dns.provider {
            work.not_yet(
                &provider.place,
                format_args!(
                    "records kept at {}; `fleetwright show services/NAME` has the addresses of each",
                    provider.value
                ),
            );
        }
        if dns.proxied == Some(true) {
            let limited = model.services.values().flat_map(|s| {
                s.ingress.iter().flat_map(|i| &i.from).chain(s.expose.iter().flat_map(|e| &e.from))
            });
            if limited.count() == 0 {
                work.not_yet(
                    &dns.place,
                    "the address ranges of the provider's proxy; write them under `ingress.from`",
                );
            }
        }
    }
    for federation in &model.federation {
        work.not_yet(&federation.place, "metrics passed on between metrics services");
    }
    for (id, policy) in &model.policies {
        if policy.profile.is_some() || !policy.exceptions.is_empty() {
            work.not_yet(&policy.place, format_args!("standards of policy {id}"));
        }
    }
}
