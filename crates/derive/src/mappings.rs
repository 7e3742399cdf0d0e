//! Port mappings of routers, written by hand.

use crate::entries::{Translations, add_translation};
use crate::fleet::{Dnat, Traffic};
use crate::openings::{self, Parts, rule};
use crate::ways;
use crate::work::Work;
use artifact::Why;
use ipnet::IpNet;
use model::ServiceId;

/// Ports of a router's uplink that it maps to hosts of its LAN.
pub(crate) fn mappings(work: &mut Work<'_>, translations: &mut Translations) {
    let model = work.model;
    for (id, host) in &model.hosts {
        let Some(router) = &host.router else { continue };
        for (name, mapping) in &router.forward {
            let why = Why::new(&mapping.place, format!("port mapping {name} of {id}"));
            let Some(ground) = work.ground.get(&mapping.to.value).cloned() else {
                work.dangling(&mapping.to.place, mapping.to.as_str());
                continue;
            };
            let to_port = mapping.to_port.unwrap_or(mapping.port.port);
            let uplinks = work.ground.get(id).map(|g| g.uplinks.clone()).unwrap_or_default();
            for uplink in &uplinks {
                for v4 in [true, false] {
                    let public = uplink.public.iter().copied().find(|ip| ip.is_ipv4() == v4);
                    let Some(target) = ground.lan_addresses.iter().copied().find(|ip| ip.is_ipv4() == v4)
                    else {
                        continue;
                    };
                    if public.is_none() && !v4 {
                        continue;
                    }
                    let iif = Some(uplink.iface.clone());
                    let proto = mapping.port.proto;
                    let key = (id.clone(), iif.clone(), public, proto, mapping.port.port);
                    let dnat = Dnat {
                        iif: iif.clone(),
                        to: public,
                        from: Vec::new(),
                        proto,
                        port: mapping.port.port,
                        target,
                        target_port: to_port,
                        why: why.clone(),
                    };
                    let service = ServiceId::new(name.as_str());
                    add_translation(work, translations, key, dnat, &service);
                    let oif = ground.lans.first().and_then(|(s, _)| ways::iface_on(work, id, s));
                    let through = rule(Traffic::Dnat, &why).iif(iif).oif(oif).to([IpNet::from(target)]);
                    openings::forward(work, id, through);
                    let input = rule(Traffic::Ports(proto, vec![to_port]), &why).to([IpNet::from(target)]);
                    openings::input(work, &mapping.to.value, input);
                }
            }
        }
    }
}
