//! Cases, rendered by Python in one process and by us, and compared.

#![allow(dead_code)]

use diag::Report;
use jinja::{Engine, FileKind, Options, Rendered, Res, Variables, World};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// A template with what it is rendered with.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub name: String,
    pub template: String,
    pub templates: Vec<(String, String)>,
    /// Variables as YAML.
    pub vars: String,
    /// Words: `trim`, `lstrip`, `keep`, `lenient`, `do`, `loop_controls`, `plain`.
    pub options: Vec<String>,
}

/// What both may be asked: the same answers on both sides.
pub struct Given;

pub const ENV: [(&str, &str); 2] = [("HOME", "/home/ops"), ("EMPTY", "")];
pub const FILES: [(&str, &str); 2] = [("key.pub", "ssh-ed25519 AAAA ops \n\n"), ("/etc/motd", "  hello\n")];

impl World for Given {
    fn env(&self, name: &str) -> Res<Option<String>> {
        Ok(ENV.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }
    fn file(&self, path: &str) -> Res<Option<String>> {
        Ok(FILES.iter().find(|(n, _)| *n == path).map(|(_, v)| (*v).to_owned()))
    }
    fn kind(&self, path: &str) -> Res<Option<FileKind>> {
        Ok(match path {
            "/etc" => Some(FileKind::Folder),
            "/etc/passwd" => Some(FileKind::File),
            _ => None,
        })
    }
}

impl Case {
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|o| o == option)
    }
    pub fn options(&self) -> Options {
        Options {
            trim_blocks: self.has("trim"),
            lstrip_blocks: self.has("lstrip"),
            keep_trailing_newline: self.has("keep"),
            strict_undefined: !self.has("lenient"),
            do_statement: self.has("do"),
            loop_controls: self.has("loop_controls"),
            ansible: !self.has("plain"),
            ..Options::default()
        }
    }
    pub fn render(&self, report: &mut Report) -> Option<Rendered> {
        let mut sources: HashMap<String, Rc<str>> =
            self.templates.iter().map(|(n, t)| (n.clone(), Rc::from(t.as_str()))).collect();
        sources.insert("main".to_owned(), Rc::from(self.template.as_str()));
        let engine = Engine::with_loader(self.options(), move |name| sources.get(name).cloned());
        let mut read = Report::new();
        let node = py::load("vars", &self.vars, &py::NoTags, &mut read);
        assert!(!read.has_errors(), "{}: {}", self.name, diag::render_plain(&read));
        let map = match node.map(|n| n.value()) {
            Some(py::Value::Map(map)) => map,
            _ => py::Map::new(),
        };
        engine.render("main", &Variables::new().with(&map), &Given, report)
    }
    fn json(&self) -> Json {
        let options: serde_json::Map<String, Json> =
            self.options.iter().map(|o| (o.clone(), json!(true))).collect();
        json!({
            "template": self.template,
            "templates": self.templates.iter().cloned().collect::<HashMap<_, _>>(),
            "yaml": self.vars,
            "options": options,
            "world": {
                "env": ENV.iter().copied().collect::<HashMap<_, _>>(),
                "files": FILES.iter().copied().collect::<HashMap<_, _>>(),
            },
        })
    }
}

/// What Python says to each case.
pub fn python(cases: &[Case]) -> Vec<Result<String, String>> {
    run_python("oracle.py", &Json::Array(cases.iter().map(Case::json).collect()))
}

/// What a script of Python's says to what it is given.
pub fn run_python(script: &str, given: &Json) -> Vec<Result<String, String>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = root.join("target/oracle/bin/python");
    assert!(
        program.exists(),
        "{} is not there: `./test` makes it (need_oracle in .config/setup.sh)",
        program.display()
    );
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/common").join(script);
    let mut child = Command::new(&program)
        .arg(script)
        .env("TZ", "UTC")
        .env("ANSIBLE_LOCALHOST_WARNING", "0")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(given).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let answers: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    answers
        .into_iter()
        .map(|a| match a.get("text") {
            Some(text) => Ok(text.as_str().unwrap().to_owned()),
            None => Err(a["error"].as_str().unwrap().to_owned()),
        })
        .collect()
}

