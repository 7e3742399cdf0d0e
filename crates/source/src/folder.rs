//! The layout of a fleet's folder: `fleet.yaml`, one file a thing in a folder a kind, and single files for
//! what a fleet has one of. All of it becomes one tree, as if it had been written in `fleet.yaml`.

use crate::{Sources, codes, projects, text, yaml};
use diag::{Diagnostic, Place, Report};
use model::{Key, Node, NodeKind};
use std::collections::HashMap;

/// The file that may hold everything.
pub const FLEET_FILE: &str = "fleet.yaml";

/// Folders with one file a thing.
pub const KINDS: &[&str] = &[
    "sites",
    "hosts",
    "groups",
    "networks",
    "tunnels",
    "services",
    "modules",
    "profiles",
    "policies",
    "environments",
    "admins",
];

/// What a fleet has one of; each may be a key of `fleet.yaml` or a file beside it.
pub const SINGLES: &[&str] = &[
    "bgp",
    "auth",
    "gitops",
    "certificates",
    "dns",
    "alerts",
    "pools",
    "federation",
    "secrets",
    "tofu",
    "trees",
];

/// Folders that hold other things than sources.
const OTHERS: &[&str] = &["templates", "secrets"];

/// What a path in a fleet's folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role<'p> {
    /// `fleet.yaml`.
    Fleet,
    /// A file for what a fleet has one of.
    Single(&'p str),
    /// A thing: kind and name.
    Thing(&'p str, &'p str),
    /// Not a source: left alone, and never read.
    Other,
    /// Looks like a source and lies where none is read.
    Stray,
}

/// What a path is, by its name alone. Callers read the bytes of all but `Other`.
pub fn role(path: &str) -> Role<'_> {
    let parts: Vec<&str> = path.split('/').collect();
    let hidden = parts.iter().any(|p| p.starts_with('.'));
    let yaml = path.ends_with(".yaml");
    if hidden || (parts.len() > 1 && OTHERS.contains(&parts[0])) {
        return Role::Other;
    }
    match parts.as_slice() {
        [FLEET_FILE] => Role::Fleet,
        [file] if yaml => {
            let stem = file.strip_suffix(".yaml").unwrap_or(file);
            if SINGLES.contains(&stem) { Role::Single(stem) } else { Role::Stray }
        }
        [kind, file] if yaml && KINDS.contains(kind) => {
            Role::Thing(kind, file.strip_suffix(".yaml").unwrap_or(file))
        }
        // Deeper trees of other folders are some other program's, or what `render` wrote.
        [folder, _, _, ..] if !KINDS.contains(folder) => Role::Other,
        _ if yaml || path.ends_with(".yml") || path.ends_with(".YAML") => Role::Stray,
        // A kind's folder holds nothing but its things; a file there with another ending is a slip.
        [kind, ..] if parts.len() > 1 && KINDS.contains(kind) && !path.ends_with(".md") => Role::Stray,
        _ => Role::Other,
    }
}

/// Whether a folder can hold anything but [`Role::Other`], at any depth; callers need not look into the rest.
pub fn may_hold_sources(folder: &str) -> bool {
    let mut parts = folder.split('/');
    let first = parts.next().unwrap_or_default();
    let hidden = folder.split('/').any(|p| p.starts_with('.'));
    !hidden && !OTHERS.contains(&first) && (KINDS.contains(&first) || parts.next().is_none())
}

/// Reads every source file and puts them together, the services of Compose projects among them. `None` when nothing
/// could be read.
pub fn assemble(sources: &Sources, report: &mut Report) -> Option<Node> {
    let mut projects = None;
    let mut root = put_together(sources, &mut projects, report)?;
    if let Some(projects) = projects {
        projects.put(&mut root, report);
    }
    Some(root)
}

/// As [`assemble`], without Compose projects.
pub fn entries(sources: &Sources, report: &mut Report) -> Option<Node> {
    put_together(sources, &mut Some(projects::Projects::default()), report)
}

