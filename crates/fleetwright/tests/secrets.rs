//! `fleetwright secrets`: values are kept byte for byte, for whom they are meant, and every fault is found.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::planted::{FLEET, GIVEN, Needles, ask, by_olena, bytes, done, files, found, go, set, whole};
use common::{fleet, ran};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn values_are_kept_byte_for_byte_and_only_for_readers() {
    let fleet = whole();
    let mut needles = Needles::default();
    for (name, value) in GIVEN {
        assert_eq!(bytes(fleet.path(), &["secrets", "show", name]), value.as_bytes(), "{name}");
        needles.plant(name, value.as_bytes());
        let list = fs::read_to_string(fleet.path().join(format!("secrets/{name}.to"))).unwrap();
        assert!(list.starts_with("olena age1"), "{list}");
    }
    let token = bytes(fleet.path(), &["secrets", "show", "token"]);
    assert!(token.len() == 40 && token.iter().all(u8::is_ascii_graphic));
    needles.plant("token", &token);
    for (path, text) in files(fleet.path(), &[]) {
        assert_eq!(needles.found_in(&text), Vec::<String>::new(), "{}", path.display());
    }
    // Nobody else's key opens them; the twin and CI need none.
    let mut other = by_olena(fleet.path(), &["secrets", "show", "web"]);
    let refused = ran(other.env_remove("FLEETWRIGHT_IDENTITY").output().unwrap());
    assert!(refused.code == 1 && refused.err.contains("FW1122"), "{}{}", refused.out, refused.err);
    let mut by_value = by_olena(fleet.path(), &["secrets", "show", "web"]);
    by_value.env_remove("FLEETWRIGHT_IDENTITY");
    by_value.env("FLEETWRIGHT_AGE_KEY", fs::read_to_string(common::planted::identity()).unwrap());
    assert_eq!(by_value.output().unwrap().stdout, GIVEN[1].1.as_bytes());
    // Rendered without the word for it nothing is there, with it everything is, and only where it is used.
    let out = fleet.path().join("out");
    done(&go(fleet.path(), &["render", "--out", out.to_str().unwrap()]));
    for (path, text) in files(&out, &[]) {
        assert_eq!(needles.found_in(&text), Vec::<String>::new(), "{}", path.display());
    }
    done(&go(fleet.path(), &["render", "--out", out.to_str().unwrap(), "--secrets"]));
    let mut holding = BTreeSet::new();
    for (path, text) in files(&out, &[]) {
        if !needles.found_in(&text).is_empty() {
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                path.display()
            );
            holding.insert(path.strip_prefix(&out).unwrap().to_str().unwrap().to_owned());
        }
    }
    let expected = [
        "core/etc/fleetwright/services/worker.env",
        "edge/etc/bird/bird.conf",
        "edge/etc/fleetwright/services/watcher.env",
    ];
    assert_eq!(holding, expected.map(str::to_owned).into());
}

#[test]
fn values_come_from_standard_input_a_file_or_a_variable_and_never_from_an_argument() {
    let fleet = fleet(&[("fleet.yaml", FLEET)]);
    let value = b"a=b&c|d/e$f'g\"h\\\n\nlast\n";
    let file = fleet.path().join(".value");
    fs::write(&file, value).unwrap();
    done(&set(fleet.path(), &["session"], value));
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), value);
    done(&go(fleet.path(), &["secrets", "set", "session", "--file", file.to_str().unwrap(), "--age"]));
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), value);
    assert!(!fleet.path().join(".fleetwright/secrets/session").exists(), "it moved");
    let mut by_variable = by_olena(fleet.path(), &["secrets", "set", "session", "--env", "HERE"]);
    done(&ran(by_variable.env("HERE", "from the environment").output().unwrap()));
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), b"from the environment");
    let shown = ask(fleet.path(), &["secrets", "show", "session"]);
    assert_eq!(shown["value"], "from the environment");
    // Nobody to ask, a NUL, nothing, a hash, a name nobody knows, what its place cannot hold.
    for (args, value, code) in [
        (vec!["session"], b"a\0b".as_slice(), "FW1111"),
        (vec!["session"], b"", "FW3010"),
        (vec!["token-hash"], b"x", "FW1144"),
        (vec!["sesion"], b"x", "FW3004"),
        (vec!["transit"], b"with \"quotes\"", "FW1143"),
        (vec!["session"], b"\xff\xfe", "FW1143"),
    ] {
        let refused = set(fleet.path(), &args, value);
        assert!(refused.code == 1 && refused.err.contains(code), "{args:?} {code}: {}", refused.err);
        assert!(!refused.err.contains("with \"quotes\""), "{}", refused.err);
    }
    let unasked = ran(by_olena(fleet.path(), &["secrets", "set", "web"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap());
    assert_eq!(unasked.code, 1, "{}", unasked.out);
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), b"from the environment");
}

