//! Edits by hand and the source edits that make them so, on the examples.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use fleetwright::adopt::{Adoption, adopt, text_on_host};
use similar::TextDiff;
use source::Sources;
use std::collections::BTreeMap;

fn sources() -> Sources {
    fleetwright::folder::read(&common::example("two-sites")).unwrap()
}

fn render(sources: &Sources) -> Result<BTreeMap<String, artifact::Desired>, String> {
    let (fleet, report) = source::load(sources);
    let fleet = fleet.filter(|_| !report.has_errors()).ok_or_else(|| format!("{report:?}"))?;
    let mut lock = derive::Lock::default();
    for want in derive::wanted_keys(&fleet, &lock) {
        lock.set_key(&want.host, &want.iface, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
    let derived = derive::derive(&fleet, &lock, &derive::Options::default());
    let fleet = derived.fleet.ok_or_else(|| format!("{:?}", derived.report))?;
    let (hosts, report) = render::render(&fleet);
    if report.has_errors() {
        return Err(format!("{report:?}"));
    }
    Ok(hosts.into_iter().map(|(id, desired)| (id.to_string(), desired)).collect())
}

fn text(host: &str, path: &str) -> String {
    render(&sources()).unwrap()[host].files[path].text.public()
}

fn adopted(host: &str, path: &str, from: &str, to: &str) -> Adoption {
    let ours = text(host, path);
    assert!(ours.contains(from), "{path} has no `{from}`:\n{ours}");
    adopt(host, path, &ours.replacen(from, to, 1), &sources(), &render)
}

fn source<'a>(adoption: &'a Adoption, file: &str) -> &'a str {
    std::str::from_utf8(&adoption.sources.files[file]).unwrap()
}

#[test]
fn a_value_is_edited_where_it_was_written() {
    let path = "/etc/fleetwright/dnsmasq.conf";
    let made = adopted("kyiv-gw", path, "server=192.0.2.53\n", "server=192.0.2.99\n");
    assert!(made.whole && made.left.is_empty(), "{made:?}");
    assert_eq!(made.edited, ["fleet.yaml"]);
    assert!(source(&made, "fleet.yaml").contains("upstream: [192.0.2.99, 2001:db8:53::53]"));
    // The other resolvers read the same line, and that is said.
    assert!(made.also.contains(&format!("wroclaw-gw:{path}")), "{:?}", made.also);

    let path = "/etc/prometheus/alertmanager.yml";
    let made = adopted("kyiv-nas", path, "https://push.example/olena", "https://push.example/olena-2");
    assert!(
        made.whole && source(&made, "fleet.yaml").contains("\"https://push.example/olena-2\""),
        "{made:?}"
    );
}

#[test]
fn lines_that_were_added_go_where_raw_text_goes() {
    let path = "/etc/sysctl.d/60-fleetwright.conf";
    let last = "net.ipv6.conf.all.forwarding = 1\n";
    let made = adopted("kyiv-gw", path, last, &format!("{last}vm.swappiness = 10\n"));
    assert!(made.whole, "{made:?}");
    assert_eq!(made.edited, ["hosts/kyiv-gw.yaml"]);
    let text = source(&made, "hosts/kyiv-gw.yaml");
    assert!(text.ends_with("override:\n  sysctl: |\n    vm.swappiness = 10\n"), "{text}");
    assert_eq!(made.also, Vec::<String>::new());
    // A second line goes beside the first.
    let now = render(&made.sources).unwrap()["kyiv-gw"].files[path].text.public();
    let more = adopt("kyiv-gw", path, &format!("{now}vm.overcommit_memory = 1\n"), &made.sources, &render);
    assert!(more.whole, "{more:?}");
    let text = source(&more, "hosts/kyiv-gw.yaml");
    assert!(text.ends_with("    vm.swappiness = 10\n    vm.overcommit_memory = 1\n"), "{text}");
}

#[test]
fn what_no_source_says_is_shown_with_its_place() {
    let made = adopted("mac-mini", "/etc/redis/redis.conf", "port 6379", "port 6380");
    assert!(!made.whole && made.edited.is_empty(), "{made:?}");
    let left = &made.left[0];
    assert_eq!((left.ours.as_deref(), left.theirs.as_deref()), (Some("port 6379"), Some("port 6380")));
    assert!(left.place.starts_with("builtin:modules/redis.yaml:"), "{left:?}");
    // One of two changes can be adopted: the other one is left, and it is not called whole.
    let path = "/etc/fleetwright/dnsmasq.conf";
    let ours = text("kyiv-gw", path).replacen("192.0.2.53", "192.0.2.99", 1).replacen("no-poll\n", "", 1);
    let made = adopt("kyiv-gw", path, &ours, &sources(), &render);
    assert!(!made.whole && made.edited == ["fleet.yaml"] && made.left.len() == 1, "{made:?}");
    assert_eq!(made.left[0].ours.as_deref(), Some("no-poll"));
}

#[test]
fn a_text_and_its_diff_give_the_other_text() {
    let ours = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
    for theirs in [
        "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\n",
        "b\nc\nd\ne\nf\ng\nh\ni\nj\nk\n",
        "",
        "x\n",
        "a\nb\nc\nd\ne\n1\n2\nf\ng\nh\ni\nJ\n",
    ] {
        let diff = TextDiff::from_lines(theirs, ours).unified_diff().context_radius(3).to_string();
        assert_eq!(text_on_host(ours, &diff).as_deref(), Some(theirs), "{diff}");
    }
    let diff = TextDiff::from_lines("a\nX\n", "a\nb\n").unified_diff().to_string();
    assert_eq!(text_on_host("a\nother\n", &diff), None);
}
