//! Trees of templates: what they need is read from the fleet's folder, rendered, and written where a script
//! wrote it before.

pub mod fleet;
mod hcl;
mod hosts;
mod read;
mod threads;
mod world;
pub mod write;

use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline::Checked;
use crate::secret_store::vault_passwords;
use ansible::script::Listing;
use ansible::{Content, Vars, dialect};
use artifact::hash_hex;
use diag::{Diagnostic, Report};
use hosts::{Hosts, Named, as_ansible, flat, hosts, over};
use model::{InventoryReading, Label, Sp, TemplateStyle, TemplateTree};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;
use trees::{Entry, Given, Host, Layout, Made, Renderer, Scope, Single, Style};
use world::Outside;
use write::Staged;

/// A tree with all its files.
pub struct Tree {
    /// The folder they go to, from the fleet's.
    pub into: String,
    /// The files, by target.
    pub files: Vec<File>,
    /// Where they were written already, when nothing lies where they go; their bytes are there only, then.
    staged: Option<Staged>,
}

/// A file and its hash.
pub struct File {
    /// The file.
    pub made: Made,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What is wanted of a render.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Files that are written.
    Write,
    /// Files that are compared.
    Check,
    /// What each file was made of.
    Explain,
}

/// Renders every tree of a fleet. All faults of all trees are reported; with one there is nothing to write.
///
/// # Errors
/// When something cannot be read from the disk.
pub fn render(checked: &mut Checked, purpose: Purpose) -> Result<BTreeMap<Label, Tree>, Failure> {
    let mut all = BTreeMap::new();
    let mut report = mem::take(&mut checked.report);
    for (name, tree) in &checked.model.trees {
        // A fault of one tree keeps no other from telling its own.
        let mut found = Report::new();
        let made = One { checked, name, tree, purpose }.render(&mut found)?;
        report.extend(found);
        all.insert(name.clone(), made);
    }
    checked.report = report;
    Ok(all)
}

/// A tree that is rendered.
struct One<'t> {
    checked: &'t Checked,
    name: &'t Label,
    tree: &'t TemplateTree,
    purpose: Purpose,
}

