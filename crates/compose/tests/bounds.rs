//! A few lines that stand for more than fits into memory end in an error, soon.

#![allow(clippy::unwrap_used, clippy::panic)]

use compose::{Files, Options};
use diag::Report;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Codes of the errors these files have. The first is the Compose file.
fn said(files: &[(&str, String)], environment: &[(&str, String)]) -> Vec<&'static str> {
    let sources: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes())).collect();
    let options = Options {
        files: vec![files[0].0.to_owned()],
        name: Some("p".to_owned()),
        environment: environment.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        ..Options::default()
    };
    codes(&sources, &options)
}

fn codes(files: &dyn Files, options: &Options) -> Vec<&'static str> {
    let mut report = Report::new();
    if let Some(project) = compose::load(files, options, &mut report) {
        let _ = (project.to_yaml(), compose::services(&project));
    }
    report.items.iter().filter(|d| d.severity == diag::Severity::Error).map(|d| d.code).collect()
}

#[test]
fn services_that_extend_one_another_and_grow() {
    let list: Vec<String> = (0..50).map(|n| format!("10.0.0.{n}")).collect();
    let mut text =
        format!("x-own: &own {{dns: [{}]}}\nservices:\n  s0: {{image: a, <<: *own}}\n", list.join(","));
    for n in 1..1000 {
        writeln!(text, "  s{n}: {{extends: s{}, tmpfs: [/a{n}, /b{n}, /c{n}, /d{n}], <<: *own}}", n - 1)
            .unwrap();
    }
    assert!(said(&[("c.yaml", text)], &[]).contains(&"FW1432"));
}

#[test]
fn files_that_include_the_next_one_twice() {
    let mut files: Vec<(String, String)> =
        (0..40).map(|n| (format!("{n}.yaml"), format!("include: [{0}.yaml, {0}.yaml]\n", n + 1))).collect();
    files.push(("40.yaml".to_owned(), "services: {web: {image: a}}\n".to_owned()));
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    assert!(said(&files, &[]).contains(&"FW1432"));
}

/// A folder with a link to itself.
struct Endless;

impl Files for Endless {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        let text = b"include: [sub/compose.yaml]\nservices: {web: {extends: {file: sub/compose.yaml, service: web}}}\n";
        Ok(path.ends_with("compose.yaml").then_some(Cow::Borrowed(text.as_slice())))
    }
}

#[test]
fn a_folder_that_links_to_itself() {
    let options = Options { name: Some("p".to_owned()), ..Options::default() };
    let said = codes(&Endless, &options);
    assert!(said.contains(&"FW1422") && said.contains(&"FW1423"), "{said:?}");
}

#[test]
fn aliases_of_long_texts_and_of_many_values() {
    let long = format!("x-a: &a \"{}\"\nx-b: [{}]\n", "x".repeat(100_000), vec!["*a"; 10_000].join(","));
    assert_eq!(said(&[("c.yaml", long)], &[])[0], "FW1402");
    let nested: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let nested = format!("x-a: {nested}{}{}\n", vec!["1"; 10_000].join(","), "]".repeat(60));
    assert_eq!(said(&[("c.yaml", nested)], &[])[0], "FW1402");
}

#[test]
fn aliases_that_nest_deeper_than_brackets_may() {
    let mut text = String::from("x-0: &a0 1\n");
    for n in 1..40 {
        let (open, close) = ("[".repeat(50), "]".repeat(50));
        writeln!(text, "x-{n}: &a{n} {open}*a{}{close}", n - 1).unwrap();
    }
    assert_eq!(said(&[("c.yaml", text)], &[])[0], "FW1403");
}

#[test]
fn a_tag_far_inside_what_is_repeated() {
    let text = format!("x-a: &a {}!reset 1{}\nx-b: [*a, *a, *a]\n", "[".repeat(55), "]".repeat(55));
    assert_eq!(said(&[("c.yaml", text)], &[])[0], "FW1404");
}

#[test]
fn a_long_variable_for_many_services() {
    let mut text = String::from("services:\n");
    for n in 0..1000 {
        writeln!(text, "  s{n}: {{image: a, environment: [BIG], build: {{args: [BIG]}}}}").unwrap();
    }
    let big = "x".repeat(100_000);
    assert!(said(&[("c.yaml", text)], &[("BIG", big.clone())]).contains(&"FW1432"));
    let mut text = String::from("services:\n");
    for n in 0..1000 {
        writeln!(text, "  s{n}: {{image: a, env_file: big.env, user: \"$BIG\"}}").unwrap();
    }
    let files = [("c.yaml", text), ("big.env", format!("A={big}\n"))];
    assert!(said(&files, &[("BIG", big)]).contains(&"FW1432"));
}

#[test]
fn a_text_that_goes_wrong_ten_thousand_times() {
    let text = format!("services: {{web: {{image: a, user: \"{}\"}}}}\n", "${}".repeat(10_000));
    assert_eq!(said(&[("c.yaml", text)], &[]), ["FW1417"]);
}

#[test]
fn ranges_of_ports() {
    for ports in ["1-65535:1-65535", "0-65535:1-2", "0-65535"] {
        let list = vec![format!("\"{ports}\""); 50].join(",");
        let text = format!("services: {{web: {{image: a, ports: [{list}]}}}}\n");
        let said = said(&[("c.yaml", text)], &[]);
        assert!(said.contains(&"FW1432") || said.contains(&"FW1413"), "{ports}: {said:?}");
    }
}

#[test]
fn many_ports_are_not_too_many() {
    let text = "services: {web: {image: a, ports: [\"10000-40000:10000-40000/udp\"]}}\n".to_owned();
    assert!(said(&[("c.yaml", text)], &[]).is_empty());
}

#[test]
fn services_that_all_wait_for_each_other() {
    let names: Vec<String> = (0..150).map(|n| format!("s{n}")).collect();
    let mut text = format!("x-all: &all {{depends_on: [{}]}}\nservices:\n", names.join(","));
    for name in &names {
        writeln!(text, "  {name}: {{image: a, <<: *all}}").unwrap();
    }
    let said = said(&[("c.yaml", text)], &[]);
    assert!(said.iter().all(|code| *code == "FW1426") && said.len() <= 150, "{}", said.len());
}
