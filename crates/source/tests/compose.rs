//! Compose projects as services of a fleet: `fleets/compose-two-sites` with what its services are beside it
//! (`UPDATE=1` rewrites it), faults, and model files that mean the same.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::Report;
use model::{Node, NodeKind};
use source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs};
use support::{read, repository};

/// Keys and values with the place of each.
fn outline(out: &mut String, node: &Node, path: &str) {
    match &node.kind {
        NodeKind::Null => writeln!(out, "{path} = nothing  ({})", node.place).unwrap(),
        NodeKind::Scalar { text, .. } => writeln!(out, "{path} = {text:?}  ({})", node.place).unwrap(),
        NodeKind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                outline(out, item, &format!("{path}[{at}]"));
            }
        }
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                outline(out, value, &format!("{path}.{}", key.text));
            }
        }
    }
}

fn fleet() -> Sources {
    read(&repository().join("fleets/compose-two-sites")).unwrap()
}

/// The model files of a project, one after another.
fn model_files(project: &BTreeMap<String, Vec<u8>>, files: &[&str]) -> compose::ModelFiles {
    let options = compose::Options {
        files: files.iter().map(|f| (*f).to_owned()).collect(),
        default_name: Some("p".to_owned()),
        profiles: vec!["*".to_owned()],
        ..compose::Options::default()
    };
    let mut report = Report::new();
    let loaded = compose::load(project, &options, &mut report).unwrap();
    let made = compose::model_files(&loaded, project, &["box".to_owned()], "p-", &mut report);
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    made
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    Sources { root_name: "fleet".to_owned(), files, ..Sources::default() }
}

/// What reading says of a fleet of one host with these files.
fn said(files: &[(&str, &str)]) -> String {
    let mut all = vec![("hosts/box.yaml", "site: home"), ("sites/home.yaml", "lan: 192.168.1.0/24")];
    all.extend_from_slice(files);
    diag::render_plain(&source::load(&sources(&all)).1)
}

#[test]
fn services_of_both_sites_are_as_reviewed() {
    let tree = source::tree(&fleet()).unwrap();
    let mut text = String::new();
    outline(&mut text, tree.get("services").unwrap(), "services");
    let file = repository().join("fleets/compose-two-sites/expected.txt");
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == text,
        "UPDATE=1 rewrites what is expected\n{text}"
    );
}

#[test]
fn the_fleets_own_words_win_and_a_port_can_be_taken_away() {
    let (fleet, report) = source::load(&fleet());
    assert_eq!(diag::render_plain(&report), "");
    let services = fleet.unwrap().services;
    let names: Vec<&str> = services.keys().map(|id| id.as_str()).collect();
    assert_eq!(names, ["kyiv-db", "kyiv-queue", "kyiv-thumbnails", "kyiv-web", "wroclaw-db", "wroclaw-web"]);
    let kyiv = &services["kyiv-web"];
    assert_eq!(kyiv.health.as_ref().unwrap().http.as_deref(), Some("/healthz"));
    assert!(matches!(&kyiv.env["WORKERS"], model::EnvValue::Text(text) if text.value == "8"));
    assert!(matches!(&kyiv.env["API_TOKEN"], model::EnvValue::Secret(name) if name.value.0 == "kyiv-api"));
    let ports = |name: &str| services[name].ports.keys().map(|p| p.to_string()).collect::<Vec<_>>();
    assert_eq!(ports("kyiv-web"), ["https"]);
    assert!(ports("wroclaw-web").is_empty());
}

/// Keys and values in the order of their keys, without places.
fn values(node: &Node) -> Vec<String> {
    let mut text = String::new();
    outline(&mut text, node, "");
    // A value may hold line ends only as `\\n`.
    let mut lines: Vec<String> =
        text.lines().map(|line| line.rsplit_once("  (").unwrap().0.to_owned()).collect();
    lines.sort();
    lines
}