fn put_together(
    sources: &Sources,
    projects: &mut Option<projects::Projects>,
    report: &mut Report,
) -> Option<Node> {
    let mut tree = Tree::default();
    let mut found = false;
    // `fleet.yaml` first, so that "first here" names it; then what else may say what is not the fleet's.
    let rank = |path: &str| match role(path) {
        Role::Fleet => 0,
        Role::Single("trees") => 1,
        Role::Single(_) => 2,
        Role::Thing(..) | Role::Other | Role::Stray => 3,
    };
    let mut all: Vec<_> = sources.files.iter().collect();
    all.sort_by_key(|(path, _)| rank(path));
    for (path, bytes) in all {
        let role = role(path);
        if role != Role::Fleet && projects.is_none() {
            // Their files are theirs alone, wherever they lie.
            let read = tree.get(projects::KEY).map(|node| projects::read(node, sources, report));
            tree.others.extend(read.iter().flat_map(|projects| projects.files.iter().cloned()));
            *projects = Some(read.unwrap_or_default());
        }
        let theirs = |other: &String| match role {
            Role::Fleet => false,
            // A vault may be called `secrets.yaml`; a folder of others takes none of what a fleet has one of.
            Role::Single(_) => other == path,
            Role::Thing(..) | Role::Other | Role::Stray => is_at_or_in(path, other),
        };
        if tree.others.iter().any(theirs) {
            continue;
        }
        match role {
            Role::Other => continue,
            Role::Stray => {
                found = true;
                report.push(stray(path));
                continue;
            }
            Role::Thing(_, name) if model::ids::name_fault(name).is_some() => {
                found = true;
                report.push(bad_name(path, name));
                continue;
            }
            Role::Fleet | Role::Single(_) | Role::Thing(..) => found = true,
        }
        let Some(content) = text::decode(path, bytes, report) else { continue };
        let Some(node) = yaml::parse(path, content, report) else { continue };
        match role {
            Role::Fleet => tree.fleet(node, report),
            Role::Single(key) => {
                tree.entry(Key { text: key.to_owned(), place: Place::file(path.as_str()) }, node, report)
            }
            Role::Thing(kind, name) => tree.thing(kind, name, path, node, report),
            Role::Other | Role::Stray => {}
        }
    }
    if let (None, Some(entries)) = (&projects, tree.get(projects::KEY)) {
        *projects = Some(projects::read(entries, sources, report));
    }
    if !found {
        report.push(
            Diagnostic::bare(codes::EMPTY, "this folder describes no fleet")
                .help("`fleetwright init` makes a small one; or write fleet.yaml, or sites/NAME.yaml and hosts/NAME.yaml"),
        );
        return None;
    }
    Some(tree.into_node())
}

/// True when a thing is not in the tree because of this fault: names that refer to it would look as if they
/// led nowhere, so rules about names cannot be tried.
pub fn loses_a_thing(fault: &Diagnostic) -> bool {
    match fault.code {
        codes::STRAY_FILE => {
            let file = fault.place.as_ref().map_or("", |p| &*p.file);
            let near = |folder| diag::nearest(folder, KINDS.iter().copied()).is_some();
            !file.ends_with(".yaml") || file.split_once('/').is_some_and(|(folder, _)| near(folder))
        }
        _ if projects::loses_nothing(fault) => false,
        codes::DUPLICATE_KEY | codes::DOCUMENTS | codes::TAG | codes::TWICE => false,
        _ => fault.severity == diag::Severity::Error,
    }
}

/// Top-level entries and, for kinds, where each thing was first described.
#[derive(Default)]
struct Tree {
    /// What is said not to be the fleet's, or is read otherwise.
    others: Vec<String>,
    entries: Vec<(Key, Node)>,
    index: HashMap<String, usize>,
    things: HashMap<(String, String), Place>,
}

