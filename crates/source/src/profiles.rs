//! `use`: profiles composed into services and hosts before the tree is read, so that every value keeps the
//! place it was written at.
//!
//! A thing wins over what it uses. Maps are put together key by key; everything else is a whole. Two used
//! profiles that say different things are an error, unless the thing itself says the value.

use crate::codes;
use crate::merge::{Fault, Fields, merge, merge_maps};
use diag::{Diagnostic, Place, Report};
use model::shape::Shape;
use model::{Decode, Key, Node, NodeKind};
use std::collections::{BTreeMap, BTreeSet};

/// Composes every `use` in the tree of a whole fleet.
pub fn compose(root: &mut Node, report: &mut Report) {
    let kinds = Kinds::new();
    let profiles = resolve_profiles(root, &kinds, report);
    if profiles.is_empty() {
        return;
    }
    let users = host_users(root);
    add_services(root, &profiles, &users, report);
    for (_, node) in things_mut(root, "services").into_iter().flatten() {
        let uses = names_of(node.get("use"));
        apply(node, &uses, &profiles, &kinds.service, &kinds, report);
    }
    for (name, node) in things_mut(root, "hosts").into_iter().flatten() {
        if let Some(uses) = users.get(&name.text) {
            apply(node, uses, &profiles, &kinds.host, &kinds, report);
        }
    }
}

/// The keys of what takes part.
struct Kinds {
    service: Kind,
    host: Kind,
    profile: Kind,
}

/// A kind of thing that takes what profiles say.
struct Kind {
    /// For messages.
    word: &'static str,
    fields: Fields,
    /// Keys of profiles that mean something else to it than a value of its own.
    skip: &'static [&'static str],
}

impl Kinds {
    fn new() -> Self {
        let kind = |word, shape, skip| Kind { word, fields: Fields::of(&shape), skip };
        Kinds {
            service: kind("service", model::Service::shape(), &["use"]),
            host: kind("host", model::Host::shape(), &["use", "services"]),
            profile: kind("profile", model::Profile::shape(), &["use"]),
        }
    }
}

/// A name in a `use` list.
#[derive(Clone)]
struct Use {
    name: String,
    place: Place,
}

/// A profile with everything it builds on.
struct Resolved {
    place: Place,
    node: Node,
}

fn resolve_profiles(root: &Node, kinds: &Kinds, report: &mut Report) -> BTreeMap<String, Resolved> {
    let Some(Node { kind: NodeKind::Map(written), .. }) = root.get("profiles") else {
        return BTreeMap::new();
    };
    let written: BTreeMap<&str, (&Place, &Node)> =
        written.iter().map(|(k, n)| (k.text.as_str(), (&k.place, n))).collect();
    let mut done = BTreeMap::new();
    for name in written.keys() {
        resolve(name, &written, kinds, &mut Vec::new(), &mut done, report);
    }
    done
}

fn resolve(
    name: &str,
    written: &BTreeMap<&str, (&Place, &Node)>,
    kinds: &Kinds,
    path: &mut Vec<String>,
    done: &mut BTreeMap<String, Resolved>,
    report: &mut Report,
) {
    let Some((place, node)) = written.get(name).filter(|_| !done.contains_key(name)) else { return };
    path.push(name.to_owned());
    let mut uses = names_of(node.get("use"));
    uses.retain(|used| {
        let Some(at) = path.iter().position(|p| *p == used.name) else { return true };
        let mut round: Vec<&str> = path[at..].iter().map(String::as_str).collect();
        round.push(&used.name);
        report.push(
            Diagnostic::error(
                codes::PROFILE_CYCLE,
                &used.place,
                format!("profile `{}` uses itself: {}", used.name, round.join(" → ")),
            )
            .help("take one of them out of the circle"),
        );
        false
    });
    for used in &uses {
        resolve(&used.name, written, kinds, path, done, report);
    }
    path.pop();
    let mut node = (*node).clone();
    apply(&mut node, &uses, done, &kinds.profile, kinds, report);
    done.insert(name.to_owned(), Resolved { place: (*place).clone(), node });
}

