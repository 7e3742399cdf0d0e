//! A project's services as services of a fleet: trees that `source` puts beside what the fleet itself says
//! ([`fleet_services`]), or model files that take the Compose files' place ([`model_files`]). Both are made of
//! the same trees, so they mean the same.

mod build;
mod container;
mod files;
mod mounts;
mod names;
mod service;
mod text;

pub use files::{ModelFile, ModelFiles, model_files};

use crate::draft::{self, Drafts, NotCarried};
use crate::files::Files;
use crate::project::Project;
use diag::{Place, Report};
use names::Names;

/// A service of a project as one of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetService {
    /// Its name in the fleet: the prefix, and its name with `-` for what a name cannot have.
    pub name: String,
    /// Its name in the project.
    pub compose: String,
    /// Where its key stands.
    pub place: Place,
    /// What `services/NAME.yaml` would say, without `on`; each value at its place in a Compose file.
    pub node: model::Node,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct FleetServices {
    /// The active services, by name.
    pub services: Vec<FleetService>,
    /// What of the project is not carried.
    pub not_carried: Vec<NotCarried>,
}

/// The active services of a project. `files` is what the project was loaded from: single files it mounts become
/// the containers'. Names that cannot be are reported, and their services left out.
pub fn fleet_services(
    project: &Project,
    files: &dyn Files,
    prefix: &str,
    report: &mut Report,
) -> FleetServices {
    let Drafts { services, volumes: _, secrets, configs, mut not_carried } = draft::services(project);
    let names = Names::of(&services, prefix, report);
    let cx = Cx { project, files, names: &names, services: &services, secrets: &secrets, configs: &configs };
    let mounts = mounts::Mounts::of(&cx);
    let made = services
        .iter()
        .filter_map(|service| {
            let name = names.get(&service.name)?.to_owned();
            let node = service::node(&cx, service, &name, &mounts, &mut not_carried);
            Some(FleetService { name, compose: service.name.clone(), place: service.place.clone(), node })
        })
        .collect();
    not_carried.sort_by(|a, b| (&a.place, &a.what).cmp(&(&b.place, &b.what)));
    not_carried.dedup();
    FleetServices { services: made, not_carried }
}

impl Cx<'_> {
    /// A path in a project's folder that is named as a whole path: no path of a host.
    fn is_of_project(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.project.directory);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What a service is made from.
struct Cx<'a> {
    project: &'a Project,
    files: &'a dyn Files,
    names: &'a Names,
    services: &'a [draft::Service],
    secrets: &'a std::collections::BTreeMap<String, draft::Said<draft::SharedFile>>,
    configs: &'a std::collections::BTreeMap<String, draft::Said<draft::SharedFile>>,
}
