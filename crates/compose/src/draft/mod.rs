//! A project's services as plain typed drafts, and what of them Fleetwright's model cannot say.
//!
//! A draft is what a service is, whether the model can say it or not; [`NotCarried`] names each part the model
//! cannot, with its place.

mod carried;
mod read;
mod types;

pub use carried::{NotCarried, Weight};
pub use types::{
    Attachment, Build, Condition, Dependency, Device, FileMount, Health, Limits, Mount, MountKind, Port,
    Restart, Said, Service, SharedFile, Volume,
};

use crate::node::{Map, Node};
use crate::project::Project;
use std::collections::BTreeMap;

/// Every active service of a project, what they share, and what the model cannot say.
#[derive(Clone, Debug, Default)]
pub struct Drafts {
    /// The services, by name.
    pub services: Vec<Service>,
    /// Named volumes that are used.
    pub volumes: BTreeMap<String, Volume>,
    /// Secrets that are used.
    pub secrets: BTreeMap<String, Said<SharedFile>>,
    /// Configs that are used.
    pub configs: BTreeMap<String, Said<SharedFile>>,
    /// What the model cannot say, in the order of the services.
    pub not_carried: Vec<NotCarried>,
}

/// The drafts of a settled project.
pub fn services(project: &Project) -> Drafts {
    let used = project.used();
    let section = |key: &str| used.get(key).and_then(Node::as_map).into_iter().flat_map(Map::iter);
    let mut drafts = Drafts::default();
    for (name, entry) in section("services") {
        if let Some(map) = entry.node.as_map() {
            let service = read::service(name, &entry.at, map);
            carried::service(&service, map, &mut drafts.not_carried);
            drafts.services.push(service);
        }
    }
    drafts.services.sort_by(|a, b| a.name.cmp(&b.name));
    for (name, entry) in section("volumes") {
        drafts.volumes.insert(name.to_owned(), read::volume(entry));
    }
    for (kind, all) in [("secrets", &mut drafts.secrets), ("configs", &mut drafts.configs)] {
        all.extend(section(kind).map(|(name, entry)| (name.to_owned(), read::shared_file(entry))));
    }
    for kind in ["networks", "volumes", "models"] {
        for (name, entry) in section(kind) {
            carried::shared(kind, name, entry, &mut drafts.not_carried);
        }
    }
    drafts
}
