//! Values that OpenTofu knows, put where the sources name them: `tofu/STACK/OUTPUT`.
//!
//! A value keeps the place of the text that names it, so that whatever is said of it names that line.

use crate::{Role, Sources, folder};
use diag::{Diagnostic, Place, Report};
use model::decode::{Cx, Decode};
use model::{Key, Label, Node, NodeKind, Sp, TofuStack};
use std::collections::{BTreeMap, BTreeSet};
use tofu::json::Json;
use tofu::{File, Given, Lost, Reference, Stack};

/// The key of the stacks.
pub const KEY: &str = "tofu";
/// Keys of a fleet under which nothing is filled in: what names files, and modules, which are the same in every fleet.
const NOT_IN: &[&str] = &[KEY, "trees", "compose", "others", "modules"];
/// What stands for the name of the host that takes a value.
const HOST: &str = "{host}";
/// How many things that need one missing value are named.
const NAMED: usize = 5;

/// The stacks a fleet names, whatever else is wrong with its sources.
pub fn stacks(sources: &Sources) -> (BTreeMap<Label, TofuStack>, Report) {
    let ours = |path: &str| matches!(folder::role(path), Role::Fleet | Role::Single(KEY));
    let may = |path: &str, bytes: &[u8]| path != folder::FLEET_FILE || names_stacks(bytes);
    let files = sources.files.iter().filter(|(path, bytes)| ours(path) && may(path, bytes));
    let files: BTreeMap<_, _> = files.map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
    if files.is_empty() {
        return (BTreeMap::new(), Report::new());
    }
    let mut report = Report::new();
    let root = folder::entries(&Sources { files, ..Sources::default() }, &mut report);
    let mut cx = Cx::default();
    let stacks = root.as_ref().and_then(|root| root.get(KEY)).and_then(|node| Decode::decode(node, &mut cx));
    report.extend(cx.report);
    (stacks.unwrap_or_default(), report)
}

/// A cheap look, so that a large `fleet.yaml` is not read twice for nothing.
fn names_stacks(bytes: &[u8]) -> bool {
    bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes())
}

/// The files beside the sources that [`Sources::beside`] should have, by the path their stack writes. One that is not
/// there is left out.
pub fn beside(sources: &Sources) -> BTreeSet<String> {
    let (stacks, _) = stacks(sources);
    stacks.into_values().flat_map(|s| [s.outputs, s.state]).flatten().map(|path| path.value).collect()
}

/// What was filled in.
#[derive(Default)]
pub struct Filled {
    /// By the place of the text: the text, and where its value stands.
    values: BTreeMap<Place, (String, Place)>,
    /// Texts whose value there is none of.
    lost: BTreeSet<Place>,
}

impl Filled {
    /// What reading said, with the value beside each fault of a value, and without what a missing value would be.
    pub fn told(&self, report: Report) -> Report {
        let told = |mut fault: Diagnostic| {
            let place = fault.place.clone()?;
            if self.lost.contains(&place) {
                return None;
            }
            if let Some((text, value)) = self.values.get(&place) {
                fault.labels.push((value.clone(), format!("the value of `{text}`")));
            }
            Some(fault)
        };
        Report { items: report.items.into_iter().filter_map(told).collect() }
    }
}

/// Puts values into the tree of a whole fleet.
pub fn fill(root: &mut Node, sources: &Sources, report: &mut Report) -> Filled {
    let mut filler = Filler {
        sources,
        named: named(root),
        read: BTreeMap::new(),
        missing: BTreeMap::new(),
        filled: Filled::default(),
        report,
    };
    let NodeKind::Map(entries) = &mut root.kind else { return filler.filled };
    for (key, node) in entries.iter_mut().filter(|(key, _)| !NOT_IN.contains(&key.text.as_str())) {
        match &mut node.kind {
            NodeKind::Map(things) if folder::KINDS.contains(&key.text.as_str()) => {
                let kind = key.text.strip_suffix('s').unwrap_or(&key.text);
                for (name, thing) in things {
                    filler.node(thing, &User { kind, name: &name.text });
                }
            }
            _ => filler.node(node, &User { kind: "", name: &key.text }),
        }
    }
    filler.finish()
}

/// The stacks as they are named; what is wrong with them is told when the fleet is read.
fn named(root: &Node) -> BTreeMap<Label, TofuStack> {
    root.get(KEY).and_then(|node| Decode::decode(node, &mut Cx::default())).unwrap_or_default()
}

/// A thing that takes a value.
struct User<'n> {
    /// `host`, `service`; empty for what a fleet has one of.
    kind: &'n str,
    name: &'n str,
}

impl User<'_> {
    fn host(&self) -> Option<&str> {
        (self.kind == "host").then_some(self.name)
    }

    fn text(&self) -> String {
        let space = if self.kind.is_empty() { "" } else { " " };
        format!("{}{space}`{}`", self.kind, self.name)
    }
}

/// A value there is none of: who needs it, and why there is none.
struct Missing {
    users: Vec<String>,
    lost: Lost,
}

struct Filler<'s> {
    sources: &'s Sources,
    named: BTreeMap<Label, TofuStack>,
    /// Stacks that were needed.
    read: BTreeMap<String, Stack>,
    missing: BTreeMap<(Place, String), Missing>,
    filled: Filled,
    report: &'s mut Report,
}

