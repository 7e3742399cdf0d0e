//! A project: files, variables and profiles in, one merged and normalised tree out.

use crate::environment::Environment;
use crate::files::Files;
use crate::load::{Context, Loader, section};
use crate::node::{Map, Node};
use crate::schema::{self, settle};
use crate::sources::{self, Sources};
use crate::{attached, codes, consistency, normalise, yaml};
use diag::{Diagnostic, Place, Report};

/// What is loaded, and how: what `docker compose` takes as arguments and from its environment.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Compose files, each over the ones before it. None: `COMPOSE_FILE`, or the default names in the folder.
    pub files: Vec<String>,
    /// The project's folder (`--project-directory`); the first file's when not given.
    pub directory: Option<String>,
    /// The project's name (`-p`).
    pub name: Option<String>,
    /// Its name when nothing says one, not even its folder.
    pub default_name: Option<String>,
    /// Active profiles (`--profile`); `*` is all of them. None: `COMPOSE_PROFILES`.
    pub profiles: Vec<String>,
    /// Environment files (`--env-file`), a later one over an earlier. None: `COMPOSE_ENV_FILES`, or `.env` of the
    /// project's folder, if it is there.
    pub env_files: Vec<String>,
    /// The shell's variables: they come before those of any file.
    pub environment: Environment,
}

/// A merged project in its long form.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Its folder: paths in the tree are from where this one is.
    pub directory: String,
    /// `services`, `networks`, `volumes`, `secrets`, `configs`, `models` and `x-` keys; every value with its place.
    pub tree: Node,
    /// Services whose profiles are not active.
    pub disabled: Map,
    /// Variables as interpolation saw them.
    pub environment: Environment,
}

/// Loads a project. Every fault of every file is in `report`; nothing is returned when there is nothing to read or
/// no name. With errors in the report the project is what could be made of the files, for messages only.
pub fn load(files: &dyn Files, options: &Options, report: &mut Report) -> Option<Project> {
    let mut loader = Loader::new(files, report);
    let Sources { files, directory, environment, name } = sources::find(options, &mut loader)?;
    let cx = Context::new(directory.clone(), directory.clone(), environment);
    let mut tree = loader.model(&files, None, &cx, &[]);
    let environment = cx.environment;
    if tree.as_map().is_none_or(Map::is_empty) {
        if !loader.report.has_errors() {
            loader.report.push(
                Diagnostic::bare(codes::EMPTY, "the Compose files say nothing").help("describe a service"),
            );
        }
        return None;
    }
    normalise::normalise(&mut tree, &name, &environment, &mut loader.budget, loader.report);
    let disabled = disable(&mut tree, &sources::profiles(options, &environment));
    attached::variables(&mut tree, &environment, &mut loader);
    attached::labels(&mut tree, &mut loader);
    if let Some(map) = tree.as_map_mut() {
        map.remove("name");
    }
    let place = tree.place.clone();
    let tree = settle(tree, &schema::PROJECT, true, "", loader.report).unwrap_or_else(|| Node::map(&place));
    consistency::consistent(&tree, &disabled, loader.report);
    Some(Project { name, directory, tree, disabled, environment })
}

/// Takes out the services whose profiles are not active.
fn disable(tree: &mut Node, active: &[String]) -> Map {
    let mut disabled = Map::default();
    let Some(services) = section(tree, "services") else { return disabled };
    services.retain(|name, entry| {
        let wanted: Vec<&str> = match entry.node.get("profiles").and_then(Node::as_list) {
            Some(items) => items.iter().filter_map(Node::as_text).collect(),
            None => Vec::new(),
        };
        let keep = wanted.is_empty() || active.iter().any(|a| a == "*" || wanted.contains(&a.as_str()));
        if !keep {
            disabled.insert(name, &entry.at, entry.node.clone());
        }
        keep
    });
    disabled
}

impl Project {
    /// The tree as `docker compose config` shows it: the name, active services, and of what is shared only what
    /// they use.
    pub fn used(&self) -> Node {
        let mut tree = self.tree.clone();
        let used = |kind: &str| -> Vec<String> {
            let services = self.tree.get("services").and_then(Node::as_map).into_iter().flat_map(Map::iter);
            services.flat_map(|(_, entry)| uses(&entry.node, kind)).collect()
        };
        for kind in ["networks", "volumes", "secrets", "configs", "models"] {
            let used = used(kind);
            if let Some(map) = section(&mut tree, kind) {
                map.retain(|name, _| used.iter().any(|u| u == name));
                if map.is_empty()
                    && let Some(tree) = tree.as_map_mut()
                {
                    tree.remove(kind);
                }
            }
        }
        let place = Place::builtin("name");
        if let Some(map) = tree.as_map_mut() {
            map.insert("name", &place, Node::text(&place, self.name.clone()));
        }
        tree
    }

    /// Canonical YAML: keys sorted, long forms, `$` as `$$`, so that it can be read again.
    pub fn to_yaml(&self) -> String {
        yaml::emit(&self.used())
    }
}

/// Names of shared things a service uses.
fn uses(service: &Node, kind: &str) -> Vec<String> {
    let sources = |node: Option<&Node>, only: Option<&str>| -> Vec<String> {
        let items = node.and_then(Node::as_list).unwrap_or_default().iter();
        let items = items.filter(|i| only.is_none() || i.get("type").and_then(Node::as_text) == only);
        items.filter_map(|i| Some(i.get("source")?.as_text()?.to_owned())).collect()
    };
    let node = service.get(kind);
    match kind {
        "volumes" => sources(node, Some("volume")),
        "secrets" => {
            let mut all = sources(node, None);
            all.extend(sources(service.at(&["build", "secrets"]), None));
            all
        }
        "configs" => sources(node, None),
        _ => {
            node.and_then(Node::as_map).map(|map| map.keys().map(str::to_owned).collect()).unwrap_or_default()
        }
    }
}
