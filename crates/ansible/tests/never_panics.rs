//! Whatever the bytes: an inventory or a report, never a panic.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ansible::{Files, Inventory, Options, connection, dialect, load_values, read};
use diag::{Diagnostic, Report};
use proptest::prelude::*;
use support::{files, folders, here, sources};

fn all(files: &Files, sources: &[&str]) -> Inventory {
    let mut report = Report::new();
    let vault = |bytes: &[u8], _: Option<&str>| {
        String::from_utf8(bytes.iter().map(|b| b & 0x7f).collect())
            .map_err(|_| Diagnostic::bare("FW1103", "no password"))
    };
    let inventory = read(files, Options { sources, playbooks: Some("play") }, &vault, &mut report);
    for host in inventory.hosts.values() {
        connection::read(host, &mut report);
        // Every group of a host is there, `all` among them.
        assert!(host.groups.iter().all(|group| inventory.groups.contains_key(group)));
        assert!(host.groups.iter().any(|group| group == "all"));
    }
    for group in inventory.groups.values() {
        assert!(group.hosts.iter().all(|host| inventory.hosts.contains_key(host)));
    }
    ansible::script::list_json(&ansible::script::Listing::of(&inventory)).ok();
    inventory
}

proptest! {
    #[test]
    fn on_any_bytes(bytes: Vec<u8>, name in "(hosts|hosts\\.yml|hosts\\.ini|hosts\\.json)") {
        let mut files = Files::new();
        files.insert(format!("i/{name}"), bytes.clone());
        files.insert("i/group_vars/all", bytes);
        all(&files, &["i"]);
    }

    #[test]
    fn on_ini_signs(text in "(\\[[a-c]{1,2}(:(vars|children|hosts|x))?\\]\n|[a-c]{1,2}( [a-c]=[0-9'\"\\[,]{0,4})?\n|[a-c\\[\\]:0-9=# '\"\\\\]{0,12}\n){0,12}") {
        let mut files = Files::new();
        files.insert("hosts", text);
        all(&files, &["hosts"]);
    }

    #[test]
    fn on_yaml_signs(text in "( {0,8}(all|children|hosts|vars|a|b|\"a\\[1:3\\]\"):( [a-c1-3{}\\[\\],]{0,6})?\n){0,14}") {
        let mut files = Files::new();
        files.insert("hosts.yml", text);
        all(&files, &["hosts.yml"]);
        let mut report = Report::new();
        let vault = |_: &[u8], _: Option<&str>| Err(Diagnostic::bare("FW1103", "no password"));
        if let Some(node) = load_values(&files, "hosts.yml", &vault, &mut report) {
            let over = dialect::variables(&node, ansible::Layer::Outputs, "outputs", &mut report);
            dialect::merge(&node, &[&over], &mut report);
        }
    }
}

#[test]
fn on_damaged_fixtures() {
    for name in folders("inventories") {
        let folder = here().join("inventories").join(&name);
        let whole = files(&folder);
        let sources = sources(&folder);
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        for (path, content) in whole.iter() {
            let ansible::Content::Bytes(bytes) = content else { continue };
            for cut in (0..bytes.len()).step_by(bytes.len() / 12 + 1) {
                let mut files = whole.clone();
                files.insert(path, &bytes[..cut]);
                all(&files, &sources);
                let mut flipped = bytes.clone();
                flipped[cut] ^= 0x15;
                files.insert(path, flipped);
                all(&files, &sources);
            }
        }
    }
}