impl Filler<'_> {
    fn node(&mut self, node: &mut Node, user: &User<'_>) {
        match &mut node.kind {
            NodeKind::Null => {}
            NodeKind::List(items) => items.iter_mut().for_each(|item| self.node(item, user)),
            NodeKind::Map(entries) => entries.iter_mut().for_each(|(_, value)| self.node(value, user)),
            NodeKind::Scalar { text, .. } if Reference::is(text) => {
                let text = match (user.host(), text.contains(HOST)) {
                    (Some(host), true) => text.replace(HOST, host),
                    // Hosts have it from here with their own names in it; here it means nothing.
                    (None, true) if user.kind == "profile" => {
                        node.kind = NodeKind::Null;
                        return;
                    }
                    _ => text.clone(),
                };
                if let Some(kind) = self.value(&text, &node.place, user) {
                    node.kind = kind;
                }
            }
            NodeKind::Scalar { .. } => {}
        }
    }

    fn value(&mut self, text: &str, place: &Place, user: &User<'_>) -> Option<NodeKind> {
        let reference = match Reference::parse(text, place) {
            Ok(reference) => reference,
            Err(fault) => {
                self.report.push(fault);
                self.filled.lost.insert(place.clone());
                return None;
            }
        };
        match self.find(&reference, text, place) {
            Ok((kind, value)) => {
                self.filled.values.insert(place.clone(), (text.to_owned(), value));
                Some(kind)
            }
            Err(lost) => {
                self.filled.lost.insert(place.clone());
                let missing = self.missing.entry((place.clone(), text.to_owned()));
                missing.or_insert_with(|| Missing { users: Vec::new(), lost }).users.push(user.text());
                None
            }
        }
    }

    fn find(&mut self, reference: &Reference, text: &str, place: &Place) -> Result<(NodeKind, Place), Lost> {
        let say = |code, message: String, help: &str| Lost::Say {
            code,
            message,
            labels: Vec::new(),
            help: help.to_owned(),
        };
        if text.contains(HOST) {
            let help =
                "`{host}` is the name of a host: write it in hosts/NAME.yaml, or in a profile that hosts use";
            return Err(say(
                tofu::codes::BAD_REFERENCE,
                "there is no host here whose name `{host}` would be".to_owned(),
                help,
            ));
        }
        let Some(named) = self.named.get(reference.stack.as_str()) else {
            let message = format!("there is no stack `{}`", reference.stack);
            let near = diag::nearest(&reference.stack, self.named.keys().map(|name| name.as_str()));
            let help = near.map_or(
                "name it under `tofu` in fleet.yaml: `tofu: {STACK: {dir: FOLDER, outputs: FILE}}`"
                    .to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(say(tofu::codes::NO_STACK, message, &help));
        };
        if !self.read.contains_key(&reference.stack) {
            let (outputs, state) = (named.outputs.as_ref(), named.state.as_ref());
            let given = Given {
                outputs: outputs.map(|p| file(p, self.sources)),
                state: state.map(|p| file(p, self.sources)),
            };
            let stack = Stack::read(given, self.report);
            self.read.insert(reference.stack.clone(), stack);
        }
        let Some(stack) = self.read.get(&reference.stack) else { return Err(Lost::Told) };
        let found = stack.find(reference)?;
        if found.sensitive {
            let message = "that is sensitive: it would stand in files anybody may read".to_owned();
            let help = "keep it as a secret and write `secret/NAME` here; or declare the output `sensitive = false`, where it is none";
            return Err(say(tofu::codes::SENSITIVE, message, help));
        }
        if found.node.value == Json::Null {
            let help = "give the output a value, and write its file again";
            return Err(say(tofu::codes::MISSING, "it is null".to_owned(), help));
        }
        Ok((kind(found.node, place), found.node.place.clone()))
    }

    fn finish(self) -> Filled {
        for ((place, text), mut missing) in self.missing {
            let profile = |user: &String| user.starts_with("profile ");
            if !missing.users.iter().all(profile) {
                missing.users.retain(|user| !profile(user));
            }
            missing.users.dedup();
            let more = missing.users.len().saturating_sub(NAMED);
            missing.users.truncate(NAMED);
            let (word, mut users) =
                (if missing.users.len() == 1 { "needs" } else { "need" }, missing.users.join(", "));
            if more > 0 {
                users.push_str(&format!(" and {more} more"));
            }
            self.report.items.extend(missing.lost.diagnostic(&format!("{users} {word} `{text}`"), &place));
        }
        self.filled
    }
}

fn file<'f>(path: &'f Sp<String>, sources: &'f Sources) -> File<'f> {
    let bytes = sources.beside.get(&path.value).map(Vec::as_slice);
    File { path: &path.value, place: &path.place, bytes }
}

/// A value as the sources would have it, all of it at the place of the text.
fn kind(node: &tofu::json::Node, place: &Place) -> NodeKind {
    let inner = |node: &tofu::json::Node| Node { kind: kind(node, place), place: place.clone() };
    match &node.value {
        Json::Null => NodeKind::Null,
        Json::Bool(value) => NodeKind::Scalar { text: value.to_string(), quoted: false },
        Json::Number(number) => NodeKind::Scalar { text: number.to_string(), quoted: false },
        Json::String(text) => NodeKind::Scalar { text: text.clone(), quoted: true },
        Json::Array(elements) => NodeKind::List(elements.iter().map(inner).collect()),
        Json::Object(_) => NodeKind::Map(
            // Of a repeated key the last counts, once.
            node.keys()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .filter_map(|key| {
                    let value = inner(node.get(key)?);
                    Some((Key { text: key.to_owned(), place: place.clone() }, value))
                })
                .collect(),
        ),
    }
}
