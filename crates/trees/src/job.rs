//! Which file is made from which, and for whom.

use crate::codes;
use crate::files::{Entry, Files};
use ansible::Vars;
use diag::{Diagnostic, Place, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a template is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// Jinja2 in every file that ends with `.j2`.
    Jinja(jinja::Options),
    /// `{{NAME}}` in every file that ends with one of these, which goes: `.tpl`. See [`jinja::simple`].
    Simple(Vec<String>),
}

impl Style {
    /// The name a template's file gets; nothing for what is copied.
    fn rendered<'n>(&self, name: &'n str) -> Option<&'n str> {
        let cut =
            |ending: &str| name.strip_suffix(ending).filter(|stem| !stem.is_empty() && !stem.ends_with('/'));
        match self {
            Style::Jinja(_) => cut(".j2"),
            Style::Simple(endings) => endings.iter().find_map(|ending| cut(ending)),
        }
    }
}

/// How a tree is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The tree's folder.
    pub templates: String,
    /// Where it is named.
    pub place: Place,
    /// Groups whose folder serves all their hosts.
    pub shared: BTreeSet<String>,
    /// What a template is.
    pub style: Style,
    /// Values may be templates themselves, as Ansible's are: each is rendered where it is used.
    pub templated_values: bool,
    /// Where a host's files go: `{host}` and `{group}` are put in.
    pub out: String,
    /// Templates of their own.
    pub singles: Vec<Single>,
}

/// A template of its own, beside the folders of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// The template, below [`Layout::templates`]; `{group}` and `{host}` are put in.
    pub template: String,
    /// The file it becomes; with `{host}` one for each host.
    pub to: String,
    /// Only for hosts of these groups; empty is all.
    pub groups: BTreeSet<String>,
    /// Where it is named.
    pub place: Place,
}

/// A host and all its variables.
#[derive(Clone, Debug)]
pub struct Host<'h> {
    /// The group whose folder serves it.
    pub group: &'h str,
    /// Its name.
    pub name: &'h str,
    /// Where it stands.
    pub place: &'h Place,
    /// Its variables, each with where it came from.
    pub vars: &'h Arc<Vars>,
}

/// One file to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What it is made from.
    pub template: String,
    /// Where it goes.
    pub target: String,
    /// Number of the host it is for; nothing for a file of no host.
    pub host: Option<usize>,
    /// It is rendered, and not copied.
    pub rendered: bool,
}

/// Every file of every host, by target. Every fault is reported; with one there is nothing to write.
pub fn jobs(files: &Files, layout: &Layout, hosts: &[Host<'_>], report: &mut Report) -> Vec<Job> {
    let mut plan = Plan { files, layout, report, jobs: BTreeMap::new() };
    if files.under(&layout.templates).next().is_none() {
        plan.report.push(
            Diagnostic::error(
                codes::NO_TREE,
                &layout.place,
                format!("there is nothing in the folder `{}`", layout.templates),
            )
            .help("the path counts from the fleet's folder"),
        );
        return Vec::new();
    }
    for (number, host) in hosts.iter().enumerate() {
        plan.host(number, host);
    }
    for single in &layout.singles {
        plan.single(single, hosts);
    }
    plan.jobs.into_values().map(|(job, _)| job).collect()
}

struct Plan<'p> {
    files: &'p Files,
    layout: &'p Layout,
    report: &'p mut Report,
    /// By target, each with where whoever asks for it stands.
    jobs: BTreeMap<String, (Job, Place)>,
}

