//! Vaults go both ways between Ansible's own code and ours, whatever they hold.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use diag::{Place, Report};
use proptest::prelude::*;
use secret::Secret;
use secret::vault::{self, Passwords, VaultId};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use support::{Repeatable, hex, oracle, place};

/// Contents that break careless code, and lengths around the block.
fn contents() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        "\n",
        "a",
        "no final newline",
        "one\n",
        "two\n\n",
        "a=b&c|d/e$f'g\"h\\i`j",
        "base64==",
        "{{ NAME }}",
        " spaces around ",
        "tab\tand\r\nCRLF\r\n",
        "#comment",
        "łódź ключ 🔑",
        "$ANSIBLE_VAULT;1.1;AES256\n00\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push((0..=255).collect());
    all.push(vec![0; 33]);
    all.extend(
        (14..=18).chain([31, 32, 33, 4096, 100_000]).map(|n| (0..n).map(|i| (i * 7 % 251) as u8).collect()),
    );
    all
}

fn at(place: &Place) -> (u32, u32) {
    (place.line, place.column)
}

#[test]
fn ansible_reads_ours_and_we_read_ansibles() {
    let ids = [None, Some("default"), Some("prod"), Some("dev.site-1@x")];
    let passwords: [&[u8]; 4] =
        [b"hunter2", b"", "пароль with spaces".as_bytes(), &[0xff, 0, 1, b'\n', 0x80]];
    let mut cases = Vec::new();
    let mut questions = Vec::new();
    for (n, content) in contents().into_iter().enumerate() {
        let id = ids[n % ids.len()];
        // Ansible itself refuses an empty password only where it asks for one.
        let password = passwords[n % passwords.len()];
        let typed = id.map(|id| VaultId::new(id, &place()).unwrap());
        let salt = [u8::try_from(n).unwrap(); 32];
        let text = vault::encrypt(&content, &Secret::new(password), typed.as_ref(), salt);
        let wrong = json!(["other", hex(b"wrong")]);
        let given = json!([wrong, [id.unwrap_or("default"), hex(password)]]);
        questions.push(json!({"ask": "decrypt", "vault": text, "passwords": given}));
        questions
            .push(json!({"ask": "encrypt", "content": hex(&content), "password": hex(password), "id": id}));
        cases.push((content, id, password, text));
    }
    let answers = oracle(&questions);
    for ((content, id, password, ours), pair) in cases.iter().zip(answers.chunks(2)) {
        let expected = json!({"ok": [hex(content), id.unwrap_or("default")]});
        assert_eq!(pair[0], expected, "Ansible reads ours of {} bytes", content.len());

        if content.starts_with(b"$ANSIBLE_VAULT") {
            assert!(pair[1]["error"].as_str().unwrap().contains("already encrypted"), "{}", pair[1]);
            continue;
        }
        let theirs = pair[1]["ok"].as_str().unwrap_or_else(|| panic!("{}", pair[1]));
        let given =
            Passwords::new().with(Some("other"), Secret::new(*b"wrong")).with(*id, Secret::new(*password));
        let opened = vault::open(theirs.as_bytes(), &given, &place()).unwrap();
        assert_eq!(opened.secret.bytes(), content);
        assert_eq!(opened.by, id.unwrap_or("default"));
        assert_eq!(opened.id.as_deref(), id.filter(|id| *id != "default"));
        // The same salt would give the same bytes: first line, width and end are as theirs.
        assert_eq!(theirs.lines().next(), ours.lines().next());
        let widths = |text: &str| text.split('\n').map(str::len).collect::<Vec<_>>();
        assert_eq!(widths(theirs), widths(ours));
    }
}

