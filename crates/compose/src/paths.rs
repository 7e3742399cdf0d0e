//! Relative paths of a project as paths from its folder (compose-go, `paths/resolve.go`).

use crate::node::{Map, Node, Value};
use crate::path::join;

/// Makes every relative path of a canonical tree one from `prefix`. `~` is `home`.
pub(crate) fn resolve(project: &mut Node, prefix: &str, home: Option<&str>) {
    let base = Base { prefix, home };
    let Some(project) = project.as_map_mut() else { return };
    each(project, "services", |service| base.service(service));
    for kind in ["configs", "secrets"] {
        each(project, kind, |thing| base.text(thing, "file"));
    }
    each(project, "volumes", |volume| base.volume(volume));
}

struct Base<'b> {
    prefix: &'b str,
    home: Option<&'b str>,
}

impl Base<'_> {
    fn service(&self, service: &mut Map) {
        if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut) {
            if let Some(context) = build.get_mut("context") {
                self.context(context);
            }
            match build.get_mut("additional_contexts").map(|n| &mut n.value) {
                Some(Value::Map(contexts)) => {
                    contexts.iter_mut().for_each(|(_, e)| self.context(&mut e.node))
                }
                Some(Value::List(items)) => items.iter_mut().for_each(|item| self.named_context(item)),
                _ => {}
            }
        }
        in_list(service.get_mut("env_file"), |file| self.text(file, "path"));
        in_list(service.get_mut("volumes"), |mount| {
            if mount.get("type").and_then(Node::as_text) == Some("bind") {
                self.text(mount, "source");
            }
        });
        if let Some(develop) = service.get_mut("develop").and_then(Node::as_map_mut) {
            in_list(develop.get_mut("watch"), |watch| self.text(watch, "path"));
        }
        if let Some(Value::List(files)) = service.get_mut("label_file").map(|n| &mut n.value) {
            files.iter_mut().for_each(|file| self.node(file));
        }
    }

    /// A volume that is a bind mount in disguise.
    fn volume(&self, volume: &mut Map) {
        if volume.get("driver").is_some_and(|d| d.as_text() != Some("local")) {
            return;
        }
        if let Some(options) = volume.get_mut("driver_opts").and_then(Node::as_map_mut)
            && options.get("o").and_then(Node::as_text) == Some("bind")
        {
            self.text(options, "device");
        }
    }

    fn text(&self, map: &mut Map, key: &str) {
        if let Some(node) = map.get_mut(key) {
            self.node(node);
        }
    }

    fn node(&self, node: &mut Node) {
        if let Value::Text(text) = &mut node.value
            && !text.is_empty()
        {
            *text = join(self.prefix, text, self.home);
        }
    }

    /// A build context: a folder, or what a builder reads from elsewhere.
    fn context(&self, node: &mut Node) {
        if node.as_text().is_some_and(|text| !is_elsewhere(text)) {
            self.node(node);
        }
    }

    fn named_context(&self, node: &mut Node) {
        if let Value::Text(text) = &mut node.value
            && let Some((name, context)) = text.split_once('=')
            && !is_elsewhere(context)
        {
            *text = format!("{name}={}", join(self.prefix, context, self.home));
        }
    }
}

fn is_elsewhere(context: &str) -> bool {
    context.contains("://")
        || ["service:", "git@", "github.com/"].iter().any(|prefix| context.starts_with(prefix))
}

fn each(map: &mut Map, key: &str, mut run: impl FnMut(&mut Map)) {
    if let Some(things) = map.get_mut(key).and_then(Node::as_map_mut) {
        things.iter_mut().filter_map(|(_, entry)| entry.node.as_map_mut()).for_each(&mut run);
    }
}

fn in_list(node: Option<&mut Node>, run: impl FnMut(&mut Map)) {
    if let Some(Value::List(items)) = node.map(|n| &mut n.value) {
        items.iter_mut().filter_map(Node::as_map_mut).for_each(run);
    }
}
