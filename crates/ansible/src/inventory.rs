//! What an inventory says, when all of it is read.

use diag::Place;
use foldhash::fast::FixedState;
use indexmap::IndexMap;
use py::{Map, Node, Value};
use std::sync::Arc;

/// Groups and hosts, in the order Ansible meets them; `all` and `ungrouped` come first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// By name.
    pub groups: IndexMap<String, Group>,
    /// By name; the implicit `localhost` is none of them.
    pub hosts: IndexMap<String, Host>,
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Where it was named first.
    pub place: Place,
    /// Groups right in it.
    pub children: Vec<String>,
    /// Groups it is right in.
    pub parents: Vec<String>,
    /// Hosts right in it.
    pub hosts: Vec<String>,
    /// Hosts in it or in a group below: what Ansible's `groups[name]` lists, own ones first, then level by
    /// level. (From the second level down Ansible's own order differs from run to run.)
    pub all_hosts: Vec<String>,
    /// The longest way up to `all`.
    pub depth: usize,
    /// `ansible_group_priority`, 1 by default: of groups as deep, the higher one wins.
    pub priority: i128,
    /// The group's own variables: of the inventory, then of its `group_vars`.
    pub vars: Vars,
}

/// A host.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Where it was named first.
    pub place: Place,
    /// Every group it is in, from the one whose variables are weakest (`all`) to the strongest.
    pub groups: Vec<String>,
    /// The variables it has, of all its groups and its own.
    pub vars: Vars,
}

impl Host {
    /// What `group_names` is in a template: all groups but `all`, sorted.
    pub fn group_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.groups.iter().map(String::as_str).filter(|g| *g != "all").collect();
        names.sort_unstable();
        names
    }
}

/// Variables by name, in the order Ansible's dict has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vars {
    entries: IndexMap<Arc<str>, Var, FixedState>,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    /// Its value, with the place of each part.
    pub node: Arc<Node>,
    /// Who says so.
    pub origin: Origin,
    /// Who else said something, and lost: the strongest last.
    pub shadowed: Vec<Origin>,
}

/// Where a variable is written and what it is written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The variable's name in its file.
    pub place: Place,
    /// What that file says it for.
    pub layer: Layer,
}

/// What a variable is written for, weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A group, in the inventory itself.
    Group(Arc<str>),
    /// A group, in `group_vars` beside the inventory or beside the playbook.
    GroupVars(Arc<str>),
    /// The host, in the inventory itself.
    Host,
    /// The host, in `host_vars`.
    HostVars,
    /// An output of Terraform ([`crate::dialect`] only).
    Outputs,
    /// A decrypted secret ([`crate::dialect`] only).
    Secrets,
    /// The tool: `inventory_hostname`.
    Name,
    /// The fleet's own model.
    Model,
    /// The inventory as a whole, which every template sees.
    Whole,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.place, self.layer)
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Layer::Group(name) => write!(f, "group {name}"),
            Layer::GroupVars(name) => write!(f, "group_vars of {name}"),
            Layer::Host => f.write_str("host"),
            Layer::HostVars => f.write_str("host_vars"),
            Layer::Outputs => f.write_str("Terraform output"),
            Layer::Secrets => f.write_str("secrets"),
            Layer::Name => f.write_str("its name"),
            Layer::Model => f.write_str("the model"),
            Layer::Whole => f.write_str("the inventory"),
        }
    }
}

impl Vars {
    /// None yet.
    pub fn new() -> Vars {
        Vars::default()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One by name.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.entries.get(name)
    }

    /// Where one is in the order.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.entries.get_index_of(name)
    }

    /// The one at a place in the order.
    pub fn at(&self, position: usize) -> Option<(&str, &Var)> {
        self.entries.get_index(position).map(|(name, var)| (&**name, var))
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.entries.iter().map(|(name, var)| (&**name, var))
    }

    /// As a Python dict.
    pub fn to_map(&self) -> Map {
        self.entries.iter().map(|(name, var)| (Value::Str(name.clone()), var.node.value())).collect()
    }

    /// Sets one over what was said before; `hash_behaviour = replace`: dicts are not merged.
    pub fn set(&mut self, name: &str, node: Arc<Node>, origin: Origin) {
        self.put(name, || Arc::from(name), node, origin);
    }

    fn put(&mut self, name: &str, key: impl FnOnce() -> Arc<str>, node: Arc<Node>, origin: Origin) {
        match self.entries.get_mut(name) {
            Some(var) => {
                let lost = std::mem::replace(&mut var.origin, origin);
                var.shadowed.push(lost);
                var.node = node;
            }
            None => {
                self.entries.insert(key(), Var { node, origin, shadowed: Vec::new() });
            }
        }
    }

    /// Sets all of another's over what was said before.
    pub fn lay(&mut self, over: &Vars) {
        self.entries.reserve(over.entries.len());
        for (name, var) in &over.entries {
            for origin in var.shadowed.iter().chain([&var.origin]) {
                self.put(name, || Arc::clone(name), Arc::clone(&var.node), origin.clone());
            }
        }
    }
}
