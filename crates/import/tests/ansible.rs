//! Inventories: whatever they say, a host's variables come back, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic)]

use ansible::{Files, Inventory, Options};
use import::Imported;
use import::ansible::{From, read};
use proptest::prelude::*;

fn inventory(text: &str, name: &str) -> Inventory {
    let mut files = Files::new();
    files.insert(name, text);
    let vault = |_: &[u8], _: Option<&str>| Ok("hidden".to_owned());
    ansible::read(&files, Options { sources: &[name], playbooks: None }, &vault, &mut diag::Report::new())
}

fn made(inventory: &Inventory) -> Imported {
    read(From { inventory, fleet: None, at: &|file| Some(file.to_owned()) })
}

#[test]
fn a_host_keeps_what_its_groups_alone_would_not_give_it() {
    let made = made(&inventory(
        "[web]\nw1 ansible_host=203.0.113.1 level=own\nw2 ansible_host=fd00::5\n[web:vars]\nlevel=web\nzone=\"80\"\n[all:vars]\nlevel=all\n",
        "hosts",
    ));
    let text = |path: &str| {
        made.files.iter().find(|f| f.path == path).unwrap_or_else(|| panic!("{path}")).text.as_str()
    };
    assert_eq!(text("groups/all.yaml"), "vars: {level: all}\n");
    assert_eq!(text("groups/web.yaml"), "vars: {level: web, zone: \"80\"}\n");
    assert_eq!(text("hosts/w1.yaml"), "uplink: {ipv4: 203.0.113.1}\ngroups: web\nvars: {level: own}\n");
    assert_eq!(text("hosts/w2.yaml"), "site: lan-fd00-0-0-0\naddress: \"fd00::5\"\ngroups: web\n");
    assert!(text("sites/lan-fd00-0-0-0.yaml").contains("lan: \"fd00::/64\""));
}

#[test]
fn two_names_that_would_be_one_are_refused() {
    let made = made(&inventory("a_1\na-1\n", "hosts"));
    assert!(made.report.items.iter().any(|d| d.code == "FW1603"), "{:?}", made.report);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_ini_is_imported(text in "([a-z_]{1,4}( [a-z_]{1,6}=[ -~]{0,8})?\n|\\[[a-z]{1,3}(:vars|:children)?\\]\n){0,12}") {
        made(&inventory(&text, "hosts"));
    }

    #[test]
    fn any_yaml_is_imported(text in "(all|hosts|children|vars|  [a-z]{1,2}|    [a-z]{1,3}): ?(\\{|\\}|[a-z0-9.:\"]{0,6}|)\n{1,2}") {
        made(&inventory(&text, "hosts.yml"));
    }
}
