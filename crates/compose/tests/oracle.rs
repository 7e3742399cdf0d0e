//! docker compose v2 itself and this room agree on every case of `cases/`: `docker-compose config --format json`
//! against [`compose::load`], as parsed structures.
//!
//! Before they are compared, and nowhere else, what docker compose always writes and what says nothing is taken
//! out: `command: null`, `entrypoint: null`, and empty maps under `ipam`, `placement` and `resources`. Two keys its
//! JSON spells as Go does (`Path`, `Rate` of `blkio_config`) are spelled as its YAML has them, and `x-` keys below
//! the first level, which its JSON leaves out, are left out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use compose::Options;
use diag::Report;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Case, ROOT, cases, json, shell};

fn docker_compose() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle-compose/docker-compose");
    assert!(
        path.exists(),
        "{} is missing: run `source .config/setup.sh; need_compose target/oracle-compose/docker-compose`, or ./test, which does",
        path.display()
    );
    path
}

/// Longest that docker compose may take for a case.
const DEADLINE: Duration = Duration::from_secs(20);

/// What docker compose says to a case.
enum Answer {
    Project(Value),
    Refused(String),
    /// It was still at it when its time was over.
    RanAway,
}

/// What docker compose makes of a case, as if it lay in [`ROOT`].
fn theirs(program: &Path, case: &Case) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let root = format!("{}{ROOT}", folder.path().display());
    for (name, text) in &case.files {
        let path = Path::new(&root).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let [out, err] = ["out", "err"].map(|name| folder.path().join(name));
    let mut command = Command::new(program);
    command.env_clear().envs(shell()).env("PATH", "/usr/bin:/bin").current_dir(&root);
    for name in case.composes() {
        command.args(["-f", &name]);
    }
    command.args(["config", "--format", "json"]).stdin(Stdio::null());
    command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > DEADLINE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Answer::RanAway;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        return Answer::Refused(String::from_utf8_lossy(&fs::read(err).unwrap()).into_owned());
    }
    let text = fs::read_to_string(out).unwrap().replace(&root, ROOT);
    let text = text.replace(&*folder.path().to_string_lossy(), "").replace("$$", "$");
    Answer::Project(serde_json::from_str(&text).unwrap())
}

fn without_nothing(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["command", "entrypoint"] {
                if map.get(key) == Some(&Value::Null) {
                    map.remove(key);
                }
            }
            for key in ["ipam", "placement", "resources"] {
                if map.get(key).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
                    map.remove(key);
                }
            }
            for key in ["Path", "Rate", "Weight"] {
                if let Some(value) = map.remove(key) {
                    map.insert(key.to_lowercase(), value);
                }
            }
            map.values_mut().for_each(|inside| {
                if let Value::Object(inside) = inside {
                    inside.retain(|key, _| !key.starts_with("x-"));
                }
                without_nothing(inside);
            });
        }
        Value::Array(items) => items.iter_mut().for_each(without_nothing),
        _ => {}
    }
}

