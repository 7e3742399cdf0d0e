//! Whatever the bytes, loading returns; merging has the laws the specification gives it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use compose::{Options, Project};
use diag::Report;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{cases, json};

fn load(texts: &[&[u8]]) -> (Option<Project>, Report) {
    let sources: BTreeMap<String, Vec<u8>> =
        texts.iter().enumerate().map(|(n, text)| (format!("/p/{n}.yaml"), text.to_vec())).collect();
    let options = Options { files: sources.keys().cloned().collect(), ..Options::default() };
    let mut report = Report::new();
    let project = compose::load(&sources, &options, &mut report);
    if let Some(project) = &project {
        let mut names = Report::new();
        let made = compose::model_files(project, &sources, &["box".to_owned()], "p-", &mut names);
        let _ = (project.to_yaml(), compose::services(project), made);
    }
    (project, report)
}

fn shown(texts: &[&[u8]]) -> serde_json::Value {
    let (project, report) = load(texts);
    assert!(!report.has_errors(), "{}", diag::render_plain(&report));
    json(&project.unwrap().used())
}

/// Bytes that are likely to be a Compose file: its words, put together by chance.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "services:",
        "web:",
        "image: a",
        "ports:",
        "- 80:80",
        "- \"1-3:4-6\"",
        "volumes:",
        "- a:/b:ro",
        "- /x",
        "environment:",
        "- A=1",
        "A: 1",
        "extends: web",
        "extends: {file: 0.yaml, service: web}",
        "include:",
        "- 0.yaml",
        "!reset null",
        "!override",
        "<<: *a",
        "&a",
        "*a",
        "x-a:",
        "${A:-${B}}",
        "$$",
        "${",
        "networks:",
        "depends_on: [web]",
        "build: .",
        "healthcheck: {test: x, interval: 1s}",
        "deploy:",
        "replicas: 2",
        "secrets:",
        "- x",
        "configs:",
        "file: a",
        "env_file: a.env",
        "profiles: [a]",
        "ulimits: {a: 1}",
        "---",
        "{",
        "}",
        "[",
        "]",
        "command: 'a b",
        "gpus: all",
        "links: [web]",
        "name: p",
        "logging: {driver: x}",
        "null",
        "true",
        "1.10",
        "\t",
    ]);
    prop::collection::vec((0_usize..5, words), 0..25).prop_map(|lines| {
        lines.iter().map(|(depth, word)| format!("{}{word}\n", "  ".repeat(*depth))).collect()
    })
}

/// A service that says some of what merging has rules for, each value by chance.
fn service() -> impl Strategy<Value = String> {
    let number = || 0_u8..4;
    (
        prop::collection::btree_map(number(), number(), 0..4),
        prop::collection::vec(number(), 0..4),
        prop::collection::vec((number(), number()), 0..4),
        prop::collection::vec((number(), number()), 0..4),
        prop::option::of(number()),
        prop::option::of(number()),
        any::<bool>(),
    )
        .prop_map(|(env, dns, ports, mounts, command, user, list)| {
            let mut out = String::from("services:\n  web:\n    image: a\n");
            let mut section = |name: &str, lines: Vec<String>| {
                if !lines.is_empty() {
                    out.push_str(&format!("    {name}:\n"));
                    lines.iter().for_each(|line| out.push_str(&format!("      {line}\n")));
                }
            };
            let pair = |(k, v): (&u8, &u8)| if list { format!("- K{k}=v{v}") } else { format!("K{k}: v{v}") };
            section("environment", env.iter().map(pair).collect());
            section("labels", env.iter().map(pair).collect());
            section("dns", dns.iter().map(|n| format!("- 10.0.0.{n}")).collect());
            section("ports", ports.iter().map(|(a, b)| format!("- \"80{a}:90{b}\"")).collect());
            section("volumes", mounts.iter().map(|(a, b)| format!("- /h{a}:/c{b}")).collect());
            section("command", command.iter().map(|n| format!("- c{n}")).collect());
            section("user", user.iter().map(|n| format!("u{n}")).collect());
            out
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        load(&[&bytes]);
    }

    #[test]
    fn any_words(base in soup(), over in soup()) {
        load(&[base.as_bytes(), over.as_bytes()]);
    }

    #[test]
    fn any_damage(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let all = cases("cases");
        let case = &all[which.index(all.len())];
        let mut sources = case.sources();
        let name = case.options().files[0].clone();
        let text = sources.get_mut(&name).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        let mut report = Report::new();
        if let Some(project) = compose::load(&sources, &case.options(), &mut report) {
            let _ = (project.to_yaml(), compose::services(&project));
        }
    }

    #[test]
    fn any_environment_file(text in "([A-Z =:#'\"$\\\\{}\n-]|export ){0,60}") {
        let mut report = Report::new();
        compose::dotenv::parse("x.env", text.as_bytes(), compose::dotenv::Format::Compose, compose::dotenv::Lookups::NONE, &mut report);
    }

    /// Nothing over a project is the project, and nothing under it too.
    #[test]
    fn nothing_changes_nothing(base in service()) {
        let alone = shown(&[base.as_bytes()]);
        for nothing in ["", "services:\n", "services: {web: {}}\n", "services: {web: {environment: , ports: [], dns: []}}\n"] {
            prop_assert_eq!(&shown(&[base.as_bytes(), nothing.as_bytes()]), &alone);
        }
        prop_assert_eq!(&shown(&[b"", base.as_bytes()]), &alone);
    }

    /// (a over b) over c is a over (b over c): merged texts may stand for the files they were merged from.
    #[test]
    fn merging_is_associative(a in service(), b in service(), c in service()) {
        let all = shown(&[a.as_bytes(), b.as_bytes(), c.as_bytes()]);
        let merge = |x: &str, y: &str| load(&[x.as_bytes(), y.as_bytes()]).0.unwrap().to_yaml();
        prop_assert_eq!(&shown(&[merge(&a, &b).as_bytes(), c.as_bytes()]), &all);
        prop_assert_eq!(&shown(&[a.as_bytes(), merge(&b, &c).as_bytes()]), &all);
    }

    /// A project over itself is itself.
    #[test]
    fn twice_is_once(base in service()) {
        prop_assert_eq!(&shown(&[base.as_bytes(), base.as_bytes()]), &shown(&[base.as_bytes()]));
    }
}