#[test]
fn a_planted_unused_missing_and_undecryptable_one_is_found() {
    let fleet = whole();
    let clean = ask(fleet.path(), &["secrets", "check"]);
    assert_eq!((&clean["exit"], found(&clean)), (&0.into(), BTreeSet::new()), "{clean:#}");

    let sources = fleet.path().join("fleet.yaml");
    let text = fs::read_to_string(&sources).unwrap();
    // Described and used by nothing; kept and described by nothing; a hash of another plaintext.
    fs::write(&sources, format!("{text}  spare: uuid\n")).unwrap();
    done(&go(fleet.path(), &["lock"]));
    fs::copy(fleet.path().join("secrets/web.age"), fleet.path().join("secrets/forgotten.age")).unwrap();
    fs::copy(fleet.path().join("secrets/web.to"), fleet.path().join("secrets/forgotten.to")).unwrap();
    fs::remove_file(fleet.path().join("secrets/web.age")).unwrap();
    fs::write(fleet.path().join("secrets/session.age"), "age-encryption.org/v1\nnot whole").unwrap();
    let hash = "$6$rounds=1000$abcdefghijklmnop$PklNJvhJtXa5Wq3aWQvfyb2kFZXUMVVf9vo6.2gwTMWc5WcSkYG0X9rW4nHcS7mTqCUpCpmz9.v3TgfJ0nVnm0";
    fs::remove_file(fleet.path().join("secrets/token-hash.age")).unwrap();
    let local = fleet.path().join(".fleetwright/secrets/token-hash");
    fs::create_dir_all(local.parent().unwrap()).unwrap();
    fs::write(&local, format!("{hash}\n")).unwrap();
    fs::set_permissions(&local, fs::Permissions::from_mode(0o600)).unwrap();

    let checked = ask(fleet.path(), &["secrets", "check"]);
    assert_eq!(checked["exit"], 1);
    let expected = ["FW1140 forgotten", "FW1140 spare", "FW1142 token-hash", "FW3006 web", "FW1120 session"];
    let all = found(&checked);
    let undecryptable = |f: &&String| f.starts_with("FW112") && f.ends_with(" session");
    assert_eq!(all.iter().filter(undecryptable).count(), 1, "{checked:#}");
    for one in expected.iter().filter(|e| !e.starts_with("FW1120")) {
        assert!(all.contains(*one), "{one}: {checked:#}");
    }
    assert_eq!(all.len(), expected.len(), "{all:?}");
    // What is missing or does not open names the host and the file, here and in whatever wants the value.
    let place = "core:/etc/fleetwright/services/worker.env";
    let said = go(fleet.path(), &["secrets", "check"]).err;
    assert!(said.contains(place) && said.contains("core:/etc/caddy/Caddyfile"), "{said}");
    let out = fleet.path().join("out");
    let render = go(fleet.path(), &["render", "--secrets", "--out", out.to_str().unwrap()]);
    assert!(
        render.code == 1 && render.err.contains(place) && render.err.contains("FW3006"),
        "{}",
        render.err
    );
    assert!(!out.exists());

    // A file others can read is told too, and a mode that is right is not.
    fs::set_permissions(&local, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(found(&ask(fleet.path(), &["secrets", "check"])).contains("FW3010 token-hash"));
}

#[test]
fn readers_come_and_go() {
    let fleet = whole();
    let sources = fleet.path().join("fleet.yaml");
    let text = fs::read_to_string(&sources).unwrap();
    // A host gets a key: what it uses is not encrypted for it yet.
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqosoM17hw3V8/l9cpj1fGr9rEB9quEZp2vo5HWJBnD";
    let edge = "  edge:\n    site: ams\n";
    fs::write(&sources, text.replacen(edge, &format!("{edge}    age: {key} root@edge\n"), 1)).unwrap();
    let checked = ask(fleet.path(), &["secrets", "check"]);
    let all = found(&checked);
    assert!(all.contains("FW1141 token") && all.contains("FW1141 transit"), "{all:?}");
    assert!(!all.contains("FW1141 session") && !all.contains("FW1141 web"), "{all:?}");
    assert!(checked.to_string().contains("host/edge"), "{checked:#}");
    let rekeyed = ask(fleet.path(), &["secrets", "rekey"]);
    assert_eq!(rekeyed["exit"], 0, "{rekeyed:#}");
    let tokens: Vec<&Value> =
        rekeyed["rekeyed"].as_array().unwrap().iter().filter(|r| r["name"] == "token").collect();
    assert_eq!(tokens[0]["added"], serde_json::json!(["host/edge"]));
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
    // And loses it again.
    fs::write(&sources, &text).unwrap();
    let all = found(&ask(fleet.path(), &["secrets", "check"]));
    assert!(all.contains("FW1141 token"), "{all:?}");
    let told = go(fleet.path(), &["secrets", "rekey"]);
    assert!(told.code == 0 && told.out.contains("-host/edge") && told.out.contains("rotate"), "{}", told.out);
}

#[test]
fn what_lies_on_this_machine_moves_into_the_repository() {
    let fleet = fleet(&[("fleet.yaml", FLEET)]);
    for (name, value) in GIVEN {
        done(&set(fleet.path(), &[name], value.as_bytes()));
    }
    done(&go(fleet.path(), &["lock"]));
    assert!(!fleet.path().join("secrets").exists());
    let before = bytes(fleet.path(), &["secrets", "show", "token"]);
    let moved = ask(fleet.path(), &["secrets", "rekey", "--move"]);
    assert_eq!(moved["exit"], 0, "{moved:#}");
    assert_eq!(files(&fleet.path().join(".fleetwright/secrets"), &[]).len(), 0);
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "token"]), before);
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
    assert!(fleet.path().join("secrets/wireguard").is_dir(), "keys of interfaces too");
    // The lock knows them still.
    done(&go(fleet.path(), &["lock", "--check"]));
    done(&go(fleet.path(), &["lock"]));
}

