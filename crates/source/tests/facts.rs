//! Values of OpenTofu in a fleet's sources; `fleets/bad-FW15…` say what is wrong with them. `UPDATE=1` rewrites
//! what is expected.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::render_plain;
use proptest::prelude::*;
use source::Sources;
use std::{env, fs};
use support::{read, repository};

const STACK: &str =
    "name: stacks\ntofu: {ixp: {dir: infra, outputs: infra/out.json, state: infra/state.json}}\n";

const OUTPUTS: &str = r#"{
  "addresses": {"sensitive": false, "value": {"a1": "192.0.2.1", "10.0.0.0/24": "b"}},
  "cores": {"value": 4},
  "spare": {"value": true},
  "names": {"value": ["one", "two"]},
  "limits": {"value": {"cpu": 2, "volumes": {"data": "10GiB"}}}
}"#;

const STATE: &str = r#"{
  "version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": "x",
  "outputs": {"only_here": {"value": "x"}},
  "resources": [
    {"mode": "managed", "type": "incus_instance", "name": "box", "provider": "p", "instances": [
      {"index_key": "a/1", "attributes": {"ipv4_address": "192.0.2.7", "key": "hidden"},
       "sensitive_attributes": [[{"type": "get_attr", "value": "key"}]]}]},
    {"module": "module.core", "mode": "data", "type": "http", "name": "me", "provider": "p",
     "instances": [{"attributes": {"body": ["192.0.2.8"]}}]}
  ]
}"#;

fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources { root_name: "fleet".to_owned(), ..Sources::default() };
    for (path, text) in files {
        sources.files.insert((*path).to_owned(), text.as_bytes().to_vec());
    }
    for (path, text) in [("infra/out.json", OUTPUTS), ("infra/state.json", STATE)] {
        sources.beside.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    sources
}

fn loaded(files: &[(&str, &str)]) -> model::Fleet {
    let (fleet, report) = source::load(&sources(files));
    assert!(report.items.is_empty(), "{}", render_plain(&report));
    fleet.unwrap()
}

fn faults(files: &[(&str, &str)]) -> String {
    render_plain(&source::load(&sources(files)).1)
}

#[test]
fn a_value_stands_where_it_is_named() {
    let host = "address: tofu/ixp/addresses/{host}\nuplink: {ipv4: 'tofu/ixp/incus_instance.box[\"a/1\"]/ipv4_address'}\n\
                capacity: {cpu: tofu/ixp/cores}\nssh: {user: tofu/ixp/names/1}\n\
                vars: {spare: tofu/ixp/spare, names: tofu/ixp/names, first: tofu/ixp/names/0, seen: tofu/ixp/module.core.data.http.me/body/0, net: tofu/ixp/addresses/10.0.0.0/24}\n";
    let fleet = loaded(&[("fleet.yaml", STACK), ("hosts/a1.yaml", host)]);
    let a1 = &fleet.hosts["a1"];
    assert_eq!(a1.address[0].value.ip.to_string(), "192.0.2.1");
    assert_eq!(a1.address[0].place.to_string(), "hosts/a1.yaml:1:10");
    let said = format!("{a1:?}");
    for value in
        ["192.0.2.7", "192.0.2.8", "\"one\"", "\"two\"", "text: \"b\"", "text: \"true\", quoted: false"]
    {
        assert!(said.contains(value), "{value} is not in {said}");
    }
    assert_eq!(a1.capacity.as_ref().unwrap().cpu, Some(4));
}

#[test]
fn an_object_may_be_a_whole_record() {
    let fleet = loaded(&[("fleet.yaml", STACK), ("hosts/a1.yaml", "capacity: tofu/ixp/limits\n")]);
    let capacity = fleet.hosts["a1"].capacity.as_ref().unwrap();
    assert_eq!((capacity.cpu, capacity.volumes.len()), (Some(2), 1));
}

#[test]
fn a_profile_gives_each_host_its_own() {
    let files = [
        ("fleet.yaml", STACK),
        ("profiles/rented.yaml", "vars: {address: tofu/ixp/addresses/{host}, cores: tofu/ixp/cores}\n"),
        ("groups/all.yaml", "use: rented\n"),
        ("hosts/a1.yaml", ""),
    ];
    let files: Vec<_> = files
        .iter()
        .map(|(p, t)| (*p, t.replace("tofu/ixp/addresses/{host}", "'tofu/ixp/addresses/{host}'")))
        .collect();
    let files: Vec<_> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    let fleet = loaded(&files);
    let said = format!("{:?}", fleet.hosts["a1"].vars);
    assert!(said.contains("192.0.2.1") && said.contains("\"4\""), "{said}");
    // One that has none is named, and no other.
    let said = faults(&[&files[..], &[("hosts/b1.yaml", ""), ("hosts/b2.yaml", "")]].concat());
    assert!(said.contains("host `b1` needs `tofu/ixp/addresses/b1`, and there is no `b1` in it"), "{said}");
    assert!(!said.contains("profile `"), "{said}");
}

