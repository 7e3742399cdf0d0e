//! `compose`: projects whose services become the fleet's before the tree is read, each value at its place in a
//! Compose file. What the fleet itself says of such a service is added and wins, as over a profile.

use crate::Sources;
use crate::merge::{Fault, merge};
use compose::{Environment, Files, FleetService, Options, codes as compose_codes};
use diag::{Diagnostic, Place, Report};
use model::decode::{Cx, Decode};
use model::{ComposeProject, Key, Node, NodeKind};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The key of the projects.
pub const KEY: &str = "compose";

/// The projects of a fleet.
#[derive(Default)]
pub struct Projects {
    all: Vec<Project>,
    /// Files of the fleet's folder they are made from, also those that are not there.
    pub files: BTreeSet<String>,
}

struct Project {
    /// Its entry's name and place.
    key: Key,
    entry: ComposeProject,
    /// Where its services run.
    on: Option<Node>,
    merged: compose::Project,
    services: Vec<FleetService>,
    not_carried: Vec<compose::draft::NotCarried>,
}

/// A fleet's folder as Compose files see it; it keeps what it was asked for.
struct Folder<'s> {
    sources: &'s Sources,
    asked: RefCell<BTreeSet<String>>,
}

impl Files for Folder<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        if path.starts_with('/') || path == ".." || path.starts_with("../") {
            return Err("it is outside the fleet's folder".to_owned());
        }
        if path.split('/').next() == Some(".fleetwright") {
            return Err("the tool keeps values of secrets there".to_owned());
        }
        self.asked.borrow_mut().insert(path.to_owned());
        let found = self.sources.files.get(path).or_else(|| self.sources.beside.get(path));
        Ok(found.map(|bytes| Cow::Borrowed(bytes.as_slice())))
    }
}

/// Reads the projects under the key `compose` of a fleet.
pub fn read(entries: &Node, sources: &Sources, report: &mut Report) -> Projects {
    let mut projects = Projects::default();
    let NodeKind::Map(entries) = &entries.kind else { return projects };
    let folder = Folder { sources, asked: RefCell::default() };
    for (key, node) in entries {
        // What is wrong with the entry itself is said when the fleet is read.
        let Some(entry) = ComposeProject::decode(node, &mut Cx::default()) else { continue };
        let on = node.get("on").cloned();
        projects.all.extend(one(key, entry, on, &folder, report));
    }
    projects.files = folder.asked.into_inner();
    projects
}

fn one(
    key: &Key,
    entry: ComposeProject,
    on: Option<Node>,
    folder: &Folder<'_>,
    report: &mut Report,
) -> Option<Project> {
    let texts = |said: &[model::Sp<String>]| said.iter().map(|one| clean(one)).collect::<Vec<_>>();
    let environment: Environment =
        entry.environment.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
    let options = Options {
        files: texts(&entry.files),
        directory: entry.project_directory.as_ref().map(|folder| clean(folder)),
        name: None,
        default_name: Some(key.text.clone()),
        profiles: entry.profiles.iter().map(|one| one.value.clone()).collect(),
        env_files: texts(&entry.env_file),
        environment,
    };
    let mut said = Report::new();
    let project = compose::load(folder, &options, &mut said);
    for fault in &mut said.items {
        // A file that is named by the entry has no other place.
        fault.place.get_or_insert_with(|| key.place.clone());
    }
    let failed = said.has_errors();
    report.extend(said);
    let project = project.filter(|_| !failed)?;
    let prefix = entry.prefix.as_ref().map_or("", |prefix| &prefix.value);
    let made = compose::fleet_services(&project, folder, prefix, report);
    secrets_inside(&entry, &made.services, report);
    let (services, not_carried) = (made.services, made.not_carried);
    Some(Project { key: key.clone(), entry, on, merged: project, services, not_carried })
}

