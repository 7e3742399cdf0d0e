//! `prometheus.yml` as jobs with their targets, and every key with its lines.

use super::value::{canonical, is_secret, scalar};
use crate::codes;
use crate::ledger::{Id, Ledger};
use diag::{Diagnostic, Place, Report};
use py::{Entry, Node, Value};

/// A target that is scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub job: String,
    /// As written: `host:port`, or what a prober is asked for.
    pub text: String,
    pub scheme: String,
    /// With parameters, in their order: `/federate?match[]=up`.
    pub path: String,
    pub labels: Vec<(String, String)>,
    /// Where it is scraped when another answers for it: a prober's address.
    pub through: Option<String>,
    /// A key of the job and its value, canonical: intervals, relabelling, sign-in.
    pub options: Vec<(String, String)>,
    pub id: Id,
}

impl Target {
    /// Host and port of what is asked.
    pub(super) fn address(&self) -> Option<(&str, u16)> {
        let text = self.through.as_deref().unwrap_or(&self.text);
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let (host, port) = text.rsplit_once(':')?;
        Some((host, port.split('/').next()?.parse().ok()?))
    }
}

/// One file, whichever of Prometheus' it is.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub targets: Vec<Target>,
    pub alertmanagers: Vec<(String, Id)>,
    /// Everything else: the key's path, the value, its statement.
    pub other: Vec<(String, String, Id)>,
    pub rules: Vec<Rule>,
    /// Receivers of an alertmanager: name, webhook or mail address.
    pub receivers: Vec<(String, &'static str, String, Id)>,
}

/// A rule of a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub alert: Option<String>,
    pub record: Option<String>,
    pub expr: String,
    pub wait: Option<String>,
    /// Labels and annotations, canonical.
    pub rest: String,
    pub id: Id,
}

/// Reads a file. All faults are reported, what can be read is.
pub(super) fn read(path: &str, text: &str, ledger: &mut Ledger, report: &mut Report) -> File {
    let mut file = File::default();
    let Some(root) = py::load(path, text, &py::NoTags, report) else { return file };
    let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    let mut reader = Reader { file: &mut file, ledger, report };
    let Some(entries) = root.entries() else {
        // Targets in a file of their own (`file_sd_configs`).
        match root.items() {
            Some(items) => reader.groups("", items, last, &Job::default()),
            None => reader.fault(&root.place, "a configuration is a map, and a file of targets a list"),
        }
        return file;
    };
    for (entry, last) in lines(entries, last) {
        match scalar(&entry.key).as_str() {
            "scrape_configs" => reader.jobs(entry, last),
            "alerting" => reader.alerting(entry, last),
            "groups" => reader.rule_groups(entry, last),
            "receivers" => reader.receivers(entry, last),
            // One by one, so that each can be told of.
            key @ "global" => match entry.node.entries() {
                Some(inside) => {
                    for (inner, last) in lines(inside, last) {
                        reader.other(&format!("{key}.{}", scalar(&inner.key)), inner, last);
                    }
                }
                None => reader.other(key, entry, last),
            },
            key => reader.other(key, entry, last),
        }
    }
    file
}

/// Entries with their last lines: up to the next one.
fn lines(entries: &[Entry], last: u32) -> impl Iterator<Item = (&Entry, u32)> {
    let ends = entries.iter().skip(1).map(|e| e.place.line.saturating_sub(1)).chain([last]);
    entries.iter().zip(ends)
}

fn item_lines(items: &[Node], last: u32) -> impl Iterator<Item = (&Node, u32)> {
    let ends = items.iter().skip(1).map(|n| n.place.line.saturating_sub(1)).chain([last]);
    items.iter().zip(ends)
}

#[derive(Clone, Debug, Default)]
struct Job {
    scheme: String,
    path: String,
    through: Option<String>,
    options: Vec<(String, String)>,
}

struct Reader<'r> {
    file: &'r mut File,
    ledger: &'r mut Ledger,
    report: &'r mut Report,
}