/// The profiles each host uses: its own, and those of the groups it is in.
fn host_users(root: &Node) -> BTreeMap<String, Vec<Use>> {
    let groups = things(root, "groups");
    let hosts = things(root, "hosts");
    let mut parents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (group, node) in groups {
        for inner in texts(node.get("groups")) {
            parents.entry(inner).or_default().push(&group.text);
        }
        for host in texts(node.get("hosts")) {
            members.entry(host.to_owned()).or_default().insert(group.text.clone());
        }
    }
    let mut users = BTreeMap::new();
    for (host, node) in hosts {
        let mut of: BTreeSet<String> = members.remove(&host.text).unwrap_or_default();
        of.extend(texts(node.get("groups")).map(str::to_owned));
        of.insert("all".to_owned());
        let mut queue: Vec<String> = of.iter().cloned().collect();
        while let Some(group) = queue.pop() {
            for parent in parents.get(group.as_str()).into_iter().flatten() {
                if of.insert((*parent).to_owned()) {
                    queue.push((*parent).to_owned());
                }
            }
        }
        let mut uses = names_of(node.get("use"));
        for (group, node) in groups {
            if of.contains(&group.text) {
                uses.extend(names_of(node.get("use")));
            }
        }
        // One profile by two ways is one profile.
        let mut seen = BTreeSet::new();
        uses.retain(|u| seen.insert(u.name.clone()));
        users.insert(host.text.clone(), uses);
    }
    users
}

/// Services that profiles bring to every host that uses them.
fn add_services(
    root: &mut Node,
    profiles: &BTreeMap<String, Resolved>,
    users: &BTreeMap<String, Vec<Use>>,
    report: &mut Report,
) {
    struct Brought<'p> {
        key: &'p Key,
        sources: Vec<(&'p str, &'p Node)>,
        hosts: BTreeMap<&'p str, &'p Place>,
    }
    let mut brought: BTreeMap<&str, Brought> = BTreeMap::new();
    for (host, uses) in users {
        for used in uses {
            let Some((name, profile)) = profiles.get_key_value(&used.name) else { continue };
            for (key, node) in things(&profile.node, "services") {
                let entry = brought.entry(&key.text).or_insert_with(|| Brought {
                    key,
                    sources: Vec::new(),
                    hosts: BTreeMap::new(),
                });
                if !entry.sources.iter().any(|(n, _)| n == name) {
                    entry.sources.push((name, node));
                }
                entry.hosts.insert(host, &used.place);
            }
        }
    }
    if brought.is_empty() {
        return;
    }
    let shape = model::Service::shape();
    let mut made = Vec::new();
    for (name, service) in brought {
        let own = things(root, "services").iter().find(|(k, _)| k.text == name);
        let mut faults = Vec::new();
        let mut node = merge(own.map(|(_, n)| n), &service.sources, &shape, "", &mut faults);
        report_faults(faults, own.map(|(k, _)| &k.place), report);
        if node.get("on").is_none()
            && let NodeKind::Map(entries) = &mut node.kind
        {
            let place = service.key.place.clone();
            let hosts = service.hosts.iter().map(|(host, place)| Node {
                kind: NodeKind::Scalar { text: (*host).to_owned(), quoted: false },
                place: (*place).clone(),
            });
            let list = Node { kind: NodeKind::List(hosts.collect()), place: place.clone() };
            entries.push((Key { text: "on".to_owned(), place }, list));
        }
        let key = own.map_or_else(|| service.key.clone(), |(k, _)| k.clone());
        made.push((key, node));
    }
    take_services(root, users);
    let NodeKind::Map(entries) = &mut root.kind else { return };
    let at = match entries.iter().position(|(k, _)| k.text == "services") {
        Some(at) => at,
        None => {
            let place = root.place.clone();
            entries.push((
                Key { text: "services".to_owned(), place: place.clone() },
                Node { kind: NodeKind::Map(Vec::new()), place },
            ));
            entries.len() - 1
        }
    };
    let holder = &mut entries[at].1;
    if matches!(holder.kind, NodeKind::Null) {
        holder.kind = NodeKind::Map(Vec::new());
    }
    if let NodeKind::Map(services) = &mut holder.kind {
        for (key, node) in made {
            match services.iter_mut().find(|(k, _)| k.text == key.text) {
                Some(slot) => slot.1 = node,
                None => services.push((key, node)),
            }
        }
    }
}