impl Tree {
    fn fleet(&mut self, node: Node, report: &mut Report) {
        match node.kind {
            NodeKind::Null => {}
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    self.entry(key, value, report);
                }
            }
            NodeKind::List(_) | NodeKind::Scalar { .. } => {
                let found = node.describe();
                report.push(
                    Diagnostic::error(
                        model::codes::WRONG_TYPE,
                        &node.place,
                        format!("expected a map of settings, found {found}"),
                    )
                    .help("for example `domain: example.net`, `sites: {…}`, `hosts: {…}`"),
                );
            }
        }
    }

    /// A top-level entry.
    fn entry(&mut self, key: Key, value: Node, report: &mut Report) {
        if let Some(&at) = self.index.get(&key.text) {
            report.push(twice(&key.text, &key.place, &self.entries[at].0.place));
            return;
        }
        match key.text.as_str() {
            "others" => self.others.extend(paths(&value)),
            "trees" => self.others.extend(paths_of_trees(&value)),
            "secrets" => self.others.extend(paths_of(&value, &["file", "password-file"])),
            "tofu" => self.others.extend(paths_of(&value, &["dir", "outputs", "state"])),
            _ => {}
        }
        if KINDS.contains(&key.text.as_str())
            && let NodeKind::Map(things) = &value.kind
        {
            for (name, _) in things {
                self.things.insert((key.text.clone(), name.text.clone()), name.place.clone());
            }
        }
        self.index.insert(key.text.clone(), self.entries.len());
        self.entries.push((key, value));
    }

    /// The value of a top-level entry.
    fn get(&self, key: &str) -> Option<&Node> {
        self.index.get(key).map(|&at| &self.entries[at].1)
    }

    /// A thing from a file of its own.
    fn thing(&mut self, kind: &str, name: &str, path: &str, node: Node, report: &mut Report) {
        let place = Place::file(path);
        let slot = match self.index.get(kind) {
            Some(&at) => at,
            None => {
                let at = self.entries.len();
                self.index.insert(kind.to_owned(), at);
                self.entries.push((
                    Key { text: kind.to_owned(), place: place.clone() },
                    Node { kind: NodeKind::Map(Vec::new()), place: place.clone() },
                ));
                at
            }
        };
        let id = (kind.to_owned(), name.to_owned());
        if let Some(first) = self.things.get(&id) {
            report.push(
                twice(&format!("{kind}/{name}"), &place, first)
                    .help("keep one of the two: the file, or the entry in fleet.yaml"),
            );
            return;
        }
        let holder = &mut self.entries[slot].1;
        if matches!(holder.kind, NodeKind::Null) {
            holder.kind = NodeKind::Map(Vec::new());
        }
        // A list or text here (`hosts: 3` in fleet.yaml) is reported when it is read.
        if let NodeKind::Map(things) = &mut holder.kind {
            self.things.insert(id, place.clone());
            things.push((Key { text: name.to_owned(), place }, node));
        }
    }

    fn into_node(self) -> Node {
        Node { kind: NodeKind::Map(self.entries), place: Place::file(FLEET_FILE) }
    }
}

/// Texts of a list, or the one text.
fn paths(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::List(items) => items.iter().flat_map(paths).collect(),
        _ => node.text().map(|text| text.trim_end_matches('/').to_owned()).into_iter().collect(),
    }
}

/// What trees of templates read and write, the folders of variables beside their inventories too.
fn paths_of_trees(trees: &Node) -> Vec<String> {
    const KEYS: [&str; 7] =
        ["inventory", "playbooks", "outputs", "secrets", "password-file", "templates", "into"];
    let NodeKind::Map(trees) = &trees.kind else { return Vec::new() };
    let mut all = Vec::new();
    for (_, tree) in trees {
        let NodeKind::Map(entries) = &tree.kind else { continue };
        for (key, value) in entries.iter().filter(|(key, _)| KEYS.contains(&key.text.as_str())) {
            for path in paths(value) {
                if matches!(key.text.as_str(), "inventory" | "playbooks") {
                    let beside =
                        path.rsplit_once('/').map_or(String::new(), |(parent, _)| format!("{parent}/"));
                    all.extend(["group_vars", "host_vars"].map(|name| format!("{beside}{name}")));
                }
                all.push(path);
            }
        }
    }
    all
}

