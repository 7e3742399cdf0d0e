//! Writes a made-up fleet of a given size as sources on disk, for `bench/run`:
//!
//! ```text
//! bench-fleet plain 200 1000 DIR     hosts, services
//! bench-fleet bgp 50 DIR             hosts
//! ```
//!
//! The same arguments give the same bytes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

/// Hosts of a site, its router included.
const SITE: usize = 20;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let made = match words.as_slice() {
        ["plain", hosts, services, dir] => match (hosts.parse(), services.parse()) {
            (Ok(hosts), Ok(services)) => plain(hosts, services, &Tree::new(dir)),
            _ => return usage(),
        },
        ["bgp", hosts, dir] => match hosts.parse() {
            Ok(hosts) => bgp(hosts, &Tree::new(dir)),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench-fleet: {e}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bench-fleet plain HOSTS SERVICES DIR | bench-fleet bgp HOSTS DIR");
    ExitCode::from(2)
}

/// A folder of sources.
struct Tree(PathBuf);

impl Tree {
    fn new(dir: &str) -> Self {
        Tree(PathBuf::from(dir))
    }
    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)
    }
}

/// Sites of 20 hosts behind a router each, every fourth site with public addresses and the rest behind
/// CGNAT, all joined to the first site by tunnels. One in ten services has a name, on
/// the internet at the public sites and on the LANs at the others.
fn plain(hosts: usize, services: usize, tree: &Tree) -> io::Result<()> {
    let sites = hosts.div_ceil(SITE).max(1);
    tree.write("fleet.yaml", "domain: bench.example\nauth: {gate: gate}\n")?;
    for s in 0..sites {
        site(s, hosts.saturating_sub(s * SITE).min(SITE), tree)?;
    }
    tree.write(
        "modules/app.yaml",
        "description: a program that answers HTTP\n\
         params:\n  workers: {type: number, default: 4, min: 1, max: 64, doc: processes}\n\
         ports: {web: 8080}\nmetrics: web\nhealth: {http: /health}\n\
         variants:\n  container: {image: registry.example/app}\n",
    )?;
    tree.write(
        "modules/store.yaml",
        "description: a program others keep things in\nports: {db: {port: 5432, protocol: tcp}}\n\
         volumes: {data: /srv/store}\nhealth: {tcp: db}\n\
         variants:\n  container: {image: registry.example/store}\n",
    )?;
    tree.write(
        "modules/door.yaml",
        "description: asks who is there\nprovides: [gate]\nports: {web: 9091}\nhealth: {http: /}\n\
         variants:\n  container: {image: registry.example/door}\n",
    )?;
    tree.write(
        "services/gate.yaml",
        &format!(
            "module: door\non: {}\nports: {{web: dynamic}}\nexpose: {{host: sign-in, auth: own}}\n",
            host(0, 1)
        ),
    )?;
    for s in 0..sites {
        tree.write(
            &format!("services/store-{s}.yaml"),
            &format!(
                "module: store\non: {}\nports: {{db: dynamic}}\nvolumes: {{data: /srv/store-{s}}}\n",
                host(s, 1)
            ),
        )?;
        let entry = if public(s) { format!("ingress: {{entry: site-{s}}}\n") } else { String::new() };
        tree.write(
            &format!("services/ingress-{s}.yaml"),
            &format!("module: caddy\non: {}\n{entry}", host(s, 2)),
        )?;
    }
    let workers = hosts - sites;
    let made = 1 + 2 * sites;
    for n in 0..services.saturating_sub(made) {
        let worker = n % workers.max(1);
        let (s, h) = (worker / (SITE - 1), worker % (SITE - 1) + 1);
        let mut text = format!(
            "module: app\non: {}\nports: {{web: dynamic}}\nneeds: [store-{s}]\nconfig: {{workers: {}}}\n\
             env: {{NAME: app-{n}, TOKEN: secret/app-{n}}}\n",
            host(s, h),
            n % 60 + 1,
        );
        if n % 10 == 0 {
            let how = if public(s) { "auth: sso" } else { "auth: none, to: lan" };
            let _ = writeln!(text, "expose: {{host: app-{n}, {how}}}");
        }
        tree.write(&format!("services/app-{n}.yaml"), &text)?;
    }
    Ok(())
}