#[test]
fn a_new_value_says_what_restarts_and_takes_its_hashes_along() {
    let fleet = whole();
    let before = [
        bytes(fleet.path(), &["secrets", "show", "token"]),
        bytes(fleet.path(), &["secrets", "show", "token-hash"]),
    ];
    let unasked = go(fleet.path(), &["secrets", "rotate", "token"]);
    assert!(unasked.code == 1 && unasked.err.contains("FW3011"), "{}", unasked.err);
    let units = unasked.err.find("core:/etc/fleetwright/services/worker.env").unwrap();
    assert!(units < unasked.err.find("FW3011").unwrap(), "{}", unasked.err);
    assert!(
        unasked.err.contains("restarts ") && unasked.err.contains("secret/token-hash"),
        "{}",
        unasked.err
    );
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "token"]), before[0]);
    let rotated = ask(fleet.path(), &["secrets", "rotate", "token", "--yes"]);
    assert_eq!((&rotated["exit"], &rotated["followed"][0]), (&0.into(), &"token-hash".into()), "{rotated:#}");
    let hosts: BTreeSet<&str> =
        rotated["changes"].as_array().unwrap().iter().map(|c| c["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["core", "edge"].into());
    let after = [
        bytes(fleet.path(), &["secrets", "show", "token"]),
        bytes(fleet.path(), &["secrets", "show", "token-hash"]),
    ];
    assert!(before[0] != after[0] && before[1] != after[1]);
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
    // A tunnel's key has its public half in the lock, and the other end changes with it.
    let lock = || fs::read_to_string(fleet.path().join("fleet.lock")).unwrap();
    let (was, name) = (lock(), "wireguard/core/wg-backbone");
    let rotated = ask(fleet.path(), &["secrets", "rotate", name, "--yes"]);
    assert_eq!(rotated["exit"], 0, "{rotated:#}");
    assert!(rotated["changes"].to_string().contains("\"edge\""), "{rotated:#}");
    assert_ne!(lock(), was);
    done(&go(fleet.path(), &["lock", "--check"]));
    done(&go(fleet.path(), &["lock"]));
    // What somebody else made is theirs to change.
    let theirs = go(fleet.path(), &["secrets", "rotate", "web", "--yes"]);
    assert!(theirs.code == 1 && theirs.err.contains("FW1144"), "{}", theirs.err);
    // A given value takes its hashes along too.
    done(&set(fleet.path(), &["token"], b"given instead"));
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
}

#[test]
fn an_editor_gets_a_private_file_that_is_gone_afterwards() {
    let fleet = whole();
    let seen = fleet.path().join(".seen");
    let script = format!(
        "f() {{ stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" >{0}; cat \"$1\" >>{0}; printf 'new\\nvalue\\n' >\"$1\"; }}; f",
        seen.display()
    );
    let edit = |editor: &str| {
        let mut command = by_olena(fleet.path(), &["secrets", "edit", "session"]);
        ran(command.env_remove("VISUAL").env("EDITOR", editor).output().unwrap())
    };
    done(&edit(&script));
    let told = fs::read_to_string(&seen).unwrap();
    let mut lines = told.lines();
    let (file, folder) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(file.starts_with("600 /") && folder.starts_with("700 /"), "{told}");
    assert!(told.ends_with(&format!("{}\n", GIVEN[2].1)), "{told}");
    assert!(!Path::new(folder.split_once(' ').unwrap().1).exists());
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), b"new\nvalue");
    // An editor that fails changes nothing and leaves nothing.
    let failed = edit(&format!("{script} \"$1\"; rm -f {0}; false", seen.display()));
    assert_eq!(failed.code, 1, "{}", failed.err);
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), b"new\nvalue");
}