#[test]
fn a_value_of_the_wrong_type_names_the_line_and_the_output() {
    let said = faults(&[("fleet.yaml", STACK), ("hosts/a1.yaml", "address: tofu/ixp/limits\n")]);
    assert!(said.contains("hosts/a1.yaml:1:10"), "{said}");
    assert!(said.contains("infra/out.json:6:23: the value of `tofu/ixp/limits`"), "{said}");
}

#[test]
fn what_is_marked_in_the_state_is_not_shown() {
    let said = faults(&[
        ("fleet.yaml", STACK),
        (
            "hosts/a1.yaml",
            "vars: {a: 'tofu/ixp/incus_instance.box[\"a/1\"]/key', b: 'tofu/ixp/incus_instance.box[\"a/1\"]'}\n",
        ),
    ]);
    assert_eq!(said.matches("[FW1508]").count(), 2, "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn a_text_that_only_looks_like_one_stays() {
    let vars = "vars: {a: tofu/ixp, b: tofu is good, c: 'tofu/ixp/cores is one', d: xtofu/ixp/cores}\n";
    let said = format!("{:?}", loaded(&[("fleet.yaml", STACK), ("hosts/a1.yaml", vars)]).hosts["a1"].vars);
    for text in ["tofu/ixp\"", "tofu is good", "tofu/ixp/cores is one", "xtofu/ixp/cores"] {
        assert!(said.contains(text), "{said}");
    }
}

#[test]
fn files_of_stacks_are_known_before_anything_else_is_right() {
    let sources = sources(&[
        ("fleet.yaml", "tofu: {ixp: {dir: a, outputs: a/o.json}, b: {dir: b, state: s}}\nhostss: 3\n"),
        ("sites/x.yaml", "["),
    ]);
    let wanted: Vec<String> = source::beside(&sources).into_iter().collect();
    assert_eq!(wanted, ["a/o.json", "s"]);
    assert_eq!(source::stacks(&sources).0.len(), 2);
}

#[test]
fn each_fixture_is_said_as_expected() {
    let mut wrong = String::new();
    let mut count = 0;
    for entry in fs::read_dir(repository().join("fleets")).unwrap() {
        let root = entry.unwrap().path();
        let name = root.file_name().unwrap().to_string_lossy().into_owned();
        let Some(code) = name.strip_prefix("bad-").filter(|n| n.starts_with("FW15")).map(|n| &n[..6]) else {
            continue;
        };
        count += 1;
        let mut sources = read(&root).unwrap();
        sources.root_name = "fleet".to_owned();
        for path in source::beside(&sources) {
            if let Ok(bytes) = fs::read(root.join(&path)) {
                sources.beside.insert(path, bytes);
            }
        }
        let (_, report) = source::load(&sources);
        let said = render_plain(&report);
        assert!(said.contains(&format!("[{code}]")), "{name} does not raise {code}:\n{said}");
        let file = root.join("expected.txt");
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if said != expected && env::var_os("UPDATE").is_some() {
            fs::write(&file, &said).unwrap();
        } else if said != expected {
            wrong.push_str(&format!("== {name}\n-- expected\n{expected}-- said\n{said}"));
        }
    }
    assert!(count >= 10 && wrong.is_empty(), "{count} fixtures\n{wrong}UPDATE=1 rewrites what is expected");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a reference says and its file holds, reading ends, and what is lost is said with a place.
    #[test]
    fn any_reference_to_any_file_is_read_or_refused(
        way in "(/|0|a1|addresses|names|limits|box|\\.|\\[\"|\"\\]|\\{host\\}|é){0,8}",
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..60), Just(OUTPUTS.as_bytes().to_vec()), Just(STATE.as_bytes().to_vec())],
    ) {
        let text = format!("address: 'tofu/ixp/{way}'\n");
        let mut sources = sources(&[("fleet.yaml", STACK), ("hosts/a1.yaml", &text), ("profiles/p.yaml", &format!("vars: {{a: 'tofu/ixp/{way}'}}\n"))]);
        sources.beside.insert("infra/out.json".to_owned(), bytes);
        for fault in source::load(&sources).1.items {
            prop_assert!(fault.place.is_some(), "{:?}", fault);
        }
    }
}
