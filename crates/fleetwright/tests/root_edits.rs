//! One-line edits of two-sites that are fine: the plan names the hosts that change and the source line why, and
//! the running twin is brought there and holds everything again. What is not named is not touched.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::run;
use common::twin::{Lab, all_proved, changed, steps};
use std::collections::{BTreeMap, BTreeSet};

struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// Hosts that change, each with files that must, and the source line that is the reason.
    hosts: &'static [(&'static str, &'static [&'static str])],
    reason: (&'static str, u32),
    /// Units whose stand-in the twin tells something new: only there they start anew.
    stand_ins: &'static [&'static str],
}

const NFT: &str = "/etc/fleetwright/nftables.nft";
const WG: &str = "/etc/wireguard/wg-kyiv-wroclaw.conf";
const NET: &str = "/etc/systemd/network/50-fw-wg-kyiv-wroclaw.network";

const EDITS: [Edit; 4] = [
    Edit {
        file: "services/emby.yaml",
        from: "auth: none, public: yes",
        to: "auth: sso",
        hosts: &[("mac-mini", &["/etc/caddy/Caddyfile"])],
        reason: ("services/emby.yaml", 4),
        stand_ins: &[],
    },
    Edit {
        file: "services/transmission.yaml",
        from: "on: {needs: {storage: {raid: 1TB}}}",
        to: "on: kyiv-gw",
        hosts: &[
            ("kyiv-gw", &[NFT, "/etc/systemd/system/transmission.service"]),
            ("kyiv-nas", &[NFT]),
            ("mac-mini", &["/etc/prometheus/rules/fleetwright.yml"]),
            ("wroclaw-gw", &[NFT]),
        ],
        reason: ("services/transmission.yaml", 1),
        stand_ins: &[],
    },
    Edit {
        file: "services/grafana.yaml",
        from: "needs: [metrics, logs]",
        to: "needs: [metrics, logs]\nports: {web: 3333}",
        hosts: &[
            ("kyiv-gw", &[NFT]),
            ("kyiv-nas", &["/etc/prometheus/prometheus.yml"]),
            ("mac-mini", &["/etc/caddy/Caddyfile", NFT, "/etc/prometheus/prometheus.yml"]),
            ("wroclaw-gw", &[NFT]),
        ],
        reason: ("services/grafana.yaml", 1),
        stand_ins: &["grafana.service"],
    },
    Edit {
        file: "tunnels/kyiv-wroclaw.yaml",
        from: "[10.77.88.0/30, fd77:77::/126]",
        to: "[10.99.0.0/30, fd77:99::/126]",
        hosts: &[
            ("kyiv-gw", &[NFT, WG, NET]),
            ("kyiv-nas", &[NFT, "/etc/prometheus/prometheus.yml"]),
            ("mac-mini", &[NFT, "/etc/prometheus/prometheus.yml"]),
            ("wroclaw-gw", &[NFT, WG, NET]),
        ],
        reason: ("tunnels/kyiv-wroclaw.yaml", 1),
        stand_ins: &[],
    },
];

/// Start times of the services of a host, by unit.
fn started(lab: &Lab, host: &str) -> BTreeMap<String, String> {
    let script =
        "systemctl show --type=service --state=active '*' -p Id,MainPID,ActiveEnterTimestampMonotonic";
    let text = lab.sh(host, script);
    let one = |unit: &str| {
        let field =
            |name: &str| unit.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default().to_owned();
        (field("Id="), format!("{} {}", field("MainPID="), field("ActiveEnterTimestampMonotonic=")))
    };
    // Sessions of whoever looks come and go.
    text.split("\n\n").map(one).filter(|(id, _)| !id.starts_with("user")).collect()
}

fn hosts() -> [&'static str; 4] {
    ["kyiv-gw", "kyiv-nas", "mac-mini", "wroclaw-gw"]
}

fn everything(lab: &Lab) -> BTreeMap<&'static str, BTreeMap<String, String>> {
    hosts().map(|h| (h, started(lab, h))).into()
}

fn a_second_apply_touches_nothing(lab: &Lab) {
    let plan = lab.plan();
    assert_eq!((&plan["empty"], &plan["exit"]), (&true.into(), &0.into()), "{:#?}", steps(&plan));
    let ran = run(lab.path(), &["plan", "--twin", lab.name()]);
    assert_eq!(ran.out, "nothing to do on 4 hosts\n", "{}", ran.err);
    let before = everything(lab);
    assert!(before["mac-mini"].contains_key("caddy.service") && before["kyiv-gw"].len() > 5, "{before:#?}");
    let again = common::json(lab.path(), &["apply", "--twin", lab.name()]);
    assert_eq!((&again["exit"], changed(&again)), (&0.into(), BTreeSet::new()));
    assert_eq!(everything(lab), before);
}

fn edited(lab: &Lab, edit: &Edit) {
    let plan = lab.plan();
    let steps = steps(&plan);
    let planned: Vec<&str> = steps.keys().map(String::as_str).collect();
    let expected: Vec<&str> = edit.hosts.iter().map(|(h, _)| *h).collect();
    assert_eq!(planned, expected, "{}: {steps:#?}", edit.to);
    for (host, files) in edit.hosts {
        for file in *files {
            let named = steps[*host].keys().any(|s| s.starts_with(&format!("file {file} ")));
            assert!(named, "{}: {host}: no step for {file}: {steps:#?}", edit.to);
        }
    }
    let ran = run(lab.path(), &["plan", "--twin", lab.name()]);
    let line = format!("{}:{}", edit.reason.0, edit.reason.1);
    assert!(ran.out.contains(&line), "{}: {line} is not in\n{}", edit.to, ran.out);

    let before = everything(lab);
    let answer = lab.apply();
    all_proved(&answer);
    let moved: BTreeSet<String> = expected.iter().map(|h| (*h).to_owned()).collect();
    assert_eq!(changed(&answer), moved, "{}", edit.to);
    // What the plan does not say is stopped or restarted went on.
    let after = everything(lab);
    for host in hosts() {
        let touched = |unit: &str| {
            let of = steps.get(host).into_iter().flat_map(|s| s.keys());
            edit.stand_ins.contains(&unit) || of.clone().any(|s| s.starts_with(&format!("unit {unit} ")))
        };
        for (unit, was) in before[host].iter().filter(|(u, _)| !touched(u)) {
            assert_eq!(after[host].get(unit), Some(was), "{}: {unit} of {host}", edit.to);
        }
    }
}

#[test]
fn each_is_planned_applied_and_proved_and_nothing_else_is_touched() {
    let lab = Lab::up("two-sites", "edits");
    all_proved(&lab.prove());
    a_second_apply_touches_nothing(&lab);
    let kept: Vec<_> = EDITS
        .iter()
        .map(|edit| {
            let kept = lab.edit(edit.file, edit.from, edit.to);
            edited(&lab, edit);
            kept
        })
        .collect();
    drop(kept);
    all_proved(&lab.apply());
    a_second_apply_touches_nothing(&lab);
    lab.down();
}
