//! The anycast example in its twin: proved whole, with a new router by one new file, and without a host whose
//! file is gone.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::json;
use common::twin::{Edited, Lab, all_proved, changed};

/// A third router at the exchange in Amsterdam.
const IXP_AMS3: &str = "site: ams
groups: ixp
use: nl-ix
uplink:
  ipv4: 198.51.100.58/29
  gateway: 198.51.100.57
  ipv6: 2001:db8:a3::10/64
  gateway6: 2001:db8:a3::1
interfaces:
  peering: {network: nl-ix, ipv6: 2001:db8:ff:1::30, ipv4: 192.0.2.30}
bgp:
  neighbours:
    transit: {asn: 64498, address: 2001:db8:a3::1, role: customer, limit: 250000}
";

fn proves(answer: &serde_json::Value, kind: &str, about: &str) -> usize {
    let verdicts = answer["verdicts"].as_array().unwrap();
    let of = |v: &&serde_json::Value| v["kind"] == kind && v["id"].as_str().unwrap().contains(about);
    verdicts.iter().filter(of).count()
}

/// A session that somebody switched off by hand is drift, and up again after an apply; BIRD goes on running.
fn a_session_switched_off_by_hand_comes_back(lab: &Lab) {
    let protocols = || lab.sh("core1", "birdc show protocols");
    let name =
        protocols().lines().find(|l| l.contains(" BGP ")).unwrap().split(' ').next().unwrap().to_owned();
    let pid = lab.sh("core1", "pidof bird");
    lab.sh("core1", &format!("birdc disable {name}"));
    let plan = lab.plan();
    let step = &plan["plan"]["hosts"]["core1"]["steps"][0];
    let told = ["name", "change"].map(|k| step[k].as_str().unwrap_or_default());
    assert_eq!(told, ["bird.service", "reload"], "{plan:#}");
    assert_eq!(step["detail"][0], "running bird is not as it was confirmed");
    let applied = json(lab.path(), &["apply", "--twin", lab.name(), "core1"]);
    assert_eq!(applied["exit"], 0, "{applied:#}");
    let now = protocols();
    let line = now.lines().find(|l| l.starts_with(&format!("{name} "))).unwrap();
    assert!(!line.contains(" down "), "{now}");
    assert_eq!(lab.sh("core1", "pidof bird"), pid);
    assert_eq!(lab.plan()["empty"], true);
}

#[test]
fn a_router_is_one_file_and_a_host_leaves_with_its_file() {
    let lab = Lab::up("anycast", "anycast");
    let all = lab.prove();
    all_proved(&all);
    assert!(all["verdicts"].as_array().unwrap().len() > 100);
    assert!(proves(&all, "bgp", "ixp-ams2") >= 2 && proves(&all, "bgp", "ixp-ams3") == 0, "{all:#}");
    assert_eq!(lab.plan()["empty"], true);
    a_session_switched_off_by_hand_comes_back(&lab);

    // Its sessions with the core, the route server and its transit, its tunnel, its metrics: from one file.
    let file = Edited::new(lab.path(), "hosts/ixp-ams3.yaml", IXP_AMS3);
    let grown = lab.apply();
    all_proved(&grown);
    let touched = changed(&grown);
    assert!(touched.contains("ixp-ams3") && touched.contains("core1"), "{touched:?}");
    assert!(proves(&grown, "bgp", "ixp-ams3") >= 2 && proves(&grown, "tunnel", "ixp-ams3") == 1);
    assert!(proves(&grown, "scrape", "ixp-ams3") >= 1);
    drop(file);

    // A host that sends probes goes: nobody speaks of it any more.
    let gone = lab.path().join("hosts/probe-sgp1.yaml");
    let text = std::fs::read_to_string(&gone).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let rendered = json(lab.path(), &["render"]);
    assert_eq!(rendered["exit"], 0, "{:#}", rendered["diagnostics"]);
    let hosts = rendered["hosts"].as_object().unwrap();
    assert!(hosts.len() == 5 && !hosts.contains_key("probe-sgp1"));
    for (host, what) in hosts {
        for (path, file) in what["files"].as_object().unwrap() {
            let text = file["text"].as_str().unwrap();
            for trace in ["probe-sgp1", "198.51.100.50", "2001:db8:e2::10"] {
                assert!(!path.contains(trace) && !text.contains(trace), "{host}:{path} has {trace}");
            }
        }
    }
    let shrunk = lab.apply();
    all_proved(&shrunk);
    let hosts = shrunk["outcome"]["hosts"].as_object().unwrap();
    assert!(!hosts.contains_key("probe-sgp1") && !hosts.contains_key("ixp-ams3"));
    assert_eq!(proves(&shrunk, "bgp", "ams3") + proves(&shrunk, "host", "sgp1"), 0);
    std::fs::write(&gone, text).unwrap();
    all_proved(&lab.apply());
    lab.down();
}