/// The services of a project, by a `compose` entry and by the model files made of it.
fn both_ways(project: &BTreeMap<String, Vec<u8>>, files: &[&str]) -> (Node, Node) {
    let made = model_files(project, files);
    let mut by_files = sources(&[]);
    by_files.files.extend(made.files.iter().map(|f| (f.path.clone(), f.text.clone().into_bytes())));
    let mut by_entry = sources(&[]);
    by_entry.files.extend(project.clone());
    let list = files.iter().map(|f| format!("\"{f}\"")).collect::<Vec<_>>().join(", ");
    let entry = format!("compose: {{p: {{files: [{list}], on: box, prefix: p-, profiles: \"*\"}}}}");
    by_entry.files.insert("fleet.yaml".to_owned(), entry.into_bytes());
    let services = |sources: &Sources| source::tree(sources).unwrap().get("services").cloned().unwrap();
    (services(&by_entry), services(&by_files))
}

#[test]
fn model_files_mean_what_the_entry_means() {
    let fleet = fleet();
    let mut project = fleet.files;
    project.retain(|path, _| path.starts_with("compose/"));
    for site in ["kyiv", "wroclaw"] {
        let files = ["compose/media/compose.yaml", &format!("compose/media/{site}.yaml")];
        let (entry, files) = both_ways(&project, &files);
        assert_eq!(values(&entry), values(&files), "{site}");
    }
    let made = model_files(&project, &["compose/media/compose.yaml", "compose/media/kyiv.yaml"]);
    let text: String = made.files.iter().map(|f| format!("## {}\n{}\n", f.path, f.text)).collect();
    let file = repository().join("fleets/compose-two-sites/model-files.txt");
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == text,
        "UPDATE=1 rewrites what is expected\n{text}"
    );
}