/// A path without `./` before it: as files are named in a folder.
fn clean(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

/// A secret stands for a whole variable; inside another text its name would be taken for its value.
fn secrets_inside(entry: &ComposeProject, services: &[FleetService], report: &mut Report) {
    let secrets: Vec<&str> =
        entry.environment.values().map(|v| v.value.as_str()).filter(|v| v.starts_with("secret/")).collect();
    if secrets.is_empty() {
        return;
    }
    let mut inside = |node: &Node, is_variable: bool| {
        each_text(node, &mut |text, place| {
            let Some(secret) = secrets.iter().find(|secret| text.contains(*secret)) else { return };
            if !(is_variable && text == *secret) {
                let message = format!("`{secret}` stands where only a text can");
                report.push(Diagnostic::error(compose_codes::SECRET_INSIDE, place, message).help(
                    "a secret is the whole value of a service's variable: `PASSWORD: ${PASSWORD}`; make a secret of the longer text",
                ));
            }
        });
    };
    for service in services {
        let NodeKind::Map(entries) = &service.node.kind else { continue };
        for (key, node) in entries {
            match &node.kind {
                NodeKind::Map(variables) if key.text == "env" => {
                    variables.iter().for_each(|(_, value)| inside(value, true));
                }
                _ => inside(node, false),
            }
        }
    }
}

fn each_text(node: &Node, run: &mut dyn FnMut(&str, &Place)) {
    match &node.kind {
        NodeKind::Null => {}
        NodeKind::Scalar { text, .. } => run(text, &node.place),
        NodeKind::List(items) => items.iter().for_each(|item| each_text(item, run)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| each_text(value, run)),
    }
}

impl Projects {
    /// Puts the services into the tree of a whole fleet.
    pub fn put(self, root: &mut Node, report: &mut Report) {
        if self.all.is_empty() {
            return;
        }
        let declared = |secret: &str| root.get("secrets").is_some_and(|all| all.get(secret).is_some());
        for project in &self.all {
            project.left_out(&declared, report);
        }
        let Some(services) = services(root) else { return };
        let mut brought: BTreeMap<String, (Key, Place)> = BTreeMap::new();
        let shape = model::Service::shape();
        for project in self.all {
            for service in project.services {
                if let Some((first, place)) = brought.get(&service.name) {
                    report.push(same(&project.key, &service, first, place));
                    continue;
                }
                brought.insert(service.name.clone(), (project.key.clone(), service.place.clone()));
                let key = Key { text: service.name.clone(), place: service.place.clone() };
                let mut node = service.node;
                if let (NodeKind::Map(entries), Some(on)) = (&mut node.kind, &project.on) {
                    let at = entries.len().min(1);
                    entries.insert(at, (Key { text: "on".to_owned(), place: on.place.clone() }, on.clone()));
                }
                match services.iter_mut().find(|(k, _)| k.text == key.text) {
                    Some((_, own)) if matches!(own.kind, NodeKind::Null) => *own = node,
                    // One side alone never disagrees with itself.
                    Some((_, own)) => {
                        give_way(&mut node, own);
                        report.items.extend(elsewhere(&project.key, project.on.as_ref(), &node, own));
                        *own = merge(Some(own), &[(KEY, &node)], &shape, "", &mut Vec::<Fault>::new());
                    }
                    None => services.push((key, node)),
                }
            }
        }
    }
}

/// The names services of a project have for each other lead to their own host: all of them run there.
fn elsewhere(project: &Key, on: Option<&Node>, node: &Node, own: &Node) -> Option<Diagnostic> {
    let place = own.get("on").filter(|own| names(Some(own)) != names(on)).map(|own| &own.place)?;
    let hosts = |node: &Node| node.get("container").and_then(|c| c.get("hosts")).cloned();
    let known = hosts(own);
    let NodeKind::Map(lead_here) = hosts(node)?.kind else { return None };
    let lost =
        lead_here.iter().find(|(name, _)| known.as_ref().is_none_or(|k| k.get(&name.text).is_none()))?;
    let message = format!(
        "this service runs elsewhere than the others of `{}`: for them and for it, names as `{}` lead to their own host",
        project.text, lost.0.text
    );
    Some(Diagnostic::warning(compose_codes::ELSEWHERE, place, message).label(&project.place, "the project").help(
        "leave `on` out; or say in `services/NAME.yaml` of each where the other is: `container: {hosts: {NAME: ADDRESS}}`",
    ))
}

/// The texts of a list, or the one text.
fn names(node: Option<&Node>) -> Vec<&str> {
    match node.map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items.iter().filter_map(Node::text).collect(),
        _ => node.and_then(Node::text).into_iter().collect(),
    }
}

/// Takes out of a project's service what the fleet's own says under another key: a health check asks one thing, and
/// a port has one name.
fn give_way(node: &mut Node, own: &Node) {
    const QUESTIONS: [&str; 4] = ["http", "tcp", "script", "grpc"];
    let entries = |node: &Node| match &node.kind {
        NodeKind::Map(entries) => entries.clone(),
        _ => Vec::new(),
    };
    let asks = own.get("health").is_some_and(|health| QUESTIONS.iter().any(|q| health.get(q).is_some()));
    let number = |port: &Node| match port.get("port").unwrap_or(port).text() {
        Some(text) => text.strip_prefix("tcp/").unwrap_or(text).to_owned(),
        None => String::new(),
    };
    let ports: Vec<(Key, Node)> = own.get("ports").map(entries).unwrap_or_default();
    let NodeKind::Map(parts) = &mut node.kind else { return };
    for (key, part) in parts {
        let NodeKind::Map(entries) = &mut part.kind else { continue };
        match key.text.as_str() {
            "health" if asks => entries.retain(|(key, _)| !QUESTIONS.contains(&key.text.as_str())),
            "ports" => entries.retain(|(key, port)| {
                !ports.iter().any(|(name, own)| name.text != key.text && number(own) == number(port))
            }),
            _ => {}
        }
    }
}

