//! A project's services as drafts, with places, and what the model cannot say.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use compose::draft::{Condition, MountKind, Restart};
use compose::{Options, services};
use diag::Report;
use std::collections::BTreeMap;

const BASE: &str = r#"services:
  web:
    image: nginx:1.27
    command: serve --port 80
    environment: {A: "1"}
    env_file: web.env
    ports: ["127.0.0.1:8080:80", "53:53/udp"]
    volumes: ["data:/data", "./conf:/conf:ro"]
    tmpfs: /run
    depends_on: {db: {condition: service_healthy}}
    restart: unless-stopped
    mem_limit: 64m
    healthcheck: {test: [CMD, check], interval: 1m30s, retries: 3}
    networks: {front: {aliases: [www], ipv4_address: 10.0.0.5}}
  db: {image: postgres, labels: {role: db}}
networks: {front: }
volumes: {data: }
"#;
const OVER: &str = "services:\n  web:\n    ports: !override [\"8443:443\"]\n    user: \"1000\"\n";

#[test]
fn a_draft_says_what_the_files_say_and_where() {
    let sources: BTreeMap<String, Vec<u8>> =
        [("base.yaml", BASE), ("site/over.yaml", OVER), ("web.env", "B=2\nA=0\n")]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .into();
    let options = Options {
        files: vec!["base.yaml".into(), "site/over.yaml".into()],
        name: Some("p".into()),
        ..Options::default()
    };
    let mut report = Report::new();
    let project = compose::load(&sources, &options, &mut report).unwrap();
    assert_eq!(diag::render_plain(&report), "");
    let drafts = services(&project);
    let [db, web] = drafts.services.as_slice() else { panic!("{}", drafts.services.len()) };
    assert_eq!(db.labels["role"].value, "db");
    let image = web.image.as_ref().unwrap();
    assert_eq!((image.value.as_str(), image.place.to_string().as_str()), ("nginx:1.27", "base.yaml:3:12"));
    assert_eq!(web.command.as_ref().unwrap().value, ["serve", "--port", "80"]);
    let env: Vec<_> =
        web.env.iter().map(|(k, v)| (k.as_str(), v.value.as_deref().unwrap(), v.place.to_string())).collect();
    assert_eq!(env, [("A", "1", "base.yaml:5:22".to_owned()), ("B", "2", "web.env:1:1".to_owned())]);
    // The override's port only, at its place.
    let [port] = web.ports.as_slice() else { panic!("{:?}", web.ports) };
    assert_eq!((port.value.target, port.value.published.as_deref()), (443, Some("8443")));
    assert_eq!(port.place.to_string(), "site/over.yaml:3:23");
    let mounts: Vec<_> = web
        .mounts
        .iter()
        .map(|m| (m.value.kind, m.value.source.as_deref(), m.value.target.as_str()))
        .collect();
    assert_eq!(
        mounts,
        [
            (MountKind::Volume, Some("data"), "/data"),
            (MountKind::Bind, Some("conf"), "/conf"),
            (MountKind::Tmpfs, None, "/run"),
        ]
    );
    assert_eq!(web.needs["db"].value.condition, Condition::Healthy);
    assert_eq!(web.restart.as_ref().unwrap().value, Restart::UnlessStopped);
    assert_eq!(web.limits.memory.as_ref().unwrap().value, 64 << 20);
    let health = &web.health.as_ref().unwrap().value;
    assert_eq!((health.interval, health.retries), (Some(90_000_000_000), Some(3)));
    assert_eq!(web.networks["front"].value.aliases, ["www"]);
    assert_eq!(drafts.volumes["data"].name, "p_data");
    let not: Vec<String> = drafts.not_carried.iter().map(|n| format!("{} {}", n.what, n.place)).collect();
    assert_eq!(
        not,
        [
            "services.web.ports.443/tcp site/over.yaml:3:23",
            "services.web.networks.front base.yaml:14:23",
            "services.web.depends_on.db base.yaml:10:22",
            "services.web.healthcheck.retries base.yaml:13:56",
            "networks.front base.yaml:16:12",
        ]
    );
}
