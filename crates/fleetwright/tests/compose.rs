//! Compose projects of a fleet, through the program.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fleet, json, root, run};
use std::fs;
use std::path::Path;

fn two_sites() -> std::path::PathBuf {
    root().join("fleets/compose-two-sites")
}

const FLEET: &str = "sites: {home: {lan: 192.168.1.0/24}}\nhosts: {box: {site: home, address: 192.168.1.2}}\n\
    compose: {media: {files: compose/media/compose.yaml, on: box}}\n";

fn one(compose: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    fleet(&[&[("fleet.yaml", FLEET), ("compose/media/compose.yaml", compose)], more].concat())
}

#[test]
fn one_base_serves_two_sites_and_every_value_knows_its_file() {
    let folder = two_sites();
    let checked = run(&folder, &["check"]);
    assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{}", checked.out);

    let shown = json(&folder, &["show", "services/kyiv-web"]);
    let written = shown["written"].as_array().unwrap();
    let at = |key: &str| {
        let fact = written.iter().find(|f| f["key"] == key).unwrap_or_else(|| panic!("no {key} in {shown}"));
        let place = &fact["place"];
        format!("{} {}:{}", fact["value"].as_str().unwrap(), place["file"].as_str().unwrap(), place["line"])
    };
    assert_eq!(at("image"), "nginx:1.27.3 compose/media/compose.yaml:8");
    assert_eq!(at("env.LOG_FORMAT"), "{level} {msg} compose/media/common.yaml:7");
    assert_eq!(at("limits.memory"), "512MiB services/kyiv-web.yaml:2");
    assert_eq!(at("ports.https.port"), "443 compose/media/kyiv.yaml:3");

    let rendered = json(&folder, &["render"]);
    let text = |host: &str, path: &str| {
        let file = &rendered["hosts"][host]["files"][path];
        file["text"].as_str().unwrap_or_else(|| panic!("no {path} on {host}")).to_owned()
    };
    let unit = text("kyiv-box", "/etc/systemd/system/kyiv-web.service");
    assert!(unit.contains("\"nginx:1.27.3\"") && unit.contains("--memory 536870912"), "{unit}");
    let conf = "/etc/fleetwright/services/wroclaw-web/etc/nginx/nginx.conf";
    assert_eq!(text("wroclaw-box", conf), "events {}\nhttp { server { listen 80; } }\n");

    let env = "wroclaw-box:/etc/fleetwright/services/wroclaw-web.env";
    let why = json(&folder, &["why", env]);
    let line =
        why["answers"].as_array().unwrap().iter().find(|a| a["text"] == "TZ=\"Europe/Warsaw\"").unwrap();
    assert_eq!(line["place"]["file"], "compose/media/wroclaw.yaml");
    assert_eq!(line["place"]["line"], 4);
}

#[test]
fn faults_of_compose_files_come_with_the_models_own_and_nothing_is_written() {
    let out = tempfile::tempdir().unwrap();
    let target = out.path().join("hosts");
    let to = target.to_str().unwrap();
    let folder = one("services: {web: {image: nginx:1}}\n", &[]);
    assert_eq!(run(folder.path(), &["render", "--out", to]).code, 0);
    let unit = target.join("box/etc/systemd/system/web.service");
    let before = fs::read_to_string(&unit).unwrap();
    let compose = "services:\n  web: {image: nginx:2, privilegd: true}\n";
    fs::write(folder.path().join("compose/media/compose.yaml"), compose).unwrap();
    fs::write(folder.path().join("fleet.yaml"), format!("{FLEET}sitess: {{}}\n")).unwrap();
    let ran = run(folder.path(), &["render", "--out", to]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error[FW1411]") && ran.err.contains("error[FW0101]"), "{}", ran.err);
    // The line of the Compose file, with a caret.
    assert!(
        ran.err.contains("web: {image: nginx:2, privilegd: true}") && ran.err.contains("^"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read_to_string(&unit).unwrap(), before);
}

#[test]
fn files_are_of_the_fleets_folder_alone_and_variables_of_files_alone() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("web.env"), "A=outside\n").unwrap();
    let web = "services: {web: {image: \"nginx:${HOME:-none}\", env_file: web.env}}\n";
    let folder = one(web, &[("compose/media/web.env", "A=1\n")]);
    let facts = |folder: &Path| json(folder, &["show", "services/web"])["written"].to_string();
    assert!(facts(folder.path()).contains("nginx:none"), "the caller's variables are not read");
    fs::write(folder.path().join("compose/media/.env"), "HOME=3\n").unwrap();
    assert!(facts(folder.path()).contains("nginx:3"));

    let link = folder.path().join("compose/media/web.env");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(outside.path().join("web.env"), &link).unwrap();
    let ran = run(folder.path(), &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("FW3002") && ran.err.contains("leads out of the fleet's folder"), "{}", ran.err);
}

#[test]
fn a_project_is_printed_merged_as_docker_compose_reads_it() {
    let ran = run(&two_sites(), &["compose", "kyiv"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("configs:\n") && ran.out.contains("published: \"8443\""), "{}", ran.out);
    assert!(!ran.out.contains("8080"), "the base's ports are gone: {}", ran.out);
    // Read again it is the same: it has no more to merge.
    let entry = "compose: {media: {files: merged.yaml, profiles: photos}}\n";
    let again = fleet(&[("fleet.yaml", entry), ("merged.yaml", &ran.out)]);
    let text = run(again.path(), &["compose", "media"]).out;
    assert_eq!(text, ran.out);

    let both = json(&two_sites(), &["compose"]);
    assert_eq!(both["projects"]["kyiv"], ran.out);
    assert!(both["projects"]["wroclaw"].as_str().unwrap().contains("Europe/Warsaw"));

    let ran = run(&two_sites(), &["compose", "kyjv"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("FW3004") && ran.err.contains("did you mean `kyiv`?"), "{}", ran.err);
    let broken = one("services: {web: {imag: nginx}}\n", &[]);
    assert!(run(broken.path(), &["compose"]).err.contains("FW1411"));
}
