//! Values in files of other tools: Ansible Vault, read here, and sops, read by the user's own program.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::planted::{ask, by_olena, bytes, found, go, set, whole};
use common::ran;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The fleet with `web` in another tool's file.
fn elsewhere(kind: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let fleet = whole();
    fs::remove_file(fleet.path().join("secrets/web.age")).unwrap();
    for (path, text) in files {
        fs::create_dir_all(fleet.path().join(path).parent().unwrap()).unwrap();
        fs::write(fleet.path().join(path), text).unwrap();
    }
    let sources = fleet.path().join("fleet.yaml");
    let text = fs::read_to_string(&sources).unwrap();
    fs::write(&sources, text.replace("  web: given\n", &format!("  web: {kind}\n"))).unwrap();
    fleet
}

const VAULT_PASSWORD: &str = "open sesame";

/// A vault of Ansible's own, by its own program.
fn vault(plain: &str) -> String {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let program = common::root().join("target/oracle/bin/ansible-vault");
    assert!(program.exists(), "{} is missing: `need_oracle` of .config/setup.sh makes it", program.display());
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, VAULT_PASSWORD).unwrap();
    let mut child = Command::new(program)
        .args(["encrypt", "--output", "-", "--vault-password-file"])
        .arg(&password)
        .env("HOME", folder.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(plain.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_value_in_a_vault_is_read_where_it_stands() {
    let plain = "sql:\n  password: \"with = & $ 'all' of it\"\nport: 5432\n";
    let whole = vault(plain);
    let inline = vault("one by one");
    let inline = inline.trim_end().replace('\n', "\n    ");
    let fleet = elsewhere(
        "{kind: vault, file: group_vars/vault.yml, key: sql.password, password-file: .password}",
        &[("group_vars/vault.yml", &whole), (".password", VAULT_PASSWORD)],
    );
    let shown = || bytes(fleet.path(), &["secrets", "show", "web"]);
    assert_eq!(shown(), b"with = & $ 'all' of it");
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
    // The password comes from a file, the environment or standard input.
    fs::remove_file(fleet.path().join(".password")).unwrap();
    let mut by_value = by_olena(fleet.path(), &["secrets", "show", "web"]);
    assert_eq!(
        by_value.env("FLEETWRIGHT_VAULT_PASSWORD", VAULT_PASSWORD).output().unwrap().stdout,
        b"with = & $ 'all' of it"
    );
    let mut by_input = by_olena(fleet.path(), &["secrets", "show", "web"]);
    by_input.env("ANSIBLE_VAULT_PASSWORD_FILE", "-");
    let mut child =
        by_input.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), VAULT_PASSWORD.as_bytes()).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"with = & $ 'all' of it");
    // Wrong password, no password, a number, no key, no file, and a new value: each said, none written.
    let sources = fleet.path().join("fleet.yaml");
    let text = fs::read_to_string(&sources).unwrap();
    fs::write(fleet.path().join(".password"), "wrong").unwrap();
    let refused = |args: &[&str], code: &str| {
        let ran = go(fleet.path(), args);
        assert!(ran.code == 1 && ran.err.contains(code), "{code}: {}{}", ran.out, ran.err);
    };
    refused(&["secrets", "show", "web"], "FW1108");
    fs::write(fleet.path().join(".password"), VAULT_PASSWORD).unwrap();
    for (from, to, code) in [
        ("key: sql.password", "key: port", "FW1145"),
        ("key: sql.password", "key: sql.user", "FW1145"),
        ("vault.yml, key", "gone.yml, key", "FW3002"),
        (", password-file: .password", "", "FW1109"),
    ] {
        fs::write(&sources, format!("{}others: [group_vars]\n", text.replace(from, to))).unwrap();
        refused(&["secrets", "show", "web"], code);
    }
    fs::write(&sources, &text).unwrap();
    let set = set(fleet.path(), &["web"], b"new");
    assert!(set.code == 1 && set.err.contains("ansible-vault edit"), "{}", set.err);
    refused(&["secrets", "rotate", "web", "--yes"], "FW1144");
    assert_eq!(shown(), b"with = & $ 'all' of it");
    fs::write(
        fleet.path().join("group_vars/vault.yml"),
        format!("plain: a\nsecret: !vault |\n    {inline}\n"),
    )
    .unwrap();
    fs::write(&sources, text.replace("key: sql.password", "key: secret")).unwrap();
    assert_eq!(shown(), b"one by one");
    fs::write(fleet.path().join("group_vars/vault.yml"), &whole).unwrap();
    fs::write(&sources, text.replace(", key: sql.password", "")).unwrap();
    assert_eq!(shown(), plain.as_bytes());
}

#[test]
fn a_value_of_sops_is_read_by_the_users_own_program() {
    let fleet = elsewhere(
        "{kind: sops, file: group_vars/secrets.enc.yaml, key: sql.password}",
        &[("group_vars/secrets.enc.yaml", "sops: {}\n")],
    );
    let programs = tempfile::tempdir().unwrap();
    let show = || {
        let mut command = by_olena(fleet.path(), &["secrets", "show", "web"]);
        ran(command.env("PATH", programs.path()).output().unwrap())
    };
    let missing = show();
    assert!(
        missing.code == 5 && missing.err.contains("FW3012") && missing.err.contains("sops"),
        "{}",
        missing.err
    );
    // A stand-in that answers as sops does, and only to what sops is asked.
    let sops = programs.path().join("sops");
    let stand_in = |body: &str| {
        fs::write(&sops, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&sops, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let answer = programs.path().join("answer");
    fs::write(&answer, serde_json::json!({"sql": {"password": "a\"b\nc", "port": 5}}).to_string()).unwrap();
    let asked = "[ \"$*\" = '-d --output-type json ./group_vars/secrets.enc.yaml' ] || exit 9";
    stand_in(&format!("{asked}\nexec /bin/cat {}", answer.display()));
    let shown = show();
    assert_eq!((shown.code, &*shown.out), (0, "a\"b\nc"), "{}", shown.err);
    stand_in("echo 'no key' >&2; exit 128");
    let failed = show();
    assert!(
        failed.code == 1 && failed.err.contains("FW1145") && failed.err.contains("no key"),
        "{}",
        failed.err
    );
}