#[test]
fn each_fault_is_said_at_its_place() {
    let entry = |rest: &str| format!("compose: {{media: {{files: compose/a.yaml, on: box{rest}}}}}");
    let web = "services: {web: {image: nginx:1}}";
    let mut wrong = String::new();
    for (fleet, compose, expected) in [
        // Of the Compose files, as `fleetwright check` says it.
        (
            entry(""),
            "services: {web: {image: nginx:1, privilegd: true}}",
            "error[FW1411] compose/a.yaml:1:34: ",
        ),
        (entry(""), "services: {web: {image: \"${X:?say X}\"}}", "error[FW1418] compose/a.yaml:1:25: "),
        (entry(""), "services: {web: {extends: web}}", "error[FW1422] compose/a.yaml:1:27: "),
        (
            entry(""),
            "services: {web: {image: nginx:1, env_file: ../../out.env}}",
            "error[FW1409] compose/a.yaml:1:44: `../out.env` cannot be read",
        ),
        (
            entry(""),
            "services: {web: {image: nginx:1, env_file: gone.env}}",
            "error[FW1409] compose/a.yaml:1:44: `compose/gone.env` is not there",
        ),
        (
            entry(", env-file: ../.env"),
            web,
            "error[FW1409] fleet.yaml:1:11: `../.env` cannot be read: it is outside",
        ),
        (entry(", env-file: .fleetwright/secrets/x"), web, "the tool keeps values of secrets there"),
        (
            "compose: {media: compose/b.yaml}".to_owned(),
            web,
            "error[FW1409] fleet.yaml:1:11: `compose/b.yaml` is not there",
        ),
        // Of the entry.
        (
            entry(", profile: x"),
            web,
            "error[FW0101] fleet.yaml:1:51: unknown key `profile` in compose project",
        ),
        (
            entry(", without: web.privileged"),
            web,
            "warning[FW1445] fleet.yaml:1:60: `web.privileged` of `without`",
        ),
        // Of what cannot be carried.
        (
            entry(""),
            "services: {web: {image: nginx:1, privileged: true}}",
            "error[FW1441] compose/a.yaml:1:34: `services.web.privileged` would be left out",
        ),
        (
            entry(""),
            "services: {web: {image: nginx:1, network_mode: none}}",
            "error[FW1441] compose/a.yaml:1:48: ",
        ),
        (entry(""), "services: {web: {image: nginx:1, pid: host}}", "error[FW1441] compose/a.yaml:1:34: "),
        (
            entry(""),
            "services: {web: {image: nginx:1, volumes: [./conf:/conf]}}",
            "error[FW1441] compose/a.yaml:1:44: ",
        ),
        (
            entry(""),
            "services: {web: {image: nginx:1, volumes: [/var/run/docker.sock:/x]}}",
            "there is no docker on a host",
        ),
        (entry(""), "services: {web: {image: nginx:1, hostname: x}}", "note[FW1440] compose/a.yaml:1:34: "),
        // Of names.
        (entry(", prefix: X-"), web, "error[FW1443] compose/a.yaml:1:12: `X-web` cannot be the name"),
        (
            entry(""),
            "services: {a_b: {image: x:1}, a.b: {image: x:1}}",
            "error[FW1442] compose/a.yaml:1:12: `a.b` and `a_b` would",
        ),
        (
            format!("{}\n", "compose: {a: compose/a.yaml, b: compose/a.yaml}"),
            web,
            "error[FW1442] compose/a.yaml:1:12: `a` and `b` both bring the service `web`\n    \
             compose/a.yaml:1:12: that of `a`\n    fleet.yaml:1:30: `b` is an entry here\n    \
             help: give one of them a prefix: `b: {prefix: b-, …}`",
        ),
        // Of secrets.
        (
            entry(", environment: {PW: secret/db}"),
            "services: {web: {image: nginx:1, environment: {DB: \"postgres://u:${PW}@db\"}}}",
            "error[FW1444] compose/a.yaml:1:52: `secret/db` stands where only a text can",
        ),
    ] {
        let said = said(&[("fleet.yaml", &fleet), ("compose/a.yaml", compose)]);
        if !said.contains(expected) {
            writeln!(wrong, "{fleet}\n{compose}\n{expected}\n{said}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_faults_come_at_once_and_what_is_meant_is_not_said() {
    let compose = "services:\n  web: {image: nginx:1, privileged: true, dns: 192.0.2.1}\n  db: {image: db:1, pid: host}\n";
    let fleet =
        "compose: {media: {files: compose/a.yaml, on: box, without: [web.privileged, dns]}}\nsitess: {}";
    let said = said(&[("fleet.yaml", fleet), ("compose/a.yaml", compose)]);
    let codes: Vec<&str> =
        said.lines().filter(|l| l.contains('[')).map(|l| l.split(':').next().unwrap()).collect();
    assert_eq!(codes, ["error[FW1441] compose/a.yaml", "error[FW0101] fleet.yaml"], "{said}");
}

#[test]
fn a_service_apart_from_its_project_is_told() {
    let fleet = "compose: {media: {files: compose/a.yaml, on: box}}\nhosts: {other: {site: home}}";
    let compose = "services: {web: {image: nginx:1}, db: {image: db:1}}";
    let files = [("fleet.yaml", fleet), ("compose/a.yaml", compose)];
    let with = |db: &str| said(&[files.as_slice(), &[("services/db.yaml", db)]].concat());
    assert!(
        with("on: other").starts_with("warning[FW1446] services/db.yaml:1:5: this service runs elsewhere")
    );
    assert_eq!(with("on: [box]"), "");
    let known = "on: other\ncontainer: {hosts: {db: 127.0.0.1, web: 192.168.1.2}}";
    assert_eq!(with(known), "");
}

#[test]
fn yaml_of_a_project_is_no_stray_and_other_yaml_is() {
    let fleet = "compose: {media: {files: [compose/a.yaml, sites/over.yaml], on: box}}";
    let over = "services: {web: {image: nginx:2}}";
    let files = [("fleet.yaml", fleet), ("compose/a.yaml", over), ("sites/over.yaml", over)];
    assert_eq!(said(&files), "");
    let mut more = files.to_vec();
    more.push(("compose/other.yaml", over));
    let said = said(&more);
    assert!(said.starts_with("error[FW0021] compose/other.yaml:1:1: "), "{said}");
    assert!(said.contains("name it under `compose` in fleet.yaml"), "{said}");
}

#[test]
fn what_is_wanted_is_told_round_by_round() {
    let mut fleet = sources(&[("fleet.yaml", "compose: {m: {files: c/a.yaml}}")]);
    let wanted = |fleet: &Sources| source::wanted(fleet).into_iter().collect::<Vec<_>>();
    assert_eq!(wanted(&fleet), ["c/.env", "c/a.yaml"]);
    let base = "services: {web: {extends: {file: b.yaml, service: x}, env_file: w.env}}";
    fleet.files.insert("c/a.yaml".to_owned(), base.as_bytes().to_vec());
    assert_eq!(wanted(&fleet), ["c/.env", "c/b.yaml", "c/w.env"]);
    fleet.files.insert("c/b.yaml".to_owned(), b"services: {x: {image: x:1, volumes: [./f:/f:ro]}}".to_vec());
    assert_eq!(wanted(&fleet), ["c/.env", "c/w.env"]);
    fleet.beside.insert("c/w.env".to_owned(), b"A=1".to_vec());
    assert_eq!(wanted(&fleet), ["c/.env", "c/f"]);
    assert!(source::wanted(&sources(&[("fleet.yaml", "name: x")])).is_empty());
}

/// The cases docker compose itself is held against, each as files of a fleet's folder.
fn cases() -> Vec<(String, BTreeMap<String, Vec<u8>>)> {
    let folder = repository().join("crates/compose/tests/cases");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "case") {
            continue;
        }
        let text = fs::read(&path).unwrap();
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut at = None;
        for line in text.split_inclusive(|b| *b == b'\n') {
            if let Some(name) = line.strip_prefix(b"== ") {
                at = Some(format!("c/{}", String::from_utf8_lossy(name).trim()));
            }
            if let (Some(file), false) = (&at, line.starts_with(b"== ")) {
                files.entry(file.clone()).or_default().extend_from_slice(line);
            }
        }
        all.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), files));
    }
    all
}