impl Plan<'_> {
    fn host(&mut self, number: usize, host: &Host<'_>) {
        let folder = match self.layout.shared.contains(host.group) {
            true => host.group.to_owned(),
            false => format!("{}/{}", host.group, host.name),
        };
        let folder = format!("{}/{folder}", self.layout.templates);
        let found: Vec<(String, bool)> = self
            .files
            .under(&folder)
            .map(|(rest, entry)| (rest.to_owned(), matches!(entry, Entry::File { .. })))
            .collect();
        for (rest, is_file) in found {
            let path = format!("{folder}/{rest}");
            if !is_file {
                self.not_a_file(&path);
                continue;
            }
            let out = filled(&self.layout.out, host.group, host.name);
            let (name, rendered) = match self.layout.style.rendered(&rest) {
                Some(name) => (name, true),
                None => (rest.as_str(), false),
            };
            let target = if out.is_empty() { name.to_owned() } else { format!("{out}/{name}") };
            let job = Job { template: path, target, host: Some(number), rendered };
            self.add(job, host.place.clone());
        }
    }

    fn single(&mut self, single: &Single, hosts: &[Host<'_>]) {
        let of_host = |text: &str| text.contains("{host}") || text.contains("{group}");
        if !of_host(&single.to) && !of_host(&single.template) {
            self.one(single, None, &single.template, single.to.clone());
            return;
        }
        // A host of several groups is one host where its group is not asked for.
        let mut made: BTreeSet<(&str, String, String)> = BTreeSet::new();
        for (number, host) in hosts.iter().enumerate() {
            if single.groups.is_empty() || single.groups.contains(host.group) {
                let template = filled(&single.template, host.group, host.name);
                let to = filled(&single.to, host.group, host.name);
                if made.insert((host.name, template.clone(), to.clone())) {
                    self.one(single, Some(number), &template, to);
                }
            }
        }
    }

    fn one(&mut self, single: &Single, host: Option<usize>, template: &str, target: String) {
        let path = format!("{}/{template}", self.layout.templates);
        match self.files.get(&path) {
            Some(Entry::File { .. }) => {
                let rendered = self.layout.style.rendered(&path).is_some();
                self.add(Job { template: path, target, host, rendered }, single.place.clone());
            }
            Some(Entry::Other(_)) => self.not_a_file(&path),
            None => self.report.push(
                Diagnostic::error(codes::NO_TREE, &single.place, format!("there is no file `{path}`"))
                    .help(format!("a template's path counts from `{}`", self.layout.templates)),
            ),
        }
    }

    fn not_a_file(&mut self, path: &str) {
        if let Some(Entry::Other(what)) = self.files.get(path) {
            self.report.push(
                Diagnostic::error(codes::NOT_A_FILE, &Place::file(path), format!("this is {what}"))
                    .help("put a file here, or take it away: nothing is left out in silence"),
            );
        }
    }

    fn add(&mut self, job: Job, place: Place) {
        if !is_inside(&job.target) {
            self.report.push(
                Diagnostic::error(
                    codes::OUTSIDE,
                    &place,
                    format!(
                        "`{}` would become `{}`, outside of the folder that is written",
                        job.template, job.target
                    ),
                )
                .help(
                    "a name of a host, group or file has no `..`, no `/` at its start and no empty part here",
                ),
            );
            return;
        }
        if let Some((other, first)) = self.jobs.get(&job.target) {
            let what = match other.template == job.template {
                true => format!("`{}` becomes `{}` for two hosts", job.template, job.target),
                false => format!("`{}` and `{}` both become `{}`", other.template, job.template, job.target),
            };
            self.report.push(
                Diagnostic::error(codes::TARGET_TWICE, &place, what).label(first, "the first for it").help(
                    "rename one of them, or put the group's name into the way: `out: \"{group}/{host}\"`",
                ),
            );
            return;
        }
        let target = job.target.clone();
        // A file cannot lie in a file.
        let below = format!("{target}/");
        let above =
            target.match_indices('/').map(|(at, _)| &target[..at]).find(|p| self.jobs.contains_key(*p));
        let clash = above.map(str::to_owned).or_else(|| {
            let next = self.jobs.range(below.clone()..).next().map(|(path, _)| path.clone());
            next.filter(|path| path.starts_with(&below))
        });
        if let Some(other) = clash {
            self.report.push(
                Diagnostic::error(
                    codes::TARGET_TWICE,
                    &place,
                    format!("`{target}` and `{other}` cannot both be: one of them is a file and the other's folder"),
                )
                .help("rename one of them"),
            );
            return;
        }
        self.jobs.insert(target, (job, place));
    }
}

/// Tells of folders that belong to no host, and that no template used: most often a host was renamed.
pub fn unused(
    files: &Files,
    layout: &Layout,
    hosts: &[Host<'_>],
    jobs: &[Job],
    loaded: &BTreeSet<String>,
    report: &mut Report,
) {
    let names: Vec<&str> = hosts.iter().map(|h| h.name).collect();
    let groups: BTreeSet<&str> = hosts.iter().map(|h| h.group).collect();
    let used: BTreeSet<&str> = jobs.iter().map(|job| job.template.as_str()).collect();
    // By folder, and whether something in it is used.
    let mut folders: BTreeMap<(&str, Option<&str>), bool> = BTreeMap::new();
    for (rest, _) in files.under(&layout.templates) {
        let mut parts = rest.split('/');
        let (Some(group), Some(second)) = (parts.next(), parts.next()) else { continue };
        // What lies right in a group's folder is nobody's own.
        let host = (groups.contains(group) && parts.next().is_some()).then_some(second);
        if host.is_none() && groups.contains(group) {
            continue;
        }
        let is_used = used.contains(format!("{}/{rest}", layout.templates).as_str()) || loaded.contains(rest);
        *folders.entry((group, host)).or_default() |= is_used;
    }
    for ((group, host), is_used) in folders {
        if is_used || layout.shared.contains(group) {
            continue;
        }
        let (what, path, looked_for, known) = match host {
            Some(host) => (
                format!("group `{group}` has no host `{host}`"),
                format!("{group}/{host}"),
                host,
                names.clone(),
            ),
            None => (
                format!("no host is in a group `{group}`"),
                group.to_owned(),
                group,
                groups.iter().copied().collect(),
            ),
        };
        let place = Place::file(format!("{}/{path}", layout.templates));
        report.push(
            Diagnostic::warning(
                codes::SERVES_NOBODY,
                &place,
                format!("{what}: nothing becomes of this folder"),
            )
            .help("rename it, say `shared` for its group, or take it away")
            .suggest(looked_for, known),
        );
    }
}

/// `{host}` and `{group}` put in.
fn filled(text: &str, group: &str, host: &str) -> String {
    text.replace("{group}", group).replace("{host}", host)
}

/// True for a relative path that stays where it is put.
fn is_inside(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