#[test]
fn a_list_says_who_uses_what_and_no_value() {
    let fleet = whole();
    let listed = ask(fleet.path(), &["secrets", "ls"]);
    let of = |name: &str| {
        listed["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!((&of("token")["kind"], &of("token")["kept"]), (&"random".into(), &"age".into()));
    assert_eq!(of("token-hash")["of"], "token");
    assert_eq!(of("token")["uses"].as_array().unwrap().len(), 2);
    assert_eq!(of("transit")["uses"][0]["path"], "/etc/bird/bird.conf");
    assert_eq!(of("wireguard/edge/wg-backbone")["kind"], "wireguard");
    let text = go(fleet.path(), &["secrets", "ls"]);
    done(&text);
    let mut needles = Needles::default();
    for (name, value) in GIVEN {
        needles.plant(name, value.as_bytes());
    }
    needles.plant("token", &bytes(fleet.path(), &["secrets", "show", "token"]));
    for said in [&listed.to_string(), &text.out, &text.err] {
        assert_eq!(needles.found_in(said.as_bytes()), Vec::<String>::new());
    }
}

#[test]
fn somebody_more_may_read() {
    let fleet = whole();
    let sources = fleet.path().join("fleet.yaml");
    let text = fs::read_to_string(&sources).unwrap();
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqosoM17hw3V8/l9cpj1fGr9rEB9quEZp2vo5HWJBnD";
    let edge = "  edge:\n    site: ams\n";
    fs::write(&sources, text.replacen(edge, &format!("{edge}    age: {key} root@edge\n"), 1)).unwrap();
    done(&go(fleet.path(), &["secrets", "rekey"]));
    let readers = |name: &str| fs::read_to_string(fleet.path().join(format!("secrets/{name}.to"))).unwrap();
    assert!(!readers("session").contains("host/edge"));
    let value = bytes(fleet.path(), &["secrets", "show", "session"]);
    let granted = ask(fleet.path(), &["secrets", "grant", "session", "--to", "edge"]);
    assert_eq!((&granted["exit"], &granted["file"]), (&0.into(), &"fleet.yaml".into()), "{granted:#}");
    let written = fs::read_to_string(&sources).unwrap();
    assert!(written.contains("  session: {kind: given, to: edge}\n"), "{written}");
    assert!(readers("session").contains("host/edge ssh-ed25519 "));
    assert_eq!(bytes(fleet.path(), &["secrets", "show", "session"]), value);
    // Each of the ways it can be written, and one that nothing describes.
    done(&go(fleet.path(), &["secrets", "grant", "session", "--to", "core"]));
    done(&go(fleet.path(), &["secrets", "grant", "token", "--to", "olena"]));
    let written = fs::read_to_string(&sources).unwrap();
    assert!(written.contains("session: {kind: given, to: [edge, core]}"), "{written}");
    assert!(written.contains("token: {to: olena, length: 40, alphabet: printable}"), "{written}");
    assert_eq!(found(&ask(fleet.path(), &["secrets", "check"])), BTreeSet::new());
    for (args, code) in [
        (["session", "--to", "eve"], "FW3004"),
        (["wireguard/core/wg-backbone", "--to", "edge"], "FW1144"),
        (["nothing", "--to", "edge"], "FW3004"),
    ] {
        let refused = go(fleet.path(), &[&["secrets", "grant"], &args[..]].concat());
        assert!(refused.code == 1 && refused.err.contains(code), "{code}: {}", refused.err);
    }
    assert_eq!(fs::read_to_string(&sources).unwrap(), written);
}