fn public(site: usize) -> bool {
    site.is_multiple_of(4)
}

fn host(site: usize, number: usize) -> String {
    format!("h{site}-{number}")
}

fn site(s: usize, hosts: usize, tree: &Tree) -> io::Result<()> {
    // 100 sites at most share 198.18.0.0/15 (RFC 2544, benchmarks).
    let uplink = if public(s) {
        format!(
            "{{ipv4: 198.18.{s}.2/30, gateway: 198.18.{s}.1, ipv6: 2001:db8:f{s:03x}::2/64, gateway6: 2001:db8:f{s:03x}::1}}"
        )
    } else {
        "cgnat".to_owned()
    };
    tree.write(
        &format!("sites/site-{s}.yaml"),
        &format!(
            "uplink: {uplink}\nlan: {{ipv4: 10.{s}.0.0/24, ipv6: fd00:0:0:{s:x}::/64}}\nrouter: {}\n",
            host(s, 0)
        ),
    )?;
    for h in 0..hosts {
        tree.write(
            &format!("hosts/{}.yaml", host(s, h)),
            &format!(
                "site: site-{s}\naddress: [10.{s}.0.{h1}, \"fd00:0:0:{s:x}::{h1:x}\"]\n\
                 capacity: {{cpu: 8, memory: 32GiB}}\n",
                h1 = h + 1,
            ),
        )?;
    }
    if s > 0 {
        let (a, b) = (s / 250, s % 250);
        tree.write(
            &format!("tunnels/to-{s}.yaml"),
            &format!(
                "between: [{}, {}]\nnetwork: [172.16.{}.{}/30, \"fd01:0:0:{s:x}::/64\"]\n",
                host(0, 0),
                host(s, 0),
                a * 4 + b / 64,
                b % 64 * 4
            ),
        )?;
    }
    Ok(())
}

/// One core and routers around it, each with a transit of its own, joined by WireGuard links that carry
/// BGP: every router must hold the core's prefixes and every other router's.
fn bgp(hosts: usize, tree: &Tree) -> io::Result<()> {
    let spokes = hosts.saturating_sub(1);
    tree.write(
        "fleet.yaml",
        "domain: bench.example\nbgp:\n  asn: 64500\n  originate:\n    services: {prefix: \"2001:db8:50::/44\", at: core}\n",
    )?;
    tree.write("groups/edge.yaml", "{}\n")?;
    tree.write("sites/core.yaml", "uplink: none\n")?;
    tree.write(
        "hosts/core.yaml",
        "site: core\nuplink: {ipv4: 198.18.0.2/30, gateway: 198.18.0.1, ipv6: \"2001:db8:f000::2/64\", gateway6: \"2001:db8:f000::1\"}\n",
    )?;
    tree.write(
        "tunnels/backbone.yaml",
        "hub: core\nspokes: {each: edge}\nnetwork: [172.16.0.0/16, \"2001:db8:50:ffff::/112\"]\ncarries: [bgp, services]\n",
    )?;
    for n in 1..=spokes {
        tree.write(
            &format!("hosts/edge-{n}.yaml"),
            &format!(
                "groups: edge\nuplink: {{ipv4: 198.18.{n}.2/30, gateway: 198.18.{n}.1, ipv6: \"2001:db8:f{n:03x}::2/64\", gateway6: \"2001:db8:f{n:03x}::1\"}}\n\
                 bgp:\n  neighbours:\n    transit: {{asn: {}, address: \"2001:db8:f{n:03x}::1\", role: customer}}\n",
                65536 + n % 16,
            ),
        )?;
    }
    Ok(())
}
