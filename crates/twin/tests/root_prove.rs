//! examples/two-sites in its twin: everything is proved; after one edited line it is refuted, and the hop that
//! the line broke is named. Needs root and the engines, and fails without.
#![allow(clippy::unwrap_used, clippy::panic)]

use artifact::Desired;
use derive::fleet::Fleet;
use model::HostId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use twin::prove::{BrokenHop, Options, Outcome, ProveContext, Verdict, all_proved, prove, report};
use twin::session::{Session, Subject, short_timers, world_of};
use twin::{Twin, Watch};

/// A fleet, from its sources to its files.
struct Made {
    fleet: Fleet,
    desired: BTreeMap<HostId, Desired>,
    /// What `check` has against it.
    refused: Vec<&'static str>,
}

fn private_key(name: &str) -> String {
    let mut bytes = [0u8; 32];
    for (n, b) in name.bytes().enumerate() {
        bytes[n % 32] = bytes[n % 32].wrapping_mul(31).wrapping_add(b);
    }
    derive::keys::generate(bytes).0
}

fn secret(name: &str) -> Option<String> {
    let plain = |name: &str| {
        Some(if name.starts_with("wireguard/") {
            private_key(name)
        } else {
            format!("value-of-{}", name.len())
        })
    };
    engine::secret::value(name, &plain).ok()
}

fn files(folder: &Path, within: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') {
            continue;
        }
        let relative = if within.is_empty() { name } else { format!("{within}/{name}") };
        if path.is_dir() {
            files(&path, &relative, into);
        } else {
            into.insert(relative, std::fs::read(&path).unwrap());
        }
    }
}

/// The example, with one text in one file replaced (or appended to it, when the old text is empty).
fn made(edit: Option<(&str, &str, &str)>) -> Made {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/two-sites");
    let mut sources = source::Sources { root_name: "two-sites".to_owned(), ..source::Sources::default() };
    files(&folder, "", &mut sources.files);
    if let Some((file, old, new)) = edit {
        let text = String::from_utf8(sources.files[file].clone()).unwrap();
        let text = if old.is_empty() { text + new } else { text.replace(old, new) };
        assert!(text.contains(new), "{file} does not contain {old}");
        sources.files.insert(file.to_owned(), text.into_bytes());
    }
    let (model, report) = source::load(&sources);
    let model = model.unwrap_or_else(|| panic!("{}", diag::render_plain(&report)));
    let refused = check::check(&model).items;
    let refused = refused.iter().filter(|d| d.severity == diag::Severity::Error).map(|d| d.code).collect();
    let mut lock = derive::Lock::default();
    for want in derive::wanted_keys(&model, &lock.clone()) {
        let public = derive::keys::public_of(&private_key(&want.secret)).unwrap();
        lock.set_key(&want.host, &want.iface, &public);
    }
    let options = derive::Options { timers: Some(short_timers()) };
    let derived = derive::derive(&model, &lock, &options);
    let fleet = derived.fleet.unwrap_or_else(|| panic!("{}", diag::render_plain(&derived.report)));
    let (desired, report) = render::render(&fleet);
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    Made { fleet, desired, refused }
}