impl Project {
    /// Says what is not carried and not meant to be.
    fn left_out(&self, declared: &dyn Fn(&str) -> bool, report: &mut Report) {
        let mut used = BTreeSet::new();
        for not in &self.not_carried {
            let meant = self.entry.without.iter().filter(|said| not.is_meant_by(said));
            let meant: Vec<&str> = meant.map(|said| said.value.as_str()).collect();
            let known = not.secret.as_deref().is_some_and(declared);
            if meant.is_empty() && !known {
                report.push(not.diagnostic());
            }
            used.extend(meant);
        }
        for said in self.entry.without.iter().filter(|said| !used.contains(said.value.as_str())) {
            let message = format!("`{}` of `without` is nothing that would be left out", said.value);
            report.push(
                Diagnostic::warning(compose_codes::WITHOUT_UNUSED, &said.place, message)
                    .help("take it away, or write it as the message that names it does"),
            );
        }
    }
}

fn same(project: &Key, service: &FleetService, first: &Key, place: &Place) -> Diagnostic {
    let FleetService { name, .. } = service;
    Diagnostic::error(
        compose_codes::SAME_SERVICE,
        &service.place,
        format!("`{}` and `{}` both bring the service `{name}`", first.text, project.text),
    )
    .label(place, format!("that of `{}`", first.text))
    .label(&project.place, format!("`{}` is an entry here", project.text))
    .help(format!("give one of them a prefix: `{}: {{prefix: {}-, …}}`", project.text, project.text))
}

/// The map of services in the tree of a whole fleet, made where there is none.
fn services(root: &mut Node) -> Option<&mut Vec<(Key, Node)>> {
    let place = root.place.clone();
    let NodeKind::Map(entries) = &mut root.kind else { return None };
    let at = match entries.iter().position(|(key, _)| key.text == "services") {
        Some(at) => at,
        None => {
            let node = Node { kind: NodeKind::Map(Vec::new()), place: place.clone() };
            entries.push((Key { text: "services".to_owned(), place }, node));
            entries.len() - 1
        }
    };
    let holder = &mut entries[at].1;
    if matches!(holder.kind, NodeKind::Null) {
        holder.kind = NodeKind::Map(Vec::new());
    }
    match &mut holder.kind {
        NodeKind::Map(services) => Some(services),
        // It is said when the fleet is read.
        _ => None,
    }
}

/// True when nothing is missing in the tree because of this fault.
pub fn loses_nothing(fault: &Diagnostic) -> bool {
    matches!(fault.code, compose_codes::LEFT_OUT | compose_codes::SECRET_INSIDE | compose_codes::SAME_SERVICE)
}

/// The Compose projects of a fleet by their entries' names, each merged; those that could be read. Only what is wrong
/// with their files is reported.
pub fn projects(sources: &Sources, report: &mut Report) -> Vec<(String, compose::Project)> {
    let Some(root) = crate::folder::entries(sources, &mut Report::new()) else { return Vec::new() };
    let Some(entries) = root.get(KEY) else { return Vec::new() };
    let read = read(entries, sources, report);
    read.all.into_iter().map(|project| (project.key.text, project.merged)).collect()
}

/// The files that projects are made from and that [`Sources`] does not have: called again with what was found, until
/// there is none that is new. Those that are not there are among them every time.
pub fn wanted(sources: &Sources) -> BTreeSet<String> {
    let Some(bytes) = sources.files.get(crate::folder::FLEET_FILE) else { return BTreeSet::new() };
    // A cheap look, so that a large file is not read twice for nothing.
    if !bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()) {
        return BTreeSet::new();
    }
    let mut report = Report::new();
    let text = crate::text::decode(crate::folder::FLEET_FILE, bytes, &mut report);
    let root = text.and_then(|text| crate::yaml::parse(crate::folder::FLEET_FILE, text, &mut report));
    let Some(entries) = root.as_ref().and_then(|root| root.get(KEY)) else { return BTreeSet::new() };
    let asked = read(entries, sources, &mut report).files;
    let there = |path: &String| sources.files.contains_key(path) || sources.beside.contains_key(path);
    asked.into_iter().filter(|path| !there(path)).collect()
}