#[test]
fn so_they_do_for_every_case_docker_compose_was_asked_about() {
    let (mut tried, mut wrong) = (0, String::new());
    for (name, files) in cases() {
        let composes: Vec<&str> = files
            .keys()
            .filter(|path| *path == "c/compose.yaml" || path.starts_with("c/override"))
            .map(String::as_str)
            .collect();
        let options = compose::Options {
            files: composes.iter().map(|f| (*f).to_owned()).collect(),
            default_name: Some("p".to_owned()),
            profiles: vec!["*".to_owned()],
            ..compose::Options::default()
        };
        let mut report = Report::new();
        // A few need variables of a shell.
        if compose::load(&files, &options, &mut report).is_none() || report.has_errors() {
            continue;
        }
        tried += 1;
        let (entry, made) = both_ways(&files, &composes);
        if values(&entry) != values(&made) {
            writeln!(wrong, "{name}\n{:#?}\n{:#?}", values(&entry), values(&made)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried >= 60, "{tried}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, ..Default::default() })]

    /// Whatever a text holds, it is the same text in a model file.
    #[test]
    fn texts_stay_as_they_are(
        texts in proptest::collection::vec("[ -~\\n\\täß€'\"#:{}\\[\\],&*!|>%@`-]{0,24}", 1..6),
    ) {
        let word = |text: &String| serde_json::Value::from(text.replace('$', "$$")).to_string();
        let words: Vec<String> = texts.iter().map(word).collect();
        let env: Vec<String> = words.iter().enumerate().map(|(n, w)| format!("V{n}: {w}")).collect();
        let labels: Vec<String> = words.iter().enumerate().map(|(n, w)| format!("l{n}: {w}")).collect();
        let compose = format!(
            "services: {{web: {{image: x:1, command: [{}], environment: {{{}}}, labels: {{{}}}, \
             healthcheck: {{test: [CMD, {}]}}}}}}",
            words.join(", "), env.join(", "), labels.join(", "), words.join(", "),
        );
        let files: BTreeMap<String, Vec<u8>> = [("c/a.yaml".to_owned(), compose.into_bytes())].into();
        let (entry, made) = both_ways(&files, &["c/a.yaml"]);
        proptest::prop_assert_eq!(values(&entry), values(&made));
        let first = entry.get("p-web").and_then(|s| s.get("env")).and_then(|e| e.get("V0"));
        proptest::prop_assert_eq!(first.and_then(Node::text), Some(texts[0].as_str()));
    }
}