/// Takes the services out of the profiles that hosts use: they are services of the fleet now.
fn take_services(root: &mut Node, users: &BTreeMap<String, Vec<Use>>) {
    let mut queue: Vec<String> = users.values().flatten().map(|u| u.name.clone()).collect();
    let mut used = BTreeSet::new();
    while let Some(name) = queue.pop() {
        if let Some((_, node)) = things(root, "profiles").iter().find(|(k, _)| k.text == name)
            && used.insert(name)
        {
            queue.extend(texts(node.get("use")).map(str::to_owned));
        }
    }
    for (name, node) in things_mut(root, "profiles").into_iter().flatten() {
        if let NodeKind::Map(entries) = &mut node.kind
            && used.contains(&name.text)
        {
            entries.retain(|(key, _)| key.text != "services");
        }
    }
}

/// Puts what profiles say into a thing.
fn apply(
    node: &mut Node,
    uses: &[Use],
    profiles: &BTreeMap<String, Resolved>,
    kind: &Kind,
    kinds: &Kinds,
    report: &mut Report,
) {
    // Names of profiles that are not there are found when names are checked.
    let known: Vec<(&Use, &Resolved)> =
        uses.iter().filter_map(|u| profiles.get(&u.name).map(|p| (u, p))).collect();
    if known.is_empty() || !matches!(node.kind, NodeKind::Map(_) | NodeKind::Null) {
        return;
    }
    // An empty file says nothing, so it says nothing else than its profiles.
    if matches!(node.kind, NodeKind::Null) {
        node.kind = NodeKind::Map(Vec::new());
    }
    let mut parts = Vec::new();
    for (used, profile) in &known {
        let NodeKind::Map(entries) = &profile.node.kind else { continue };
        let mut part = Vec::new();
        for (key, value) in entries.iter().filter(|(key, _)| !kind.skip.contains(&key.text.as_str())) {
            if kind.fields.get(&key.text).is_some() {
                part.push((key.clone(), value.clone()));
            } else if kinds.profile.fields.get(&key.text).is_some() {
                let (word, name, key_text) = (kind.word, &used.name, &key.text);
                report.push(
                    Diagnostic::error(
                        codes::PROFILE_MISFIT,
                        &used.place,
                        format!("profile `{name}` sets `{key_text}`, which a {word} does not have"),
                    )
                    .label(&key.place, "set here")
                    .help("split the profile in two"),
                );
            }
        }
        parts.push((used.name.as_str(), Node { kind: NodeKind::Map(part), place: profile.place.clone() }));
    }
    let mut faults = Vec::new();
    let inner = |key: &str| kind.fields.get(key).cloned().unwrap_or(Shape::Any);
    *node = merge_maps(Some(node), &parts, &inner, "", &mut faults);
    report_faults(faults, Some(&node.place), report);
}

fn report_faults(faults: Vec<Fault>, thing: Option<&Place>, report: &mut Report) {
    for fault in faults {
        let mut diagnostic = Diagnostic::error(
            codes::DISAGREE,
            &fault.other.1,
            format!("profiles `{}` and `{}` disagree on `{}`", fault.one.0, fault.other.0, fault.path),
        )
        .label(&fault.one.1, format!("`{}` says this", fault.one.0));
        if let Some(place) = thing {
            diagnostic = diagnostic.label(place, "both are used here");
        }
        report.push(diagnostic.help("say the value in the thing itself; it wins over what it uses"));
    }
}

fn things<'n>(root: &'n Node, kind: &str) -> &'n [(Key, Node)] {
    match root.get(kind) {
        Some(Node { kind: NodeKind::Map(entries), .. }) => entries,
        _ => &[],
    }
}

fn things_mut<'n>(root: &'n mut Node, kind: &str) -> Option<&'n mut Vec<(Key, Node)>> {
    let NodeKind::Map(entries) = &mut root.kind else { return None };
    match entries.iter_mut().find(|(k, _)| k.text == kind) {
        Some((_, Node { kind: NodeKind::Map(things), .. })) => Some(things),
        _ => None,
    }
}

/// The texts of a list, or one alone.
fn texts<'n>(node: Option<&'n Node>) -> impl Iterator<Item = &'n str> {
    let items: &'n [Node] = match node {
        Some(Node { kind: NodeKind::List(items), .. }) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items.iter().filter_map(Node::text)
}

fn names_of(node: Option<&Node>) -> Vec<Use> {
    let items: &[Node] = match node {
        Some(Node { kind: NodeKind::List(items), .. }) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items
        .iter()
        .filter_map(|n| n.text().map(|t| Use { name: t.to_owned(), place: n.place.clone() }))
        .collect()
}
