//! A running Caddy in a namespace of its own, as rendered: who gets through, who is asked to sign in, and
//! what becomes of headers that say who somebody is. Needs root and curl.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{checkers, exposure, fleet, host, id, instance, place};
use derive::fleet::{Exposure, Fleet};
use model::{Audience, Auth, CertificateKind, Label, PathRule, SecretRef, ServiceId, Sp, Variant};
use std::process::Command;

/// A service that says what it was told, and a gate that lets through whoever has its cookie.
const OTHERS: &str = r#"{
	admin off
}
http://:9998 {
	respond "service user=[{header.Remote-User}] groups=[{header.Remote-Groups}]"
}
http://:9091 {
	@in header Cookie *in=*
	handle @in {
		header Remote-User olena
		header Remote-Groups users,{http.request.cookie.in}
		respond 200
	}
	handle {
		redir https://auth.two-sites.example/ 302
	}
}
"#;

fn exposed() -> Fleet {
    let mut fleet = fleet();
    let mut one = host("one");
    one.instances = vec![instance("ingress", "caddy", Variant::Native)];
    let mut add = |name: &str, auth: Auth, change: fn(&mut Exposure)| {
        let public = format!("{name}.two-sites.example");
        let mut made = exposure("photos", &public, auth, ("one", "127.0.0.1", 9998));
        made.ingress = Some((ServiceId::new("ingress"), id("one")));
        made.gate = Some((id("one"), "127.0.0.1".parse().unwrap(), 9091));
        made.certificate = CertificateKind::Internal;
        change(&mut made);
        fleet.exposures.push(made);
    };
    add("open", Auth::None, |_| {});
    add("sso", Auth::Sso, |e| {
        let groups = vec![Sp { value: Label::new("admins"), place: place("services/photos.yaml") }];
        let rule = PathRule { place: place("services/photos.yaml"), auth: None, groups, public: None };
        e.paths.insert("/admin".into(), rule);
    });
    add("password", Auth::Basic(SecretRef("photos".into())), |_| {});
    add("lan", Auth::None, |e| e.audience = Audience::Lan);
    add("some", Auth::None, |e| e.from = vec!["198.51.100.0/24".parse().unwrap()]);
    fleet.hosts.insert(one.id.clone(), one);
    fleet
}

#[test]
fn requests_end_where_they_should() {
    let (hosts, report) = render::render(&exposed());
    assert!(!report.has_errors(), "{:#?}", report.items);
    let root = tempfile::tempdir().unwrap();
    checkers::stage(&hosts[&id("one")], root.path());
    std::fs::write(root.path().join("others"), OTHERS).unwrap();
    // NAME PATH and curl's arguments, with what must be answered. 203.0.113.9 is somebody outside.
    let asked = [
        ("open", "https", "/", "-H Remote-User:evil", "200 service user=[] groups=[]"),
        ("sso", "https", "/", "", "302 "),
        (
            "sso",
            "https",
            "/",
            "-H Remote-User:evil -H Cookie:in=x",
            "200 service user=[olena] groups=[users,x]",
        ),
        ("sso", "https", "/admin", "-H Cookie:in=x -H Remote-Groups:admins", "403 not for you"),
        ("sso", "https", "/admin/a", "-H Cookie:in=admins", "200 service user=[olena] groups=[users,admins]"),
        ("password", "https", "/", "", "401 "),
        ("password", "https", "/", "-u photos:wrong", "401 "),
        ("password", "https", "/", "-u photos:pass%20word", "200 service user=[] groups=[]"),
        ("lan", "https", "/", "--interface 127.0.0.1", "200 service user=[] groups=[]"),
        ("lan", "https", "/", "--interface 203.0.113.9", "403 not from here"),
        ("some", "https", "/", "", "403 not from here"),
        ("some", "https", "/", "--interface 198.51.100.9", "200 service user=[] groups=[]"),
        ("open", "http", "/", "", "308 "),
        ("nobody", "http", "/", "", "404 no such name"),
        ("nobody", "https", "/", "", "000 "),
    ];
    let mut script = format!(
        r#"
set -u
export HOME={d} XDG_DATA_HOME={d} XDG_CONFIG_HOME={d}
ip link set lo up; ip addr add 203.0.113.9/32 dev lo; ip addr add 198.51.100.9/32 dev lo
ip addr add 203.0.113.7/32 dev lo
caddy run --adapter caddyfile --config {d}/others 2>{d}/others.log & a=$!
caddy run --config {d}/etc/caddy/Caddyfile 2>{d}/caddy.log & b=$!
trap 'kill $a $b; wait' EXIT
# No event: looked for every 0.1 s, at most 20 s.
n=0
until curl -sko /dev/null --resolve some.two-sites.example:443:203.0.113.7 https://some.two-sites.example/ &&
  curl -so /dev/null http://127.0.0.1:9998/; do n=$((n+1)); [ $n -lt 200 ] || exit 1; sleep 0.1; done
"#,
        d = root.path().display()
    );
    for (n, (name, scheme, path, args, _)) in asked.iter().enumerate() {
        let name = format!("{name}.two-sites.example");
        let args = args.replace("pass%20word", "'pass word'");
        script.push_str(&format!(
            "printf '{n} '; curl -sk -m 5 -o {d}/body -w '%{{http_code}} ' --resolve {name}:443:203.0.113.7 \
             --resolve {name}:80:203.0.113.7 {args} {scheme}://{name}{path}; cat {d}/body 2>/dev/null; rm -f {d}/body; echo\n",
            d = root.path().display()
        ));
    }
    let output = Command::new("unshare").args(["--net", "sh", "-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = std::fs::read_to_string(root.path().join("caddy.log")).unwrap_or_default();
    let answers: Vec<&str> = said.lines().collect();
    assert_eq!(answers.len(), asked.len(), "{said}{}{log}", String::from_utf8_lossy(&output.stderr));
    for ((n, question), answer) in asked.iter().enumerate().zip(answers) {
        assert_eq!(answer, format!("{n} {}", question.4), "{question:?}");
    }
}
