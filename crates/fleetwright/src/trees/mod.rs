//! Trees of templates: what they need is read from the fleet's folder, rendered, and written where a script
//! wrote it before.

mod read;
mod world;
pub mod write;

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use ansible::{Vars, dialect};
use diag::{Diagnostic, Place, Report};
use model::{InventoryReading, Label, Sp, TemplateStyle, TemplateTree};
use py::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trees::{Host, Layout, Made, Renderer, Scope, Single, Style};
use world::Outside;

/// A tree with all its files.
pub struct Tree {
    /// The folder they go to, from the fleet's.
    pub into: String,
    /// The files, by target.
    pub made: Vec<Made>,
}

/// Renders every tree of a fleet. All faults of all trees are reported; with one there is nothing to write.
///
/// # Errors
/// When something cannot be read from the disk.
pub fn render(
    folder: &Path,
    trees: &BTreeMap<Label, TemplateTree>,
    report: &mut Report,
) -> Result<BTreeMap<Label, Tree>, Failure> {
    let mut all = BTreeMap::new();
    for (name, tree) in trees {
        // A fault of one tree keeps no other from telling its own.
        let mut found = Report::new();
        let made = one(folder, tree, &mut found)?;
        report.extend(found);
        all.insert(name.clone(), Tree { into: tree.into.value.clone(), made });
    }
    Ok(all)
}

/// A host as its templates see it.
struct Named {
    group: String,
    name: String,
    place: Place,
    vars: Vars,
}

fn one(folder: &Path, tree: &TemplateTree, report: &mut Report) -> Result<Vec<Made>, Failure> {
    let passwords = read::passwords(folder, tree)?;
    let vault = read::vault(&passwords);
    let files = read::inventory(folder, tree)?;
    let load = |path: &Sp<String>, report: &mut Report| {
        let loaded = ansible::load_values(&files, &path.value, &vault, report);
        if files.get(&path.value).is_none() {
            report.push(missing(path));
        }
        loaded
    };
    let outputs = tree.outputs.as_ref().and_then(|path| load(path, report));
    let outputs = outputs.and_then(|node| trees::outputs(&node, report));
    let mut secrets = Vars::new();
    for path in &tree.secrets {
        if let Some(node) = load(path, report) {
            secrets.lay(&dialect::variables(&node, ansible::Layer::Secrets, "secrets", report));
        }
    }
    let outputs = outputs.map_or_else(Vars::new, |node| {
        dialect::variables(&node, ansible::Layer::Outputs, "Terraform outputs", report)
    });
    let reading = tree.reading.as_ref().map_or(InventoryReading::Ansible, |r| r.value);
    let (hosts, mut scope) = match reading {
        InventoryReading::Flat => {
            let mut hosts = Vec::new();
            let mut whole = Vec::new();
            let mut secret = BTreeSet::new();
            for path in &tree.inventory {
                if let Some(node) = load(path, report) {
                    hosts.extend(dialect::merge(&node, &[&outputs, &secrets], report));
                    whole.push(node.value());
                    if node.holds_secret() {
                        secret.insert(Arc::from("inventory"));
                    }
                }
            }
            let hosts = hosts
                .into_iter()
                .map(|h| Named { group: h.group, name: h.name, place: h.place, vars: h.vars })
                .collect();
            let values =
                whole.into_iter().map(|v| (Arc::from("inventory"), jinja::Value::from(&v))).collect();
            (hosts, Scope { values, secrets: secret, whole: Vars::new() })
        }
        InventoryReading::Ansible => as_ansible(tree, &files, &vault, &[&outputs, &secrets], report),
    };
    scope.whole.lay(&outputs);
    scope.whole.lay(&secrets);
    if report.has_errors() {
        return Ok(Vec::new());
    }
    let templates = read::templates(folder, &tree.templates)?;
    let layout = layout(tree, reading);
    let hosts: Vec<Host<'_>> = hosts
        .iter()
        .map(|h| Host { group: &h.group, name: &h.name, place: &h.place, vars: &h.vars })
        .collect();
    let jobs = trees::jobs(&templates, &layout, &hosts, report);
    let renderer = Renderer::new(&templates, &layout, &hosts, &scope);
    let outside = Outside::new(folder, &tree.templates.value);
    let made = make_all(&renderer, &jobs, &outside, report);
    if !report.has_errors() {
        trees::unused(&templates, &layout, &hosts, &jobs, &renderer.loaded(), report);
    }
    Ok(made)
}

fn missing(path: &Sp<String>) -> Diagnostic {
    Diagnostic::error(codes::NO_SUCH, &path.place, format!("there is no file `{}`", path.value))
        .help("the path counts from the fleet's folder")
}