/// What Ansible's template module says to each case, with an inventory's variables of the host `a`.
pub fn ansible(cases: &[Case], inventory: &str) -> Vec<Result<String, String>> {
    let cases: Vec<Json> = cases
        .iter()
        .map(|case| {
            json!({
                "template": case.template,
                "templates": case.templates.iter().cloned().collect::<HashMap<_, _>>(),
                "options": case.options.iter().map(|o| (o.clone(), true)).collect::<HashMap<_, _>>(),
            })
        })
        .collect();
    run_python("engine.py", &json!({ "inventory": inventory, "cases": cases }))
}

/// Renders all cases on both sides; tells each that differs.
pub fn compare(cases: &[Case]) {
    judge(cases, python(cases), |case, report| case.render(report).map(|r| r.text));
}

/// Compares what is rendered here with what Python said; tells each case that differs.
pub fn judge(
    cases: &[Case],
    answers: Vec<Result<String, String>>,
    render: impl Fn(&Case, &mut Report) -> Option<String>,
) {
    assert_eq!(cases.len(), answers.len());
    let mut wrong = String::new();
    let mut count = 0;
    for (case, expected) in cases.iter().zip(answers) {
        let mut report = Report::new();
        let ours = render(case, &mut report);
        let said = diag::render_plain(&report);
        let same = match (&ours, &expected) {
            (Some(ours), Ok(theirs)) => ours == theirs,
            (None, Err(_)) => true,
            // What prints an address in memory cannot be the same twice; here it is refused.
            (None, Ok(theirs)) => theirs.contains(" at 0x"),
            _ => false,
        };
        assert_eq!(ours.is_none(), report.has_errors(), "{}", case.name);
        if !same {
            count += 1;
            wrong.push_str(&format!(
                "--- {} {:?}\n{}\n  python: {:?}\n  ours:   {:?} {said}\n",
                case.name, case.options, case.template, expected, ours
            ));
        }
    }
    assert!(count == 0, "{count} of {} cases differ\n{wrong}", cases.len());
}

/// Cases of a file: `## NAME [OPTION…]`, the template, and optionally `#vars` and `#template NAME` before
/// further parts. A text's last line end belongs to the file and not to the template; `\r` and `\t` of a
/// template are written `␍` and `␉`, and a blank at a line's end `·`.
pub fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut part = Part::Template;
    let mut defaults = String::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            let (name, options) = head.split_once(" [").unwrap_or((head, ""));
            let options = options.trim_end_matches(']').split_whitespace().map(str::to_owned).collect();
            let name = format!("{file}: {name}");
            cases.push(Case { name, options, vars: defaults.clone(), ..Case::default() });
            part = Part::Template;
            continue;
        }
        let Some(case) = cases.last_mut() else {
            // What stands before the first case are variables of all.
            defaults.push_str(line);
            defaults.push('\n');
            continue;
        };
        if line == "#vars" {
            part = Part::Vars;
            continue;
        }
        if let Some(name) = line.strip_prefix("#template ") {
            case.templates.push((name.to_owned(), String::new()));
            part = Part::Other;
            continue;
        }
        let line = line.replace('␍', "\r").replace('␉', "\t").replace('·', " ");
        let to = match part {
            Part::Template => &mut case.template,
            Part::Vars => &mut case.vars,
            Part::Other => &mut case.templates.last_mut().unwrap().1,
        };
        to.push_str(&line);
        to.push('\n');
    }
    for case in &mut cases {
        case.template.pop();
        for (_, text) in &mut case.templates {
            text.pop();
        }
    }
    cases
}

/// Cases of a file with one a line: YAML of variables, `===` with options of all, the templates. Empty lines
/// and lines of `# ` are left out.
pub fn read_lines(file: &str, text: &str) -> Vec<Case> {
    let (vars, rest) = text.split_once("\n===").unwrap();
    let (options, rest) = rest.split_once('\n').unwrap();
    let options: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
    rest.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with("# "))
        .map(|(i, line)| Case {
            name: format!("{file}: {}", i + 1),
            template: line.to_owned(),
            vars: vars.to_owned(),
            options: options.clone(),
            ..Case::default()
        })
        .collect()
}

enum Part {
    Template,
    Vars,
    Other,
}