#[test]
fn docker_compose_merges_each_case_as_we_do() {
    let program = docker_compose();
    let cases = cases("cases");
    assert!(cases.len() >= 50, "{} cases", cases.len());
    let mut wrong = String::new();
    for case in &cases {
        compare(&program, case, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Cases of `bad/` that docker compose takes, all of which it gets wrong in silence: tags it does not know or passes
/// over, brackets nobody wrote on purpose, a variable of sixteen megabytes.
const TAKEN: [&str; 4] = ["FW1403-deep", "FW1404-tag", "FW1404-tag-in-anchor", "FW1432-variables"];

/// Cases on which docker compose does not end before the machine's memory does; it is not asked.
const ENDLESS: [&str; 2] = ["FW1402-bomb", "FW1432-ports"];

/// What we refuse docker compose refuses, but for what it is known to take.
#[test]
fn docker_compose_refuses_what_we_refuse() {
    let program = docker_compose();
    let mut wrong = String::new();
    for case in cases("bad") {
        let refused = case.load().1.has_errors();
        let taken = TAKEN.contains(&case.name.as_str());
        if ENDLESS.contains(&case.name.as_str()) {
            assert!(refused, "{}", case.name);
            continue;
        }
        match theirs(&program, &case) {
            Answer::Project(_) if refused && !taken => {
                wrong.push_str(&format!("{}: docker compose takes it\n", case.name));
            }
            Answer::Refused(error) if !refused || taken => {
                wrong.push_str(&format!("{}: docker compose refuses it: {error}\n", case.name));
            }
            Answer::RanAway => wrong.push_str(&format!("{}: docker compose does not end\n", case.name)),
            Answer::Project(_) | Answer::Refused(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Folders in which nobody names a file. The files have the project's name and no paths in them.
const FOLDERS: &[(&str, &[(&str, &str)])] = &[
    (
        "an override of another default name",
        &[
            ("compose.yml", "name: p\nservices: {web: {image: a}}\n"),
            ("docker-compose.yml", "name: p\nservices: {other: {image: b}}\n"),
            ("docker-compose.override.yml", "services: {web: {user: me}}\n"),
        ],
    ),
    (
        "COMPOSE_FILE and COMPOSE_PROFILES in .env",
        &[
            (".env", "COMPOSE_FILE=base.yaml:site/over.yaml\nCOMPOSE_PROFILES=a,b\nTAG=here\n"),
            ("base.yaml", "name: p\nservices: {web: {image: \"a:$TAG\"}, b: {image: b, profiles: [b, c]}}\n"),
            ("site/over.yaml", "services: {web: {user: me}, c: {image: c, profiles: [c]}}\n"),
            ("site/.env", "TAG=there\n"),
        ],
    ),
    (
        "variables of the folder one is in, then of the project's",
        &[
            (".env", "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=site/compose.yaml;site/over.yaml\nA=here\n"),
            ("site/.env", "A=there\nB=there\nC=$A\nSHELL_SET=there\n"),
            (
                "site/compose.yaml",
                "name: p\nservices: {web: {image: \"$A-$B-$C\", hostname: \"$SHELL_SET\"}}\n",
            ),
            ("site/over.yaml", "services: {web: {user: me}}\n"),
        ],
    ),
];

#[test]
fn docker_compose_finds_what_we_find() {
    let program = docker_compose();
    for (name, files) in FOLDERS {
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let mut report = Report::new();
        let sources: BTreeMap<String, Vec<u8>> = files.iter().cloned().collect();
        let options = Options { environment: shell(), ..Options::default() };
        let project = compose::load(&sources, &options, &mut report);
        assert!(!report.has_errors(), "{name}: {}", diag::render_plain(&report));
        let mut ours = json(&project.unwrap().used());
        let case = Case { name: (*name).to_owned(), about: String::new(), files };
        let mut theirs = match theirs(&program, &case) {
            Answer::Project(value) => value,
            Answer::Refused(error) => panic!("{name}: docker compose refuses it: {error}"),
            Answer::RanAway => panic!("{name}: docker compose does not end"),
        };
        without_nothing(&mut ours);
        without_nothing(&mut theirs);
        assert_eq!(ours, theirs, "{name}");
    }
}

fn compare(program: &Path, case: &Case, wrong: &mut String) {
    let files =
        || case.files.iter().map(|(_, text)| String::from_utf8_lossy(text)).collect::<Vec<_>>().join("---\n");
    let mut ours = json(&case.project().used());
    let mut theirs = match theirs(program, case) {
        Answer::Project(value) => value,
        Answer::Refused(error) => {
            wrong.push_str(&format!("== {}: docker compose refuses it: {error}\n{}", case.name, files()));
            return;
        }
        Answer::RanAway => {
            wrong.push_str(&format!("== {}: docker compose does not end\n{}", case.name, files()));
            return;
        }
    };
    without_nothing(&mut ours);
    without_nothing(&mut theirs);
    if ours != theirs {
        let lines = difference(&theirs, &ours);
        wrong.push_str(&format!("== {} (- docker compose, + ours)\n{lines}{}", case.name, files()));
    }
}

/// Values a service's keys may have, each of which may be laid over each other one.
const KEYS: &[(&str, &[&str])] = &[
    ("command", &["run --now", "[a, b]", "[]"]),
    ("environment", &["{A: 1, B: x}", "[A=2, C=y=z, SHELL_SET]", "{C: null, D: true}", "[]"]),
    ("labels", &["{a.b: x, c: 1}", "[a.b=y, d]", "{e: false}"]),
    (
        "ports",
        &[
            "[80]",
            "[\"8080:80\", \"53:53/udp\"]",
            "[\"8080:80\", {target: 80, published: \"9090\"}]",
            "[\"90-91:90-91\"]",
        ],
    ),
    (
        "volumes",
        &[
            "[\"data:/data\"]",
            "[\"./x:/data:ro\", /anonymous]",
            "[{type: tmpfs, target: /data}, \"more:/more\"]",
        ],
    ),
    (
        "depends_on",
        &[
            "[db]",
            "{db: {condition: service_healthy}}",
            "{db: {condition: service_started, required: false, restart: true}}",
        ],
    ),
    (
        "networks",
        &["[front]", "{front: {aliases: [a]}, back: }", "{front: {aliases: [b], ipv4_address: 10.0.0.2}}"],
    ),
    ("dns", &["1.1.1.1", "[8.8.8.8, 1.1.1.1]", "[9.9.9.9]"]),
    ("tmpfs", &["/run", "[/tmp, /run]"]),
    ("cap_add", &["[A]", "[B, A]"]),
    ("expose", &["[\"1\", 2]", "[2, \"3\"]"]),
    (
        "healthcheck",
        &["{test: ok, interval: 90s}", "{test: [CMD, x], retries: 3}", "{disable: true}", "{timeout: 1.5h}"],
    ),
    (
        "deploy",
        &[
            "{replicas: 0, labels: {a: b}}",
            "{labels: [c=d], resources: {limits: {cpus: \"0.5\", memory: 1g}}}",
        ],
    ),
    ("ulimits", &["{nofile: 5}", "{nofile: {soft: 1, hard: 2}, nproc: 7}"]),
    ("sysctls", &["{a: 1}", "[a=2, b=3]"]),
    ("logging", &["{driver: x, options: {a: 1}}", "{driver: y, options: {b: 2}}", "{options: {c: null}}"]),
    ("extra_hosts", &["[\"a=1.1.1.1\"]", "{b: 2.2.2.2}", "[\"a=1.1.1.1\", \"a=3.3.3.3\"]"]),
    ("secrets", &["[s]", "[{source: s, target: /run/secrets/s, mode: 0400}, t]", "[{source: t, target: t}]"]),
    ("configs", &["[c]", "[{source: c, uid: \"1\"}]"]),
    ("build", &[".", "{context: ./b, args: {X: 1}}", "{args: [X=2, Y], tags: [a]}"]),
    ("devices", &["[\"/dev/a\"]", "[\"/dev/b:/dev/a:r\"]"]),
    ("restart", &["always", "\"no\""]),
    ("read_only", &["true", "\"off\""]),
    ("stop_grace_period", &["10s", "1h0.5s"]),
    ("shm_size", &["64m", "1gb"]),
    ("env_file", &["a.env", "[b.env, {path: none.env, required: false}]"]),
    ("annotations", &["{a: b}", "[a=c, d=e]"]),
    ("profiles", &["[]"]),
    ("dns_search", &["example.org", "[a.example, b.example]"]),
    ("links", &["[db]", "[\"db:alias\"]"]),
    ("x-own", &["{a: 1}", "{b: [1]}"]),
];

const SHARED: &str = "
  db: {image: postgres}
networks: {front: {ipam: {config: [{subnet: 10.0.0.0/24}]}}, back: }
volumes: {data: , more: {labels: [a=b]}}
secrets: {s: {file: s.txt}, t: {environment: SHELL_SET}}
configs: {c: {content: text}}
";

/// Pairs of files whose services have some of the keys, by chance and always the same.
#[test]
fn docker_compose_merges_generated_files_as_we_do() {
    let program = docker_compose();
    let mut state = 4_u64;
    let mut next = |below: usize| {
        // Knuth's MMIX constants.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut wrong = String::new();
    for number in 0..100 {
        let mut file = |shared: &str| {
            let mut text = String::from("services:\n  web:\n    image: nginx\n");
            for (key, values) in KEYS {
                if next(3) == 0 {
                    text.push_str(&format!("    {key}: {}\n", values[next(values.len())]));
                }
            }
            text + shared
        };
        let files = [
            ("compose.yaml", file(SHARED)),
            ("override.yaml", file("")),
            ("a.env", "A=file\nFROM=$A\n".to_owned()),
            ("b.env", "B=file\nFROM=${FROM}b\n".to_owned()),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes())).to_vec();
        let case = Case { name: format!("generated-{number}"), about: String::new(), files };
        compare(&program, &case, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Values that only one of the two has, with their paths.
fn difference(theirs: &Value, ours: &Value) -> String {
    let [theirs, ours] = [theirs, ours].map(|value| {
        let mut lines = Vec::new();
        flat(value, "", &mut lines);
        lines
    });
    let mut out = String::new();
    for (sign, a, b) in [('-', &theirs, &ours), ('+', &ours, &theirs)] {
        for line in a.iter().filter(|line| !b.contains(line)) {
            out.push_str(&format!("{sign}{line}\n"));
        }
    }
    out
}

fn flat(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| flat(value, &format!("{path}.{key}"), lines));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(n, value)| flat(value, &format!("{path}[{n}]"), lines));
        }
        _ => lines.push(format!("{path} = {value}")),
    }
}
