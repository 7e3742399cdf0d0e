//! What a container sees of volumes, of its host, of the fleet's folder, and of secrets and configs.

use super::Cx;
use super::build::{Fields, text, word};
use super::names::label;
use crate::draft::{FileMount, Mount, MountKind, NotCarried, Said, Service, SharedFile, Weight};
use diag::Place;
use model::Node;
use std::collections::BTreeMap;

/// Largest file that becomes a part of the model, in bytes.
const MOST: usize = 1 << 20;

/// Which service a named volume belongs to, and where it lies on the host.
pub(super) struct Mounts {
    owners: BTreeMap<String, Owner>,
}

struct Owner {
    /// The service, and where it mounts the volume.
    service: String,
    target: String,
    /// The volume's name there.
    label: String,
    /// Its path on the host, as derivation has it.
    path: String,
}

/// A service's own volumes, and settings of its container.
#[derive(Default)]
pub(super) struct Mounted {
    pub(super) volumes: Fields,
    pub(super) container: Fields,
}

impl Mounts {
    /// A named volume belongs to the first service that can write it; the others see that one's path.
    pub(super) fn of(cx: &Cx<'_>) -> Mounts {
        let mut owners: BTreeMap<String, Owner> = BTreeMap::new();
        for writes in [true, false] {
            for service in cx.services {
                let Some(name) = cx.names.get(&service.name) else { continue };
                for mount in &service.mounts {
                    let Mount { kind: MountKind::Volume, source: Some(volume), target, read_only, .. } =
                        &mount.value
                    else {
                        continue;
                    };
                    if owners.contains_key(volume) || *read_only == writes {
                        continue;
                    }
                    let taken =
                        |label: &str| owners.values().any(|o| o.service == service.name && o.label == label);
                    let mut own = label(volume);
                    if model::ids::name_fault(&own).is_some() || taken(&own) {
                        own = format!("volume-{}", owners.len() + 1);
                    }
                    let path = match target.starts_with("/srv/") {
                        true => target.clone(),
                        false => format!("/srv/{name}/{own}"),
                    };
                    let owner =
                        Owner { service: service.name.clone(), target: target.clone(), label: own, path };
                    owners.insert(volume.clone(), owner);
                }
            }
        }
        Mounts { owners }
    }

    pub(super) fn of_service(&self, cx: &Cx<'_>, service: &Service, out: &mut Vec<NotCarried>) -> Mounted {
        let mut paths = Paths::default();
        for mount in &service.mounts {
            let mut not = |weight: Weight, why: &str| {
                let key = format!("volumes.{}", mount.value.target);
                out.push(NotCarried::of(&service.name, &key, &mount.place, weight, why));
            };
            self.mount(cx, service, mount, &mut paths, &mut not);
        }
        for mount in &service.configs {
            let key = format!("configs.{}", mount.value.source);
            let mut not = |weight: Weight, why: &str| {
                out.push(NotCarried::of(&service.name, &key, &mount.place, weight, why));
            };
            if let Some(from) = cx.configs.get(&mount.value.source) {
                config(cx, mount, &from.value, &mut paths, &mut not);
            }
        }
        for mount in &service.secrets {
            if let Some(from) = cx.secrets.get(&mount.value.source) {
                secret(service, mount, &from.value, &mut paths, out);
            }
        }
        let Paths { volumes, tmpfs, binds, files, secrets } = paths;
        let mut container = Fields::default();
        container.items("tmpfs", tmpfs);
        container.inner("binds", binds);
        container.inner("files", files);
        container.inner("secrets", secrets);
        Mounted { volumes, container }
    }

    fn mount(
        &self,
        cx: &Cx<'_>,
        service: &Service,
        said: &Said<Mount>,
        paths: &mut Paths,
        not: &mut Not<'_>,
    ) {
        let Said { value: mount, place } = said;
        match (mount.kind, &mount.source) {
            (MountKind::Volume, Some(volume)) => {
                let Some(owner) = self.owners.get(volume) else { return };
                if owner.service == service.name && owner.target == mount.target {
                    if mount.read_only {
                        not(Weight::Light, "a service can write its own volumes");
                    }
                    paths.volumes.set(owner.label.clone(), text(&mount.target, place));
                    if is_named(service) {
                        not(Weight::Heavy, "its folder is made for root, or for a `user` that is a number");
                    }
                    let shared = self.owners.values().filter(|other| other.path == owner.path).count() > 1;
                    if shared {
                        not(Weight::Heavy, "another volume has the same path under /srv");
                    }
                } else {
                    bind(paths, &mount.target, &owner.path, mount.read_only, place);
                }
            }
            (MountKind::Volume, None) => {
                // Named by its path: `/var/lib/mysql` is `var-lib-mysql`.
                let own = label(&mount.target);
                if model::ids::name_fault(&own).is_some() || paths.volumes.has(&own) {
                    not(Weight::Heavy, "a volume of the model has a name");
                    return;
                }
                paths.volumes.set(own, text(&mount.target, place));
            }
            (MountKind::Tmpfs, _) => {
                let options = mount.options.as_ref().map(|o| format!(":{o}")).unwrap_or_default();
                paths.tmpfs.push(text(format!("{}{options}", mount.target), place));
            }
            (MountKind::Bind, Some(source)) if source.ends_with("/docker.sock") => {
                not(Weight::Heavy, "there is no docker on a host of the fleet");
            }
            (MountKind::Bind, Some(source)) if source.starts_with('/') && !cx.is_of_project(source) => {
                bind(paths, &mount.target, source, mount.read_only, place);
            }
            (MountKind::Bind, Some(source)) => match content(cx, source) {
                Ok(bytes) => {
                    if !mount.read_only {
                        not(Weight::Light, "a file of the fleet's folder is read only in a container");
                    }
                    paths.file(&mount.target, bytes, None, place);
                }
                Err(why) => not(Weight::Heavy, &why),
            },
            (MountKind::Bind, None) | (MountKind::Other, _) => {
                not(Weight::Heavy, "only volumes, paths of the host, files and memory are mounted");
            }
        }
    }
}