/// A running twin that is taken down when its test fails.
struct Kept {
    name: String,
    folder: PathBuf,
    stand_in: Vec<u8>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Ok(twin) = Twin::open(&self.name) {
            let _ = twin.down();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Kept {
    fn new() -> Kept {
        let name = format!("t{}-prove", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        Kept { name, folder, stand_in: std::fs::read(env!("CARGO_BIN_EXE_fleetwright-standin")).unwrap() }
    }

    /// Brings the twin to a fleet, built at the first time.
    fn apply(&self, made: &Made) -> Session {
        let subject = Subject { fleet: &made.fleet, desired: &made.desired, secrets: &secret };
        let world = world_of(&subject, &self.folder, &self.stand_in).unwrap();
        let session = match Twin::open(&self.name) {
            Ok(_) => Session::attach(&self.name, world, &Watch::quiet()).unwrap(),
            Err(_) => Session::up(&self.name, world, &made.desired, &Watch::quiet()).unwrap(),
        };
        let agent = apply::AgentBinary::beside_this_program().unwrap();
        let (events, _heard) = std::sync::mpsc::channel();
        let outcome = session.apply(&subject, &apply::Options::new(agent), &events).unwrap();
        assert!(outcome.is_ok(), "{outcome:#?}");
        session
    }

    fn prove(&self, made: &Made, filter: Option<&str>, patience: Duration) -> Vec<Verdict> {
        let session = self.apply(made);
        let options = Options { patience, ..Options::default() };
        let ground = &session.twin;
        let context = ProveContext { fleet: &made.fleet, world: &session.world, ground, options: &options };
        prove(&context, filter, &|_| ())
    }

    /// The hops that proofs of an edited fleet name, each once.
    fn broken(&self, made: &Made, filter: &str) -> Vec<BrokenHop> {
        let verdicts = self.prove(made, Some(filter), Duration::from_secs(4));
        let mut hops: Vec<BrokenHop> = Vec::new();
        for verdict in &verdicts {
            match &verdict.outcome {
                Outcome::Refuted { hop: Some(hop), .. } if !hops.iter().any(|h| h.what == hop.what) => {
                    hops.push((**hop).clone());
                }
                Outcome::Refuted { hop: None, seen, .. } => panic!("{}: no hop for: {seen}", verdict.id),
                _ => {}
            }
        }
        hops
    }
}

#[test]
fn two_sites_is_proved_and_each_broken_hop_is_named() {
    let twin = Kept::new();
    let whole = made(None);
    assert_eq!(whole.refused, Vec::<&str>::new());
    let verdicts = twin.prove(&whole, None, Duration::from_secs(30));
    assert!(all_proved(&verdicts), "{}", report::details(&verdicts));
    let begun = Instant::now();
    let verdicts = twin.prove(&whole, None, Duration::from_secs(10));
    assert!(all_proved(&verdicts), "{}", report::details(&verdicts));
    let took = verdicts.iter().map(|v| v.took_ms).max().unwrap();
    assert!(took < 3_000, "all proofs took {took} ms, with an apply {:?}", begun.elapsed());

    let tunnel = "tunnels/kyiv-wroclaw.yaml";
    let narrow =
        made(Some((tunnel, "", "override: {allowed-ips: {wroclaw-gw: [10.77.88.0/30, fd77:77::/126]}}\n")));
    assert_eq!(narrow.refused, ["FW0508"; 4][..narrow.refused.len()]);
    assert!(!narrow.refused.is_empty());
    let [hop] = twin.broken(&narrow, "expose").try_into().unwrap();
    assert_eq!(hop.what, "tunnel kyiv-wroclaw from kyiv-gw to wroclaw-gw");
    assert!(hop.evidence.contains("AllowedIPs on wroclaw-gw do not contain"), "{}", hop.evidence);
    assert!(hop.place.starts_with("tunnels/kyiv-wroclaw.yaml:3:"), "{}", hop.place);

    let one_way = made(Some((tunnel, "", "override: {policy-route: no}\n")));
    assert!(!one_way.refused.is_empty());
    let [hop] = twin.broken(&one_way, "expose").try_into().unwrap();
    assert_eq!(hop.what, "policy route on wroclaw-gw back through tunnel kyiv-wroclaw");
    assert!(hop.evidence.contains("out of wroclaw-gw:wan instead of"), "{}", hop.evidence);

    let photos = ("services/photos.yaml", "auth: sso}");
    let catching = made(Some((photos.0, photos.1, "auth: sso, override: {dnat-interface: any}}")));
    assert!(!catching.refused.is_empty());
    let [hop] = twin.broken(&catching, "uncaught").try_into().unwrap();
    assert!(
        hop.what.starts_with("DNAT on kyiv-gw") && hop.what.ends_with("bound to no interface"),
        "{}",
        hop.what
    );

    let elsewhere = made(Some((photos.0, photos.1, "auth: sso, override: {dns: [100.64.201.100]}}")));
    assert!(!elsewhere.refused.is_empty());
    let [hop] = twin.broken(&elsewhere, "expose/photos.two-sites.example").try_into().unwrap();
    assert_eq!(hop.what, "DNS record");
    assert!(
        hop.evidence.contains("gives 100.64.201.100") || hop.evidence.contains("gives nothing"),
        "{}",
        hop.evidence
    );

    // A proxy on localhost only is refused before anything runs.
    let hidden = made(Some(("services/ingress.yaml", "", "listen: 127.0.0.1\n")));
    assert!(!hidden.refused.is_empty());

    // Raw text for an engine is nobody's to check but the engine's; the proof sees what it does.
    let muted = made(Some(("hosts/kyiv-gw.yaml", "", "override: {nftables: \"udp dport 51820 drop\"}\n")));
    assert_eq!(muted.refused, Vec::<&str>::new());
    let hops = twin.broken(&muted, "tunnel");
    let [hop] = hops.try_into().unwrap();
    assert_eq!(hop.what, "tunnel kyiv-wroclaw: way to 203.0.113.7:51820/udp on kyiv-gw");

    let verdicts = twin.prove(&whole, None, Duration::from_secs(30));
    assert!(all_proved(&verdicts), "{}", report::details(&verdicts));
}