impl One<'_> {
    fn render(&self, report: &mut Report) -> Result<Tree, Failure> {
        let One { checked, tree, .. } = self;
        let folder = &checked.folder;
        let passwords = vault_passwords(folder, tree.password_file.as_ref())?;
        let vault = read::vault(&passwords);
        let files = read::inventory(folder, tree)?;
        let reading = tree.reading.as_ref().map_or(InventoryReading::Ansible, |r| r.value);
        // Reading the inventory and decrypting take as long as each other.
        let (hosts, beside) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| {
                let mut found = Report::new();
                let over = over(tree, &files, &vault, &mut found);
                (over, read::templates(folder, &tree.templates), found)
            });
            let hosts = hosts(tree, reading, &files, &vault, report);
            (hosts, beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let ((outputs, secrets), templates, found) = beside;
        report.extend(found);
        let layers = [&outputs, &secrets];
        let (hosts, given) = match hosts {
            Hosts::Flat(nodes) => flat(nodes, &layers, report),
            Hosts::Ansible(inventory) => as_ansible(&inventory, &layers),
        };
        let mut whole = Vars::new();
        layers.into_iter().for_each(|layer| whole.lay(layer));
        let empty = Tree { into: tree.into.value.clone(), files: Vec::new(), staged: None };
        if report.has_errors() {
            return Ok(empty);
        }
        let templates = templates?;
        let layout = layout(tree, reading);
        let mut scope = Scope { given, whole: Arc::new(whole), explained: self.purpose == Purpose::Explain };
        self.give_fleet(&templates, &files, &hosts, &mut scope, report)?;
        let hosts: Vec<Host<'_>> = hosts
            .iter()
            .map(|h| Host { group: &h.group, name: &h.name, place: &h.place, vars: &h.vars })
            .collect();
        let jobs = trees::jobs(&templates, &layout, &hosts, report);
        if report.has_errors() {
            // Templates are rendered all the same: their faults are told together with these.
            self.make_all(&Renderer::new(&templates, &layout, &hosts, &scope), &jobs, None, report);
            return Ok(empty);
        }
        let staged = match self.purpose {
            Purpose::Write => Staged::where_nothing_is(folder, self.name.as_str(), &tree.into.value)?,
            Purpose::Check | Purpose::Explain => None,
        };
        let renderer = Renderer::new(&templates, &layout, &hosts, &scope);
        let files = self.make_all(&renderer, &jobs, staged.as_ref(), report);
        if report.has_errors() {
            return Ok(empty);
        }
        trees::unused(&templates, &layout, &hosts, &jobs, &renderer.loaded(), report);
        Ok(Tree { files, staged, ..empty })
    }

    /// Every job, on every processor. The files come in the order of their targets.
    fn make_all(
        &self,
        renderer: &Renderer<'_>,
        jobs: &[trees::Job],
        staged: Option<&Staged>,
        report: &mut Report,
    ) -> Vec<File> {
        let outside = Outside::new(&self.checked.folder, &self.tree.templates.value);
        let stacks = hcl::Stacks::of(&self.checked.model.tofu);
        let all = threads::each(
            jobs,
            || renderer.worker(),
            |worker, job| {
                let mut found = Report::new();
                let made = worker.make(job, &outside, &mut found).map(|mut made| {
                    stacks.look(&self.tree.into.value, &mut made, &mut found);
                    let sha256 = hash_hex(&made.bytes);
                    if let Some(staged) = staged {
                        if let Err(e) = staged.put(&made) {
                            let message = format!("{}: {e}", made.target);
                            found.push(Diagnostic::bare(codes::UNWRITABLE, message));
                        }
                        made.bytes = Arc::from([]);
                    }
                    File { made, sha256 }
                });
                (made, found)
            },
        );
        let mut files = Vec::with_capacity(all.len());
        for (made, found) in all {
            files.extend(made);
            report.extend(found);
        }
        files
    }

    /// The fleet's own model, where a template asks for it.
    fn give_fleet(
        &self,
        templates: &trees::Files,
        files: &ansible::Files,
        hosts: &[Named],
        scope: &mut Scope,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let named = |bytes: &[u8]| bytes.windows(FLEET.len()).any(|part| part == FLEET.as_bytes());
        let asks = templates.under(&self.tree.templates.value).any(|(_, entry)| match entry {
            Entry::File { bytes, .. } => named(bytes),
            Entry::Other(_) => false,
        });
        // A value of an inventory may be a template too.
        let asks =
            asks || files.iter().any(|(_, content)| matches!(content, Content::Bytes(bytes) if named(bytes)));
        if !asks {
            return Ok(());
        }
        let own = hosts.iter().find_map(|host| host.vars.get(FLEET)).or(scope.whole.get(FLEET));
        match own {
            // Nothing is hidden by it.
            Some(_) if self.checked.model.hosts.is_empty() => {}
            Some(var) => report.push(
                Diagnostic::error(
                    trees::codes::FLEET_HIDDEN,
                    &var.origin.place,
                    "this variable hides the fleet's own model, which templates read as `fleet`",
                )
                .help("rename the variable here and in the templates that mean it"),
            ),
            None => {
                if let Some(node) = fleet::node(self.checked, report)? {
                    scope.given.insert(Arc::from(FLEET), Given::Node(Arc::new(node), ansible::Layer::Model));
                }
            }
        }
        Ok(())
    }
}

/// What templates call the fleet's own model.
const FLEET: &str = "fleet";

/// The hosts of all trees of a fleet, as their inventories have them. What is encrypted is left out.
///
/// # Errors
/// When something cannot be read from the disk.
pub fn listing(checked: &mut Checked) -> Result<Listing, Failure> {
    let mut all = Listing::default();
    for tree in checked.model.trees.values() {
        let passwords = vault_passwords(&checked.folder, tree.password_file.as_ref())?;
        let vault = read::vault(&passwords);
        let files = read::inventory(&checked.folder, tree)?;
        let reading = tree.reading.as_ref().map_or(InventoryReading::Ansible, |r| r.value);
        let mut found = Report::new();
        match hosts(tree, reading, &files, &vault, &mut found) {
            Hosts::Ansible(inventory) => all.add(Listing::of(&inventory)),
            Hosts::Flat(nodes) => {
                for node in &nodes {
                    all.add(Listing::of_flat(&dialect::merge(node, &[], &mut found)));
                }
            }
        }
        // Trees of one fleet most often share an inventory, and its faults are one fault.
        found.items.retain(|diagnostic| !checked.report.items.contains(diagnostic));
        checked.report.extend(found);
    }
    Ok(all)
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

/// The error of a fleet without trees.
pub fn none() -> Failure {
    Failure::bare(Exit::Errors, codes::NO_SUCH, "this fleet names no trees of templates")
        .help("write `trees:` into fleet.yaml: docs/howto/render-script.md")
}