type Not<'a> = dyn FnMut(Weight, &str) + 'a;

#[derive(Default)]
struct Paths {
    volumes: Fields,
    tmpfs: Vec<Node>,
    binds: Fields,
    files: Fields,
    secrets: Fields,
}

impl Paths {
    /// A file that is made; without a mode it can be run when it says by what.
    fn file(&mut self, target: &str, content: String, mode: Option<&str>, place: &Place) {
        let mode = mode.or_else(|| content.starts_with("#!").then_some("0755"));
        let said = mode.map(|mode| text(mode, place));
        let content = text(content, place);
        let node = match said {
            None => content,
            Some(mode) => {
                let mut fields = Fields::default();
                fields.set("mode", mode);
                fields.set("content", content);
                fields.node(place)
            }
        };
        self.files.set(target, node);
    }
}

fn bind(paths: &mut Paths, target: &str, from: &str, read_only: bool, place: &Place) {
    let from = text(from, place);
    if !read_only {
        paths.binds.set(target, from);
        return;
    }
    let mut fields = Fields::default();
    fields.set("from", from);
    fields.set("read-only", word("yes", place));
    paths.binds.set(target, fields.node(place));
}

/// The text of a file of the fleet's folder.
fn content(cx: &Cx<'_>, path: &str) -> Result<String, String> {
    let bytes = match cx.files.read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(format!(
                "`{path}` is no file of the fleet's folder, and folders are not put on hosts: name its files each, or \
                 a path of the host"
            ));
        }
        Err(why) => return Err(format!("`{path}` cannot be read: {why}")),
    };
    if bytes.len() > MOST {
        return Err(format!(
            "`{path}` has more than {MOST} bytes: put it on the host, and name its path there"
        ));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(format!("`{path}` is no text: put it on the host, and name its path there")),
    }
}

fn config(cx: &Cx<'_>, mount: &Said<FileMount>, from: &SharedFile, paths: &mut Paths, not: &mut Not<'_>) {
    let content = match from {
        SharedFile { content: Some(content), .. } => Ok(content.clone()),
        SharedFile { environment: Some(variable), .. } => {
            let value = cx.project.environment.get(variable).cloned();
            value.ok_or_else(|| format!("the variable `{variable}` has no value"))
        }
        SharedFile { file: Some(path), .. } => content(cx, path),
        SharedFile { .. } => Err("it is kept elsewhere: name a file".to_owned()),
    };
    match content {
        Ok(text) => {
            if mount.value.owned {
                not(Weight::Light, "the file belongs to root");
            }
            paths.file(&mount.value.target, text, mount.value.mode.as_deref(), &mount.place);
        }
        Err(why) => not(Weight::Heavy, &why),
    }
}

/// It runs as a user whose number is known to its image alone.
fn is_named(service: &Service) -> bool {
    service.user.as_ref().is_some_and(|user| {
        let user = user.value.split(':').next().unwrap_or_default();
        user != "root" && user.parse::<u32>().is_err()
    })
}

fn secret(
    service: &Service,
    mount: &Said<FileMount>,
    from: &SharedFile,
    paths: &mut Paths,
    out: &mut Vec<NotCarried>,
) {
    let key = format!("secrets.{}", mount.value.source);
    let of = |weight: Weight, why: &str| NotCarried::of(&service.name, &key, &mount.place, weight, why);
    let name = label(&mount.value.source);
    if model::ids::name_fault(&name).is_some() {
        out.push(of(Weight::Heavy, "its name cannot be that of a secret: rename it"));
        return;
    }
    if is_named(service) || mount.value.owned {
        let why = "its file can be read by root or the `user` of the service alone, where that is a number";
        out.push(of(Weight::Heavy, why));
    }
    let instead = match (&from.file, &from.environment) {
        (Some(file), _) => format!(", not what is in `{file}`"),
        (None, Some(variable)) => format!(", not that of the variable `{variable}`"),
        (None, None) => String::new(),
    };
    let why =
        format!("its value is the fleet's `secret/{name}`{instead}; say under `secrets` how it comes to be");
    out.push(NotCarried { secret: Some(name.clone()), ..of(Weight::Light, &why) });
    paths.secrets.set(&mount.value.target, word(format!("secret/{name}"), &mount.place));
}
