//! Three BIRDs in namespaces: a core and a border as rendered, and a router of the world outside that
//! announces what such a one would, some of it wrong. Needs root.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::anycast::{anycast, session};
use common::{checkers, id, ip, net, why};
use derive::fleet::{Fleet, SessionKind};
use model::{BgpRole, NeighbourId};
use std::process::Command;

/// The outside router: AS 64497, and routes it has from further away.
const OUTSIDE: &str = r#"
router id 10.0.0.1;
log stderr all;
protocol device {}
protocol direct { ipv6; }
protocol static given { ipv6;
  route 2d00:1::/32 unreachable;
  route ::/0 unreachable;
  route fc00:bad::/48 unreachable;
  route 2d00:2:3:4::/64 unreachable;
  route 2001:db8:50::/44 unreachable;
  route 2001:db8:50:7::/64 unreachable;
  route 2d00:5::/32 unreachable;
  route 2d00:6::/32 unreachable;
}
protocol bgp fleet {
  local 2001:db8:a1::1 as 64497;
  neighbor 2001:db8:a1::10 as 64500;
  local role provider;
  connect delay time 1; connect retry time 1;
  ipv6 { import all; next hop self; export filter {
    if source != RTS_STATIC then reject;
    if net = 2d00:5::/32 then bgp_path.prepend(64513);
    if net = 2d00:6::/32 then bgp_path.prepend(65550);
    if net = 2d00:1::/32 then bgp_large_community.add((64500, 9, 9));
    accept;
  }; };
}
"#;

fn fleet() -> Fleet {
    let mut fleet = anycast();
    fleet.timers.bgp_connect_delay_s = 1;
    fleet.timers.bgp_connect_retry_s = 1;
    let border = fleet.hosts.get_mut("ixp-ams1").unwrap().bgp.as_mut().unwrap();
    border.rpki.clear();
    let core = border.sessions.pop().unwrap();
    let kind = SessionKind::External { neighbour: NeighbourId::new("transit"), role: BgpRole::Customer };
    let mut transit = session("bgp_transit", kind, "2001:db8:a1::10", "2001:db8:a1::1", 64497);
    transit.interface = Some("wan".into());
    transit.sends = vec![(net("2001:db8:50::/44"), why("bgp.yaml", "ours"))];
    transit.communities = vec!["64497:70".into()];
    transit.prepend = 1;
    border.sessions = vec![transit, core];
    fleet
}

#[test]
fn routes_are_taken_refused_sent_and_installed_as_modelled() {
    let (hosts, report) = render::render(&fleet());
    assert!(!report.has_errors(), "{:#?}", report.items);
    let root = tempfile::tempdir().unwrap();
    for name in ["core1", "ixp-ams1"] {
        checkers::stage(&hosts[&id(name)], &root.path().join(name));
    }
    std::fs::write(root.path().join("outside.conf"), OUTSIDE).unwrap();
    let (border, core) = (ip("2001:db8:50:ffff::2"), ip("2001:db8:50:ffff::1"));
    let script = format!(
        r#"
set -eu
mount -t tmpfs none /run/netns 2>/dev/null || {{ mkdir -p /run/netns; mount -t tmpfs none /run/netns; }}
for n in core border outside; do ip netns add $n; ip -n $n link set lo up; done
ip -n border link add wg-core1 type veth peer name wg-ixp-ams1 netns core
ip -n border link add wan type veth peer name wan netns outside
ip -n border addr add {border}/126 dev wg-core1 nodad; ip -n core addr add {core}/126 dev wg-ixp-ams1 nodad
ip -n border addr add 2001:db8:a1::10/64 dev wan nodad; ip -n outside addr add 2001:db8:a1::1/64 dev wan nodad
for l in wg-core1 wan; do ip -n border link set $l up; done
ip -n core link set wg-ixp-ams1 up; ip -n outside link set wan up
ip netns exec border sysctl -qw net.ipv6.conf.all.forwarding=1
pids=
trap 'kill $pids; wait' EXIT
start() {{ ip netns exec $1 bird -f -c $2 -s {d}/$1.ctl -P {d}/$1.pid 2>{d}/$1.log & pids="$pids $!"; }}
start core {d}/core1/etc/bird/bird.conf
start border {d}/ixp-ams1/etc/bird/bird.conf
start outside {d}/outside.conf
# No event says that routes are in the kernel: looked for every 0.1 s, at most 20 s.
n=0
until ip -n core -6 route show table 300 | grep -q default && ip -n border -6 route | grep -q '^2d00:1::/32' &&
  birdc -s {d}/outside.ctl show route protocol fleet | grep -q 2001:db8:50::; do
  n=$((n+1)); [ $n -lt 200 ] || break; sleep 0.1
done
echo "== border"; ip -n border -6 route show proto bird
echo "== core main"; ip -n core -6 route show proto bird
echo "== core 300"; ip -n core -6 route show table 300
echo "== outside"; birdc -s {d}/outside.ctl show route all protocol fleet
echo "== filtered"; birdc -s {d}/border.ctl show route filtered protocol bgp_transit
echo "== taken"; birdc -s {d}/border.ctl show route all protocol bgp_transit
"#,
        d = root.path().display()
    );
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let part = |name: &str| said.split("== ").find(|p| p.starts_with(&format!("{name}\n"))).unwrap();
    let prefixes = |name: &str| -> Vec<String> {
        let lines = part(name).lines().skip(1);
        let first = |l: &str| {
            l.split_ascii_whitespace()
                .map(|w| w.trim_start_matches("unreachable"))
                .find(|w| !w.is_empty())
                .map(str::to_owned)
        };
        lines.filter(|l| !l.starts_with(['\t', ' '])).filter_map(first).collect()
    };
    // Taken: the good one and, from transit, a default route. The core's prefix is behind the core.
    assert_eq!(prefixes("border"), ["2001:db8:50::/44", "2d00:1::/32", "default"], "{said}");
    assert!(part("border").contains(&format!("2001:db8:50::/44 via {core} dev wg-core1")), "{said}");
    // The core keeps its own uplink's default: the border's is in a table of its own.
    assert_eq!(prefixes("core main"), ["2001:db8:50::/44"], "{said}");
    assert!(part("core main").contains("unreachable 2001:db8:50::/44"), "{said}");
    assert!(part("core 300").contains(&format!("default via {border} dev wg-ixp-ams1")), "{said}");
    // Sent: exactly one prefix, without the private AS, prepended once, with both communities.
    let outside = part("outside");
    assert_eq!(outside.matches("BGP.as_path").count(), 1, "{said}");
    assert!(outside.contains("2001:db8:50::/44") && outside.contains("BGP.as_path: 64500 64500\n"), "{said}");
    assert!(outside.contains("(64500,100)") && outside.contains("(64497,70)"), "{said}");
    // Refused, and still to be seen.
    for prefix in [
        "fc00:bad::/48",
        "2d00:2:3:4::/64",
        "2001:db8:50::/44",
        "2001:db8:50:7::/64",
        "2d00:5::/32",
        "2d00:6::/32",
    ] {
        assert!(part("filtered").contains(prefix), "{prefix}\n{said}");
    }
    assert!(!part("taken").contains("64500, 9, 9"), "{said}");
}