#[test]
fn a_rekeyed_vault_opens_with_the_new_password_only() {
    let old = vault::encrypt(b"kept\n", &Secret::new(*b"old"), None, [1; 32]);
    let id = VaultId::new("prod", &place()).unwrap();
    let given = Passwords::new().with(None, Secret::new(*b"old"));
    let new =
        vault::rekey(old.as_bytes(), &given, &Secret::new(*b"new"), Some(&id), [2; 32], &place()).unwrap();
    assert!(new.starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
    let asked =
        |password: &[u8]| json!({"ask": "decrypt", "vault": new, "passwords": [["prod", hex(password)]]});
    let answers = oracle(&[asked(b"new"), asked(b"old")]);
    assert_eq!(answers[0], json!({"ok": [hex(b"kept\n"), "prod"]}));
    assert!(answers[1]["error"].as_str().unwrap().contains("Decryption failed"), "{}", answers[1]);
    assert_eq!(vault::decrypt(new.as_bytes(), &given, &place()).unwrap_err().code, "FW1108");

    let given = Passwords::new().with(None, Secret::new(*b"new"));
    let again = |id: Option<&VaultId>| {
        vault::rekey(new.as_bytes(), &given, &Secret::new(*b"p"), id, [3; 32], &place()).unwrap()
    };
    assert!(again(None).starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"), "its own id is kept");
    let none = VaultId::new("default", &place()).unwrap();
    assert!(again(Some(&none)).starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
}

#[test]
fn passwords_are_read_as_ansible_reads_them() {
    let file = |bytes: &[u8]| Passwords::of_file(bytes, &place()).map(|p| p.bytes().to_vec());
    let program = |bytes: &[u8]| Passwords::of_program(bytes, &place()).map(|p| p.bytes().to_vec());
    assert_eq!(file(b" \x0b\t two words \r\n\x0c\n").unwrap(), b"two words");
    assert_eq!(program(b"\n  two words \r\n\n").unwrap(), b"  two words ");
    for (read, empty) in
        [(file(b""), true), (file(b" \n\x0b"), true), (program(b"\r\n"), true), (program(b" \n"), false)]
    {
        assert_eq!(read.err().map(|found| found.code), empty.then_some("FW1109"));
    }
}

/// A file with values of two passwords, CRLF, comments and what only looks like a vault.
#[test]
fn every_vault_of_a_file_is_rekeyed_and_nothing_else_is_touched() {
    let (old, new) = (Secret::new(*b"old"), Secret::new(*b"new"));
    let prod = VaultId::new("prod", &place()).unwrap();
    let one = vault::encrypt(b"first", &old, None, [1; 32]);
    let two = vault::encrypt(b"second\n", &old, Some(&prod), [2; 32]);
    let file = format!(
        "# $ANSIBLE_VAULT;1.1;AES256 in a comment\r\na: {}\nb:\n  - x: {}\n\n  - plain # |\nend: $ANSIBLE_VAULT\n",
        vault::to_inline(&one, 10),
        vault::to_inline(&two, 6).replace('\n', "\r\n"),
    );
    let given = Passwords::new().with(None, old.clone());
    let mut report = Report::new();
    let mut entropy = Repeatable(3);
    let done = vault::rekey_text(&file, &given, &new, None, &mut entropy, "group_vars/all.yml", &mut report)
        .unwrap();
    assert_eq!((done.vaults, report.items.len()), (2, 0));
    let hexless = |text: &str| {
        let is_hex =
            |line: &str| line.starts_with("      ") && line.trim().bytes().all(|b| b.is_ascii_hexdigit());
        text.split_inclusive('\n').filter(|line| !is_hex(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(hexless(&done.text), hexless(&file));
    assert_ne!(done.text, file);
    let ends = |text: &str| text.split('\n').map(|line| line.ends_with('\r')).collect::<Vec<_>>();
    assert_eq!(ends(&done.text), ends(&file));
    let lines: Vec<&str> = done.text.lines().collect();
    let blocks: Vec<String> = ["  - x", "end"]
        .iter()
        .zip(["a: ", "  - x: "])
        .map(|(end, start)| {
            let from = lines.iter().position(|line| line.starts_with(start)).unwrap();
            let to = lines
                .iter()
                .skip(from + 1)
                .position(|line| line.starts_with(end) || line.is_empty() || *line == "b:");
            let text = lines[from..from + 1 + to.unwrap()].join("\n");
            vault::from_inline(text.split_once(": ").unwrap().1).unwrap()
        })
        .collect();
    let asked = |text: &str, password: &[u8]| json!({"ask": "decrypt", "vault": text, "passwords": [["default", hex(password)]]});
    let answers = oracle(&[asked(&blocks[0], b"new"), asked(&blocks[1], b"new"), asked(&blocks[0], b"old")]);
    assert_eq!(answers[0], json!({"ok": [hex(b"first"), "default"]}));
    assert_eq!(answers[1], json!({"ok": [hex(b"second\n"), "default"]}));
    assert!(answers[2]["error"].is_string());

    let whole = vault::rekey_text(&one, &given, &new, Some(&prod), &mut entropy, "x", &mut report).unwrap();
    assert!(whole.vaults == 1 && whole.text.starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
    let none = vault::rekey_text("a: b\n", &given, &new, None, &mut entropy, "x", &mut report).unwrap();
    assert_eq!((none.text.as_str(), none.vaults), ("a: b\n", 0));

    let wrong = Passwords::new().with(None, new.clone());
    assert_eq!(vault::rekey_text(&file, &wrong, &new, None, &mut entropy, "f", &mut report), None);
    let places: Vec<String> =
        report.items.iter().map(|d| format!("{} {}", d.code, d.place.as_ref().unwrap())).collect();
    let line = |start: &str| file.lines().position(|line| line.starts_with(start)).unwrap() + 2;
    assert_eq!(places, [format!("FW1108 f:{}:11", line("a:")), format!("FW1108 f:{}:7", line("  - x"))]);
}

/// The program itself: its password files and scripts, `encrypt_string` and `rekey`.
#[test]
fn the_ansible_vault_program_takes_ours_and_we_take_its() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("password"), " of a file\t\n").unwrap();
    fs::write(at("script"), "#!/bin/sh\nprintf '  of a script \\n'\n").unwrap();
    fs::set_permissions(at("script"), fs::Permissions::from_mode(0o755)).unwrap();
    let of_file = Passwords::of_file(b" of a file\t\n", &place()).unwrap();
    let of_script = Passwords::of_program(b"  of a script \n", &place()).unwrap();
    let run = |args: &[&str]| {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle/bin/ansible-vault");
        let output = Command::new(&program)
            .args(args)
            .current_dir(folder.path())
            .env_clear()
            .envs([("HOME", folder.path()), ("PATH", "/usr/bin:/bin".as_ref())])
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap_or_else(|e| {
                panic!("{}: {e}; `need_oracle` of .config/setup.sh makes it", program.display())
            });
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
        output.stdout
    };

    let content = b"a=b&c|d/e$f'g\"h\nno newline at the end";
    let prod = VaultId::new("prod", &place()).unwrap();
    fs::write(at("ours"), vault::encrypt(content, &of_file, Some(&prod), [9; 32])).unwrap();
    assert_eq!(run(&["decrypt", "--vault-id", "prod@password", "--output", "-", "ours"]), content);

    run(&["rekey", "--vault-id", "prod@password", "--new-vault-id", "next@script", "ours"]);
    let rekeyed = fs::read(at("ours")).unwrap();
    let opened = vault::open(&rekeyed, &Passwords::new().with(None, of_script), &place()).unwrap();
    assert_eq!((opened.secret.bytes(), opened.id.as_deref()), (&content[..], Some("next")));

    let theirs =
        run(&["encrypt_string", "--vault-password-file", "password", "--name", "key", "it's a $value="]);
    let theirs = String::from_utf8(theirs).unwrap();
    let inline = theirs.strip_prefix("key: ").unwrap().trim_end();
    let text = vault::from_inline(inline).unwrap();
    let given = Passwords::new().with(None, of_file);
    assert_eq!(vault::decrypt(text.as_bytes(), &given, &place()).unwrap().bytes(), b"it's a $value=");
    assert_eq!(vault::to_inline(&text, 10), inline);
}

#[test]
fn every_password_is_tried_unless_the_id_must_match() {
    let id = VaultId::new("prod", &place()).unwrap();
    let text = vault::encrypt(b"x", &Secret::new(*b"right"), Some(&id), [1; 32]);
    let given = Passwords::new().with(Some("dev"), Secret::new(*b"right"));
    assert_eq!(vault::open(text.as_bytes(), &given, &place()).unwrap().by, "dev");
    let strict = given.clone().only_matching(true);
    assert_eq!(vault::decrypt(text.as_bytes(), &strict, &place()).unwrap_err().code, "FW1109");
    let several =
        strict.with(Some("prod"), Secret::new(*b"wrong")).with(Some("prod"), Secret::new(*b"right"));
    assert_eq!(vault::open(text.as_bytes(), &several, &place()).unwrap().by, "prod");
    assert_eq!(vault::decrypt(text.as_bytes(), &Passwords::new(), &place()).unwrap_err().code, "FW1109");
}

#[test]
fn inline_values_read_as_they_stand_in_a_file() {
    let text = vault::encrypt(b"value", &Secret::new(*b"p"), None, [3; 32]);
    let inline = vault::to_inline(&text, 10);
    assert!(inline.starts_with("!vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          "));
    assert!(!inline.ends_with('\n'));
    assert_eq!(vault::from_inline(&inline).unwrap(), text);
    assert_eq!(vault::from_inline(&format!("\n{text}\n")).unwrap(), text);
    assert_eq!(vault::from_inline("!vault |\n  something else"), None);
    let given = Passwords::new().with(None, Passwords::of_file(b" p\n", &place()).unwrap());
    let indented = text.replace('\n', "\r\n    ");
    assert_eq!(vault::decrypt(indented.as_bytes(), &given, &place()).unwrap().bytes(), b"value");
}

/// Each fault has its own code, and the line it is in.
#[test]
fn what_is_wrong_with_a_vault_is_said_by_code_and_line() {
    let given = Passwords::new().with(None, Secret::new(*b"p"));
    let good = vault::encrypt(&[b'x'; 100], &Secret::new(*b"p"), None, [3; 32]);
    let hexed = |inner: &str| format!("$ANSIBLE_VAULT;1.1;AES256\n{}\n", hex(inner.as_bytes()));
    let mut damaged: Vec<String> = good.lines().map(str::to_owned).collect();
    damaged[3].replace_range(10..11, "g");
    let salt = "00".repeat(32);
    let cases: Vec<(&str, String, (u32, u32))> = vec![
        ("FW1101", "plain: text\n".into(), (3, 7)),
        ("FW1101", String::new(), (3, 7)),
        ("FW1102", "$ANSIBLE_VAULT\n00".into(), (3, 7)),
        ("FW1102", "$ANSIBLE_VAULT;1.2;AES256;\n00".into(), (3, 7)),
        ("FW1102", "$ANSIBLE_VAULT;1.2;AES256;a;b\n00".into(), (3, 7)),
        ("FW1103", good.replacen("1.1", "1.3", 1), (3, 7)),
        ("FW1103", good.replacen("1.1", "1.0", 1), (3, 7)),
        ("FW1104", good.replacen("AES256", "AES", 1), (3, 7)),
        ("FW1105", damaged.join("\n"), (6, 11)),
        ("FW1106", "$ANSIBLE_VAULT;1.1;AES256\n".into(), (3, 7)),
        ("FW1106", good.trim_end()[..good.trim_end().len() - 1].to_owned(), (12, 1)),
        ("FW1106", good.trim_end()[..good.trim_end().len() - 8].to_owned(), (12, 1)),
        ("FW1106", hexed(&salt), (4, 1)),
        ("FW1106", hexed(&format!("{salt}\n{salt}")), (4, 1)),
        ("FW1106", hexed(&format!("{salt}\n{salt}\n")), (4, 1)),
        ("FW1107", hexed(&format!("salt\n{salt}\n{salt}")), (4, 1)),
        ("FW1107", hexed(&format!("{salt}\n00\n{salt}")), (4, 1)),
        ("FW1107", hexed(&format!("{salt}\n{salt}\nzz")), (4, 1)),
        ("FW1108", hexed(&format!("{salt}\n{salt}\n{salt}")), (3, 7)),
    ];
    for (code, text, where_) in cases {
        let found = vault::decrypt(text.as_bytes(), &given, &place()).unwrap_err();
        assert_eq!((found.code, at(found.place.as_ref().unwrap())), (code, where_), "{text}\n{found:?}");
        assert!(found.help.is_some());
    }
    for id in ["", "a;b", "a b", "a\nb", "ключ"] {
        assert_eq!(VaultId::new(id, &place()).unwrap_err().code, "FW1110");
    }
}

#[test]
fn a_secret_is_never_shown_and_holds_what_it_holds() {
    let secret = Secret::value(*b"a=b\n", &place()).unwrap();
    assert_eq!(
        format!("{secret} {secret:?} {:#?}", Some(&secret)),
        "(secret) (secret) Some(\n    (secret),\n)"
    );
    assert_eq!(secret.bytes(), b"a=b\n");
    assert_ne!(secret, Secret::new(*b"a=b"));
    assert_eq!(Secret::value(*b"a\0b", &place()).unwrap_err().code, "FW1111");
    let given = Passwords::new().with(None, Secret::new(*b"planted"));
    assert!(!format!("{given:?}").contains("planted"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_come_back(content: Vec<u8>, password: Vec<u8>, salt: [u8; 32]) {
        let password = Secret::new(password);
        let text = vault::encrypt(&content, &password, None, salt);
        let given = Passwords::new().with(None, password);
        let opened = vault::decrypt(text.as_bytes(), &given, &place()).unwrap();
        prop_assert_eq!(opened.bytes(), &content);
        // One flipped digit anywhere is never a content.
        let mut changed = text.into_bytes();
        let at = 26 + usize::from(salt[0]) % (changed.len() - 27);
        if changed[at].is_ascii_hexdigit() {
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            prop_assert!(vault::decrypt(&changed, &given, &place()).is_err());
        }
    }
}
