//! A public CA and public DNS, in the `internet` namespace. The CA is pebble (an ACME server made for tests)
//! behind a proxy that answers under Let's Encrypt's own name and paths, so that hosts need no other
//! configuration than in production; they only trust one more root.

use super::INTERNET;
use crate::topology::{Daemon, Ready};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Host name of Let's Encrypt's production directory.
pub const DIRECTORY_HOST: &str = "acme-v02.api.letsencrypt.org";

/// Host name of its directory for tests, which Caddy asks first after an attempt that failed.
pub const STAGING_HOST: &str = "acme-staging-v02.api.letsencrypt.org";

/// Where pebble's management interface gives its root and intermediate, inside `internet`.
pub const ROOT_URL: &str = "https://127.0.0.1:15000/roots/0";

/// A CA of our own for the ACME server's address, and the server's certificate by it; PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeFiles {
    /// The root that hosts trust.
    pub ca: String,
    /// The server's certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// The daemons of the public CA.
pub(super) fn daemons(files: &AcmeFiles, addresses: [IpAddr; 2]) -> Vec<Daemon> {
    let pebble = serde_json::json!({ "pebble": {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "{dir}/cert.pem",
        "privateKey": "{dir}/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": false
    }});
    let [v4, v6] = addresses;
    let caddyfile = format!(
        "{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {{dir}}/storage\n}}\nhttps://{DIRECTORY_HOST}, https://{STAGING_HOST} {{\n\tbind {v4} {v6}\n\ttls {{dir}}/cert.pem {{dir}}/key.pem\n\trewrite /directory /dir\n\treverse_proxy https://127.0.0.1:14000 {{\n\t\theader_up Host {{host}}\n\t\ttransport http {{\n\t\t\ttls_insecure_skip_verify\n\t\t}}\n\t}}\n}}\n"
    );
    let pem = BTreeMap::from([
        ("cert.pem".to_owned(), files.certificate.clone()),
        ("key.pem".to_owned(), files.key.clone()),
    ]);
    let with = |name: &str, text: String| {
        let mut all = pem.clone();
        all.insert(name.to_owned(), text);
        all
    };
    vec![
        Daemon {
            name: "pebble".to_owned(),
            argv: ["pebble", "-config", "{dir}/pebble.json", "-dnsserver", "127.0.0.1:53"]
                .map(str::to_owned)
                .to_vec(),
            files: with("pebble.json", pebble.to_string()),
            env: BTreeMap::from([
                ("PEBBLE_VA_NOSLEEP".to_owned(), "1".to_owned()),
                ("PEBBLE_WFE_NONCEREJECT".to_owned(), "0".to_owned()),
            ]),
            ready: Ready::TcpPort(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 14000)),
            reload: Vec::new(),
        },
        Daemon {
            name: "acme-front".to_owned(),
            argv: ["caddy", "run", "--adapter", "caddyfile", "--config", "{dir}/Caddyfile"]
                .map(str::to_owned)
                .to_vec(),
            files: with("Caddyfile", caddyfile),
            env: BTreeMap::new(),
            ready: Ready::TcpPort(SocketAddr::new(v4, 443)),
            reload: Vec::new(),
        },
    ]
}

/// Public DNS: the fleet's public zone and the CA's name; everything else does not exist out here.
pub(super) fn dns(listen: &[IpAddr], records: &[(String, Vec<IpAddr>)], domain: &str) -> Daemon {
    let mut conf = String::from(
        "no-resolv\nno-hosts\nno-poll\nbind-interfaces\ncache-size=0\nuser=root\nlisten-address=127.0.0.1\npid-file=\n",
    );
    for ip in listen {
        conf.push_str(&format!("listen-address={ip}\n"));
    }
    if !domain.is_empty() {
        conf.push_str(&format!("local=/{domain}/\n"));
    }
    for (name, addresses) in records {
        let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        if !list.is_empty() {
            conf.push_str(&format!("host-record={name},{}\n", list.join(",")));
        }
    }
    Daemon {
        name: "dns".to_owned(),
        argv: ["dnsmasq", "--keep-in-foreground", "--conf-file={dir}/dnsmasq.conf"]
            .map(str::to_owned)
            .to_vec(),
        files: BTreeMap::from([("dnsmasq.conf".to_owned(), conf)]),
        env: BTreeMap::new(),
        ready: Ready::UdpPort(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53)),
        reload: Vec::new(),
    }
}

/// What is different about certificates here.
pub(super) fn alteration() -> super::Alteration {
    super::Alteration {
        at: INTERNET.to_owned(),
        what: format!("{DIRECTORY_HOST} is pebble, and the hosts trust its front's root"),
        why: "no public CA can be reached from a twin".to_owned(),
    }
}