impl Reader<'_> {
    fn fault(&mut self, place: &Place, what: &str) {
        self.report.push(
            Diagnostic::error(codes::PROM_SHAPE, place, what)
                .help("`promtool check config FILE` says what Prometheus makes of it"),
        );
    }

    fn other(&mut self, key: &str, entry: &Entry, last: u32) {
        let short = key.rsplit('.').next().unwrap_or(key);
        let value = if is_secret(short) { "…".to_owned() } else { canonical(&entry.node) };
        let id = self.ledger.read(&entry.place, last, format!("{key}: {value}"));
        self.file.other.push((key.to_owned(), value, id));
    }

    fn jobs(&mut self, entry: &Entry, last: u32) {
        if entry.node.items().is_none() && !matches!(entry.node.as_scalar(), Some(Value::None)) {
            self.fault(&entry.node.place, "`scrape_configs` is a list of jobs");
        }
        for (node, last) in item_lines(entry.node.items().unwrap_or_default(), last) {
            let Some(entries) = node.entries() else {
                self.fault(&node.place, "a job is a map");
                continue;
            };
            self.job(node, entries, last);
        }
    }

    fn job(&mut self, node: &Node, entries: &[Entry], last: u32) {
        let text = |key: &str| node.get(key).map(canonical).filter(|t| !t.is_empty());
        let Some(name) = text("job_name") else {
            self.fault(&node.place, "the job has no `job_name`");
            return;
        };
        let mut job = Job {
            scheme: text("scheme").unwrap_or_else(|| "http".to_owned()),
            path: text("metrics_path").unwrap_or_else(|| "/metrics".to_owned()),
            through: node.get("relabel_configs").and_then(prober),
            options: Vec::new(),
        };
        let params = node.get("params").and_then(Node::entries).unwrap_or_default();
        let params: Vec<String> = params
            .iter()
            .flat_map(|e| {
                let values = e
                    .node
                    .items()
                    .map_or_else(|| vec![canonical(&e.node)], |i| i.iter().map(canonical).collect());
                values.into_iter().map(|v| format!("{}={v}", scalar(&e.key))).collect::<Vec<_>>()
            })
            .collect();
        if !params.is_empty() {
            job.path = format!("{}?{}", job.path, params.join("&"));
        }
        const OWN: [&str; 6] =
            ["job_name", "scheme", "metrics_path", "params", "static_configs", "file_sd_configs"];
        for entry in entries.iter().filter(|e| !OWN.contains(&scalar(&e.key).as_str())) {
            let key = scalar(&entry.key);
            let value = if is_secret(&key) { "…".to_owned() } else { canonical(&entry.node) };
            job.options.push((key, value));
        }
        for (entry, last) in lines(entries, last) {
            match scalar(&entry.key).as_str() {
                "static_configs" => match entry.node.items() {
                    Some(items) => self.groups(&name, items, last, &job),
                    None => self.fault(&entry.node.place, "`static_configs` is a list"),
                },
                key => self.other(&format!("job {name}.{key}"), entry, last),
            }
        }
    }

    /// Groups of targets with their labels.
    fn groups(&mut self, name: &str, items: &[Node], last: u32, job: &Job) {
        for (group, last) in item_lines(items, last) {
            let Some(entries) = group.entries() else {
                self.fault(&group.place, "targets are a map with `targets` and `labels`");
                continue;
            };
            let mut scrape = job.clone();
            let mut labels = Vec::new();
            for entry in group.get("labels").and_then(Node::entries).unwrap_or_default() {
                let (key, value) = (scalar(&entry.key), canonical(&entry.node));
                // A target's labels can carry its path, its parameters and its scheme.
                match key.as_str() {
                    "__metrics_path__" => scrape.path = value,
                    "__scheme__" => scrape.scheme = value,
                    _ => match key.strip_prefix("__param_") {
                        Some(param) => {
                            let sign = if scrape.path.contains('?') { '&' } else { '?' };
                            scrape.path = format!("{}{sign}{param}={value}", scrape.path);
                        }
                        None => labels.push((key, value)),
                    },
                }
            }
            labels.sort();
            for (entry, last) in lines(entries, last) {
                match scalar(&entry.key).as_str() {
                    "targets" => match entry.node.items() {
                        Some(items) => {
                            for (target, last) in item_lines(items, last) {
                                self.target(name, target, last, &scrape, &labels);
                            }
                            // The key's own line, where the targets stand below it.
                            let id = self.ledger.read(
                                &entry.place,
                                entry.place.line,
                                format!("job {name}: targets"),
                            );
                            self.ledger.note(id, "its targets are told of one by one");
                        }
                        None => self.fault(&entry.node.place, "`targets` is a list"),
                    },
                    key => self.other(&format!("job {name}.{key}"), entry, last),
                }
            }
        }
    }

    fn target(&mut self, name: &str, node: &Node, last: u32, job: &Job, labels: &[(String, String)]) {
        let text = canonical(node);
        let id = self.ledger.read(&node.place, last, format!("job {name}: target {text}"));
        let target = Target {
            job: name.to_owned(),
            text,
            scheme: job.scheme.clone(),
            path: job.path.clone(),
            labels: labels.to_vec(),
            through: job.through.clone(),
            options: job.options.clone(),
            id,
        };
        if target.through.is_none() && target.address().is_none() {
            self.report.push(
                Diagnostic::warning(
                    codes::PROM_TARGET,
                    &node.place,
                    format!("`{}` is not HOST:PORT", target.text),
                )
                .help("Prometheus scrapes port 80, or 443 with `scheme: https`"),
            );
        }
        self.file.targets.push(target);
    }

    fn alerting(&mut self, entry: &Entry, last: u32) {
        let id = self.ledger.read(&entry.place, last, "alerting");
        let managers = entry.node.get("alertmanagers").and_then(Node::items).unwrap_or_default();
        let groups =
            managers.iter().filter_map(|m| m.get("static_configs")).filter_map(Node::items).flatten();
        let targets = groups.filter_map(|g| g.get("targets")).filter_map(Node::items).flatten();
        self.file.alertmanagers.extend(targets.map(|t| (canonical(t), id)));
        for (key, inner) in entry.node.entries().unwrap_or_default().iter().map(|e| (scalar(&e.key), e)) {
            if key != "alertmanagers" {
                self.other(&format!("alerting.{key}"), inner, inner.place.line);
            }
        }
    }

    fn rule_groups(&mut self, entry: &Entry, last: u32) {
        for (group, last) in item_lines(entry.node.items().unwrap_or_default(), last) {
            let Some(entries) = group.entries() else {
                self.fault(&group.place, "a group of rules is a map");
                continue;
            };
            for (entry, last) in lines(entries, last) {
                match scalar(&entry.key).as_str() {
                    "rules" => {
                        for (rule, last) in item_lines(entry.node.items().unwrap_or_default(), last) {
                            self.rule(rule, last);
                        }
                    }
                    key => self.other(&format!("group.{key}"), entry, last),
                }
            }
        }
    }

    fn rule(&mut self, node: &Node, last: u32) {
        let text = |key: &str| node.get(key).map(canonical).filter(|t| !t.is_empty());
        let (alert, record) = (text("alert"), text("record"));
        let Some(expr) = text("expr") else {
            self.fault(&node.place, "a rule has an `expr`");
            return;
        };
        let what = match (&alert, &record) {
            (Some(name), _) => format!("alert {name}: {expr}"),
            (None, Some(name)) => format!("record {name}: {expr}"),
            (None, None) => {
                self.fault(&node.place, "a rule is an `alert` or a `record`");
                return;
            }
        };
        let id = self.ledger.read(&node.place, last, what);
        let rest: Vec<String> = ["labels", "annotations", "keep_firing_for"]
            .iter()
            .filter_map(|key| Some(format!("{key} {}", canonical(node.get(key)?))))
            .collect();
        // The lines of an expression are its writer's.
        let expr = expr.split_whitespace().collect::<Vec<_>>().join(" ");
        self.file.rules.push(Rule { alert, record, expr, wait: text("for"), rest: rest.join("; "), id });
    }

    fn receivers(&mut self, entry: &Entry, last: u32) {
        for (node, last) in item_lines(entry.node.items().unwrap_or_default(), last) {
            let name = node.get("name").map(canonical).unwrap_or_default();
            let id = self.ledger.read(&node.place, last, format!("receiver {name}"));
            for (list, kind, key) in [("webhook_configs", "webhook", "url"), ("email_configs", "email", "to")]
            {
                for one in node.get(list).and_then(Node::items).unwrap_or_default() {
                    if let Some(value) = one.get(key).map(canonical) {
                        self.file.receivers.push((name.clone(), kind, value, id));
                    }
                }
            }
        }
    }
}

/// The address that relabelling puts in the target's place: a prober's.
fn prober(node: &Node) -> Option<String> {
    let rules = node.items()?;
    let address =
        rules.iter().rev().find(|r| r.get("target_label").is_some_and(|t| canonical(t) == "__address__"))?;
    let source = address.get("source_labels").and_then(Node::items).unwrap_or_default();
    source.is_empty().then(|| address.get("replacement").map(canonical)).flatten()
}
