//! Renders a made-up fleet of N hosts with five services each and prints how long it takes: `speed -- 200`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{exposure, host, id, instance, interface, ip, why};
use derive::fleet::{Fleet, Name, Traffic};
use model::{Auth, Proto, ServiceId, Variant};
use std::time::Instant;

fn made(count: u32) -> Fleet {
    let mut fleet = common::fleet();
    let photos = instance("photos", "immich", Variant::Container);
    let caddy = instance("ingress", "caddy", Variant::Native);
    for n in 0..count {
        let name = format!("h{n}");
        let address = format!("10.{}.{}.2", n / 250, n % 250);
        let mut one = host(&name);
        one.addresses = vec![ip(&address)];
        one.interfaces = vec![interface("lan", "lan", "lan", &[&format!("{address}/24")])];
        for port in 0..40 {
            let traffic = Traffic::Ports(Proto::Tcp, vec![8000 + port]);
            one.firewall.input.push(common::rule(&["lan"], &["10.0.0.0/8"], &[], traffic));
        }
        one.instances.push(caddy.clone());
        for s in 0..5 {
            let service = format!("s{n}-{s}");
            let mut copy = photos.clone();
            copy.service = ServiceId::new(&service);
            copy.unit = format!("{service}.service");
            copy.volumes.clear();
            one.instances.push(copy);
            let public = format!("{service}.two-sites.example");
            let mut made = exposure(&service, &public, Auth::Sso, (&name, &address, 8000));
            made.ingress = Some((ServiceId::new("ingress"), id(&name)));
            fleet.exposures.push(made);
            let why = why("services/photos.yaml", "exposed");
            fleet.names.push(Name { name: public, addresses: vec![ip(&address)], reverse: false, why });
        }
        fleet.hosts.insert(id(&name), one);
    }
    fleet
}

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200);
    let fleet = made(count);
    let begun = Instant::now();
    let (hosts, report) = render::render(&fleet);
    let took = begun.elapsed();
    let lines: usize = hosts.values().flat_map(|h| h.files.values()).map(|f| f.text.lines.len()).sum();
    println!(
        "{count} hosts: {:.1} ms, {lines} lines, {} findings",
        took.as_secs_f64() * 1e3,
        report.items.len()
    );
}
