//! Terraform's own `fmt` and ours agree: on every case of `cases.hcl`, and on generated configurations.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use support::{Generator, cases, terraform};

/// What Terraform makes of each text, in one run of it; nothing for what it refuses.
fn theirs(texts: &[String]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = |number: usize| folder.path().join(format!("{number}.tf"));
    for (number, text) in texts.iter().enumerate() {
        fs::write(path(number), text).unwrap();
    }
    let mut command = Command::new(terraform());
    command.env_clear().env("CHECKPOINT_DISABLE", "1").env("HOME", folder.path());
    let ran = command.args(["fmt", "-list=false"]).arg(folder.path()).stdin(Stdio::null()).output().unwrap();
    // A text it refuses keeps it from no other; they are told by their names.
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    let refused =
        |number: usize| [" ", "/"].iter().any(|before| said.contains(&format!("{before}{number}.tf line ")));
    let told = said.lines().filter(|line| !line.starts_with('[')).collect::<Vec<_>>().join("\n");
    assert!(ran.status.success() || (0..texts.len()).any(refused), "{told}");
    (0..texts.len())
        .map(|number| (!refused(number)).then(|| fs::read_to_string(path(number)).unwrap()))
        .collect()
}

fn agree(texts: &[String], names: impl Fn(usize) -> String) {
    let overlooked = differences(texts, names);
    assert!(overlooked.is_empty(), "Terraform refuses {overlooked:?}");
}

/// What Terraform refuses and we do not. Anything else that differs fails.
fn differences(texts: &[String], names: impl Fn(usize) -> String) -> Vec<String> {
    let mut wrong = String::new();
    let mut count = 0;
    let mut overlooked = Vec::new();
    for (number, (text, theirs)) in texts.iter().zip(theirs(texts)).enumerate() {
        let ours = tofu::hcl::format("case.tf", text);
        let name = names(number);
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) if ours == theirs => {}
            (Err(_), None) => {}
            (Ok(_), None) => overlooked.push(text.clone()),
            (ours, theirs) => {
                count += 1;
                let ours = ours.unwrap_or_else(|report| diag::render_plain(&report));
                let theirs = theirs.unwrap_or_else(|| "(refused)".to_owned());
                let line = ours.lines().zip(theirs.lines()).position(|(a, b)| a != b).unwrap_or(0);
                let at = |text: &str| text.lines().nth(line).unwrap_or_default().to_owned();
                let as_it_was = if ours == *text { ", left as it was" } else { "" };
                if count <= 20 {
                    wrong.push_str(&format!(
                        "== {name}, line {}{as_it_was}\n text   {}\n ours   {}\n theirs {}\n",
                        line + 1,
                        at(text),
                        at(&ours),
                        at(&theirs)
                    ));
                }
            }
        }
    }
    assert!(count == 0, "{wrong}{count} of {} differ", texts.len());
    overlooked
}

#[test]
fn every_case_is_spaced_as_terraform_does() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let texts: Vec<String> = cases.iter().map(|(_, text)| (*text).to_owned()).collect();
    agree(&texts, |number| cases[number].0.to_owned());
}

#[test]
fn generated_configurations_are_spaced_as_terraform_does() {
    let texts: Vec<String> =
        (1..=1500).chain([13769973857237870536]).map(|seed| Generator::new(seed).body(3)).collect();
    agree(&texts, |number| format!("seed {}", number + 1));
}

/// With the line ends of Windows, and a byte order mark.
#[test]
fn other_line_ends_are_spaced_as_terraform_does() {
    let cases = cases();
    let mut texts: Vec<String> = cases.iter().map(|(_, text)| text.replace('\n', "\r\n")).collect();
    texts.push("\u{feff}a=1\n".to_owned());
    agree(&texts, |number| cases.get(number).map_or("byte order mark", |case| case.0).to_owned());
}

/// What Terraform 0.11 wrote: its `fmt` says it anew, ours leaves it. What is left is still as it was, and spaced.
#[test]
fn what_is_said_anew_is_left() {
    for (text, ours, theirs) in [
        ("a=\"${var.x}\"\n", "a = \"${var.x}\"\n", "a = var.x\n"),
        ("variable x {}\n", "variable x {}\n", "variable \"x\" {}\n"),
        (
            "variable \"x\" {\ntype=\"string\"\n}\n",
            "variable \"x\" {\n  type = \"string\"\n}\n",
            "variable \"x\" {\n  type = string\n}\n",
        ),
    ] {
        assert_eq!(tofu::hcl::format("case.tf", text).unwrap(), ours);
        assert_eq!(theirs_of(text), theirs);
    }
}

fn theirs_of(text: &str) -> String {
    theirs(&[text.to_owned()]).remove(0).unwrap()
}

/// One character is taken out or doubled: what Terraform takes, we take, and nearly all it refuses is refused.
#[test]
fn what_is_no_hcl_is_refused_as_terraform_does() {
    let mut texts = Vec::new();
    for (number, (name, text)) in cases().iter().enumerate() {
        // Half a family of emoji is as wide as its version of Unicode says.
        if *name == "wide characters" {
            continue;
        }
        let characters: Vec<char> = text.chars().collect();
        for step in 0..20 {
            let at = (number * 7 + step * 13) % characters.len();
            let mut changed = characters.clone();
            match step % 2 {
                0 => drop(changed.remove(at)),
                _ => changed.insert(at, characters[at]),
            }
            texts.push(changed.into_iter().collect());
        }
    }
    let overlooked = differences(&texts, |number| format!("change {number}"));
    assert!(texts.len() > 1000 && overlooked.len() <= 5, "{overlooked:#?}");
}