/// What things of a map say under some keys.
fn paths_of(things: &Node, keys: &[&str]) -> Vec<String> {
    let NodeKind::Map(things) = &things.kind else { return Vec::new() };
    let of = |thing: &Node| keys.iter().filter_map(|key| thing.get(key)).flat_map(paths).collect::<Vec<_>>();
    things.iter().flat_map(|(_, thing)| of(thing)).collect()
}

fn is_at_or_in(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn twice(what: &str, second: &Place, first: &Place) -> Diagnostic {
    Diagnostic::error(codes::TWICE, second, format!("`{what}` is described twice")).label(first, "first here")
}

fn bad_name(path: &str, name: &str) -> Diagnostic {
    let fault = model::ids::name_fault(name).unwrap_or("it is no name");
    let lower = name.to_lowercase().replace(['_', ' ', '.'], "-");
    let diagnostic =
        Diagnostic::error(codes::FILE_NAME, &Place::file(path), format!("`{name}` cannot be a thing's name"));
    if model::ids::name_fault(&lower).is_none() {
        diagnostic.help(format!("{fault}; rename the file to `{lower}.yaml`"))
    } else {
        diagnostic.help(fault)
    }
}

fn stray(path: &str) -> Diagnostic {
    let at = Place::file(path);
    let error = |message: String| Diagnostic::error(codes::STRAY_FILE, &at, message);
    for ending in [".yml", ".YAML"] {
        if let Some(stem) = path.strip_suffix(ending)
            && !matches!(role(&format!("{stem}.yaml")), Role::Stray)
        {
            return error(format!("`{path}` is not read: sources end in .yaml"))
                .help(format!("rename it to `{stem}.yaml`"));
        }
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [file] => {
            let stem = file.trim_end_matches(".yaml").trim_end_matches(".yml");
            let known = || SINGLES.iter().copied().chain(["fleet"]);
            let diagnostic = error(format!("`{path}` is not read: no part of a fleet has this name"));
            match (diag::nearest(stem, known()), diag::nearest(stem, KINDS.iter().copied())) {
                (Some(near), _) => diagnostic.help(format!("did you mean `{near}.yaml`?")),
                (None, Some(kind)) => {
                    diagnostic.help(format!("things of this kind are in `{kind}/NAME.yaml`"))
                }
                (None, None) => diagnostic.help(format!(
                    "files here are fleet.yaml, {}; things are in KIND/NAME.yaml; what is not the fleet's is named under `others` in fleet.yaml",
                    SINGLES.iter().map(|s| format!("{s}.yaml")).collect::<Vec<_>>().join(", ")
                )),
            }
        }
        [kind, ..] if KINDS.contains(kind) && parts.len() > 2 => {
            error(format!("`{path}` is not read: `{kind}` has files, no folders"))
                .help(format!("move it to `{kind}/NAME.yaml`"))
        }
        [kind, ..] if KINDS.contains(kind) => error(format!("`{path}` is not read: sources end in .yaml"))
            .help(format!("a thing of this kind is `{kind}/NAME.yaml`; other files go to `templates/`")),
        [projects::KEY, ..] => error(format!("`{path}` is not read: no Compose project names it"))
            .help("name it under `compose` in fleet.yaml, or under `others` when it is not the fleet's"),
        [folder, ..] => {
            let diagnostic = error(format!("`{path}` is not read: `{folder}` is not a kind of thing"));
            match diag::nearest(folder, KINDS.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}/`?")),
                None => diagnostic.help(format!(
                    "kinds are {}; other YAML goes to `templates/`, or is named under `others` in fleet.yaml",
                    KINDS.join(", ")
                )),
            }
        }
        [] => error("a file without a name".to_owned()),
    }
}