fn as_ansible(
    tree: &TemplateTree,
    files: &ansible::Files,
    vault: &ansible::Vault<'_>,
    over: &[&Vars],
    report: &mut Report,
) -> (Vec<Named>, Scope) {
    let sources: Vec<&str> = tree.inventory.iter().map(|p| p.value.as_str()).collect();
    let options =
        ansible::Options { sources: &sources, playbooks: tree.playbooks.as_ref().map(|p| p.value.as_str()) };
    let inventory = ansible::read(files, options, vault, report);
    let mut hosts = Vec::new();
    let mut hostvars = Vec::new();
    let mut secrets = BTreeSet::new();
    for (name, host) in &inventory.hosts {
        let mut vars = host.vars.clone();
        for layer in over {
            vars.lay(layer);
        }
        for (variable, value) in [
            ("inventory_hostname", Value::from(name.as_str())),
            ("inventory_hostname_short", Value::from(name.split('.').next().unwrap_or(name))),
            ("group_names", host.group_names().into_iter().map(Value::from).collect()),
        ] {
            let origin = ansible::Origin { place: host.place.clone(), layer: ansible::Layer::Name };
            vars.set(variable, Arc::new(py::Node::from_value(&host.place, value)), origin);
        }
        let entry = |(key, var): (&str, &ansible::Var)| py::Entry {
            key: Value::from(key),
            place: var.origin.place.clone(),
            node: var.node.as_ref().clone(),
        };
        let all = py::Kind::Map(vars.iter().map(entry).collect());
        let node = py::Node { place: host.place.clone(), marks: py::Marks::default(), kind: all };
        if node.holds_secret() {
            secrets.insert(Arc::from("hostvars"));
        }
        let scope: Arc<str> = Arc::from(name.as_str());
        hostvars.push((Arc::clone(&scope), jinja::Value::templated(&node, Some(&scope))));
        // Each of its groups may have a folder for it; two files for one target are refused later.
        for group in &host.groups {
            hosts.push(Named {
                group: group.clone(),
                name: name.clone(),
                place: host.place.clone(),
                vars: vars.clone(),
            });
        }
    }
    let groups: py::Map = inventory
        .groups
        .iter()
        .map(|(name, group)| {
            let members: Value = group.all_hosts.iter().map(|h| Value::from(h.as_str())).collect();
            (name.as_str(), members)
        })
        .collect();
    let values = [
        (Arc::from("hostvars"), jinja::Value::frozen_dict(hostvars)),
        (Arc::from("groups"), jinja::Value::from(&Value::Map(groups))),
    ];
    let values = values.into();
    (hosts, Scope { values, secrets, whole: Vars::new() })
}

fn layout(tree: &TemplateTree, reading: InventoryReading) -> Layout {
    let texts = |list: &[Sp<String>]| -> BTreeSet<String> { list.iter().map(|t| t.value.clone()).collect() };
    let style = match tree.style.as_ref().map_or(TemplateStyle::Jinja, |s| s.value) {
        TemplateStyle::Jinja => Style::Jinja(jinja::Options {
            trim_blocks: tree.trim_blocks.unwrap_or(true),
            lstrip_blocks: tree.lstrip_blocks.unwrap_or(false),
            keep_trailing_newline: tree.keep_trailing_newline.unwrap_or(false),
            templar: reading == InventoryReading::Ansible,
            ..jinja::Options::ansible()
        }),
        TemplateStyle::Simple => Style::Simple(vec![".tpl".to_owned(), ".template".to_owned()]),
    };
    let singles = tree.files.iter().map(|file| Single {
        template: file.template.value.clone(),
        to: file.to.value.clone(),
        groups: texts(&file.groups),
        place: file.place.clone(),
    });
    Layout {
        templates: tree.templates.value.clone(),
        place: tree.templates.place.clone(),
        shared: texts(&tree.shared),
        style,
        templated_values: reading == InventoryReading::Ansible,
        out: tree.out.as_ref().map_or_else(|| "{host}".to_owned(), |out| out.value.clone()),
        singles: singles.collect(),
    }
}

/// Every job, on every processor. The files come in the order of their targets.
fn make_all(
    renderer: &Renderer<'_>,
    jobs: &[trees::Job],
    outside: &Outside,
    report: &mut Report,
) -> Vec<Made> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len().max(1));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return done };
            let mut found = Report::new();
            let made = renderer.make(job, outside, &mut found);
            done.push((number, made, found));
        }
    };
    let mut all: Vec<(usize, Option<Made>, Report)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for thread in threads {
            match thread.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _, _)| *number);
    let mut files = Vec::with_capacity(all.len());
    for (_, made, found) in all {
        files.extend(made);
        report.extend(found);
    }
    files
}

/// The error of a fleet without trees.
pub fn none() -> Failure {
    Failure::bare(Exit::Errors, codes::NO_SUCH, "this fleet names no trees of templates")
        .help("write `trees:` into fleet.yaml: docs/howto/render-script.md")
}
