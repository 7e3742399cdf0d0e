//! `group_vars` and `host_vars`: which files belong to a name, as ansible-core's `host_group_vars` finds them.

use crate::files::{extension, join};
use crate::inventory::{Layer, Origin, Vars};
use crate::read::Loader;
use crate::{codes, files};
use diag::{Diagnostic, Place, Report};
use py::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Endings of files of variables.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];
/// Deepest folder in a folder.
const MAX_DEPTH: usize = 32;

/// The two folders beside one inventory, or one folder of playbooks.
pub(crate) struct VarsFiles<'l, 'r> {
    loader: &'l Loader<'l>,
    report: &'r mut Report,
    /// Variables by file: many hosts read the same ones.
    read: BTreeMap<(String, Owner), Vars>,
    used: BTreeSet<String>,
    folders: BTreeSet<String>,
}

/// Whose variables they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Group(String),
    Host(String),
}

impl<'l, 'r> VarsFiles<'l, 'r> {
    pub fn new(loader: &'l Loader<'l>, report: &'r mut Report) -> Self {
        VarsFiles { loader, report, read: BTreeMap::new(), used: BTreeSet::new(), folders: BTreeSet::new() }
    }

    /// The variables a folder's `group_vars` or `host_vars` have for a name.
    pub fn vars(&mut self, base: &str, owner: &Owner) -> Vars {
        let (folder, owner_name) = match owner {
            Owner::Group(name) => (join(base, "group_vars"), name),
            Owner::Host(name) => (join(base, "host_vars"), name),
        };
        if let Some(vars) = self.read.get(&(folder.clone(), owner.clone())) {
            return vars.clone();
        }
        self.look_at(&folder);
        let mut vars = Vars::new();
        // As in Ansible a host that is a path, as chroots are, has none.
        if !owner_name.starts_with('/') {
            for path in self.find(&folder, owner_name) {
                self.load(&path, owner, &mut vars);
            }
        }
        self.read.insert((folder, owner.clone()), vars.clone());
        vars
    }

    fn look_at(&mut self, folder: &str) {
        if self.folders.insert(folder.to_owned()) && self.loader.files.get(folder).is_some() {
            self.report.push(
                Diagnostic::warning(
                    codes::UNREAD,
                    &Place::file(folder),
                    "this is no folder, and Ansible reads nothing from it",
                )
                .help("make it a folder with a file for each name"),
            );
        }
    }

    /// The first of `NAME/`, `NAME`, `NAME.yml`, `NAME.yaml`, `NAME.json` that is there.
    fn find(&mut self, folder: &str, owner: &str) -> Vec<String> {
        let candidates: Vec<String> =
            ENDINGS.iter().map(|ending| format!("{folder}/{owner}{ending}")).collect();
        let there =
            |path: &&String| self.loader.files.get(path).is_some() || self.loader.files.is_folder(path);
        let mut found = candidates.iter().filter(there);
        let Some(first) = found.next() else { return Vec::new() };
        let others: Vec<String> =
            found.filter(|path| self.loader.files.get(path).is_some()).cloned().collect();
        for other in others {
            if self.used.insert(other.clone()) {
                self.report.push(
                    Diagnostic::warning(
                        codes::UNREAD,
                        &Place::file(other.as_str()),
                        format!("Ansible does not read this file: it reads `{first}` in its place"),
                    )
                    .help(format!("move it to `{folder}/{owner}/`, where all files are read")),
                );
            }
        }
        if self.loader.files.get(first).is_some() {
            return vec![first.clone()];
        }
        let mut paths = Vec::new();
        self.in_folder(first, 0, &mut paths);
        paths
    }

    fn in_folder(&mut self, folder: &str, depth: usize, paths: &mut Vec<String>) {
        for name in self.loader.files.list(folder) {
            if name.starts_with('.') || name.ends_with('~') || depth > MAX_DEPTH {
                continue;
            }
            let path = join(folder, &name);
            let extension = extension(&name);
            if self.loader.files.get(&path).is_some() {
                if ENDINGS.contains(&extension) {
                    paths.push(path);
                }
            } else if extension.is_empty() {
                self.in_folder(&path, depth + 1, paths);
            }
        }
    }

    fn load(&mut self, path: &str, owner: &Owner, vars: &mut Vars) {
        self.used.insert(path.to_owned());
        let Some((text, marks)) = self.loader.text(path, self.report) else { return };
        let Some(node) = self.loader.values(path, &text, marks, self.report) else { return };
        let layer = match owner {
            Owner::Group(name) => Layer::GroupVars(name.as_str().into()),
            Owner::Host(_) => Layer::HostVars,
        };
        match node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    let Some(name) = entry.key.as_str().map(str::to_owned) else {
                        let message =
                            format!("{} is no variable's name: it is not a text", py::repr(&entry.key));
                        self.report.push(
                            Diagnostic::error(codes::VARS_FILE, &entry.place, message)
                                .help("write it in quotes"),
                        );
                        continue;
                    };
                    let origin = Origin { place: entry.place, layer: layer.clone() };
                    vars.set(&name, Arc::new(entry.node), origin);
                }
            }
            Kind::Scalar(value) if !value.truth() => {}
            Kind::List(items) if items.is_empty() => {}
            Kind::Scalar(_) | Kind::List(_) => self.report.push(
                Diagnostic::error(codes::VARS_FILE, &node.place, "a file of variables is a map")
                    .help("write `name: value` lines"),
            ),
        }
    }

    /// Tells of files that belong to no group and no host.
    pub fn unread(&mut self, base: &str, groups: &[&str], hosts: &[&str]) {
        for (kind, names) in [("group", groups), ("host", hosts)] {
            let folder = join(base, &format!("{kind}_vars"));
            for entry in self.loader.files.list(&folder) {
                let ending = extension(&entry);
                let stem = match ENDINGS.contains(&ending) {
                    true => entry.strip_suffix(ending).unwrap_or(&entry),
                    false => entry.as_str(),
                };
                let ours = names.contains(&stem) || names.contains(&entry.as_str());
                if ours || entry.starts_with('.') || entry.ends_with('~') {
                    continue;
                }
                let path = join(&folder, &entry);
                let help = format!("its name is a {kind}'s, with .yml, .yaml, .json or nothing after it");
                self.report.push(
                    Diagnostic::warning(
                        codes::UNREAD,
                        &Place::file(path.as_str()),
                        format!("no {kind} is named `{stem}`: Ansible does not read this"),
                    )
                    .help(help)
                    .suggest(stem, names.iter().copied()),
                );
            }
        }
    }
}

/// Folders beside which variables lie: each source's own, or the one it is in; each once.
pub(crate) fn bases(loader: &Loader<'_>, sources: &[&str]) -> Vec<String> {
    let mut bases: Vec<String> = Vec::new();
    for source in sources {
        let clean = join(source, "");
        let source = clean.trim_end_matches('/');
        let base = if loader.files.get(source).is_some() { files::parent(source) } else { source };
        if !bases.iter().any(|known| known == base) {
            bases.push(base.to_owned());
        }
    }
    bases
}
