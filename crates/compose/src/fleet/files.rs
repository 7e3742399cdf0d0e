//! Model files that take the place of Compose files.

use super::text::emit;
use super::{FleetService, fleet_services};
use crate::draft::{NotCarried, Weight};
use crate::files::Files;
use crate::project::Project;
use diag::{Place, Report};
use model::{Key, Node, NodeKind};

/// `services/NAME.yaml` for a service of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its path in the fleet's folder.
    pub path: String,
    /// Its text; what is not carried stands in comments at its top.
    pub text: String,
    /// What of the service is not carried.
    pub notes: Vec<NotCarried>,
}

/// All of a project's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFiles {
    /// One a service.
    pub files: Vec<ModelFile>,
    /// What of the rest of the project is not carried: networks, volumes.
    pub notes: Vec<NotCarried>,
}

/// Model files for the active services of a project, read back as what a `compose:` entry of these files means.
/// `on` is where they run; nothing is written when it is empty. `prefix` is as in the entry. `report` gets names
/// that cannot be.
pub fn model_files(
    project: &Project,
    files: &dyn Files,
    on: &[String],
    prefix: &str,
    report: &mut Report,
) -> ModelFiles {
    let made = fleet_services(project, files, prefix, report);
    let notes = |of: Option<&str>| -> Vec<NotCarried> {
        made.not_carried.iter().filter(|note| note.service.as_deref() == of).cloned().collect()
    };
    let files = made
        .services
        .iter()
        .map(|service| {
            let notes = notes(Some(&service.compose));
            let text = format!("{}{}", comments(service, &notes), emit(&placed(service, on)));
            ModelFile { path: format!("services/{}.yaml", service.name), text, notes }
        })
        .collect();
    ModelFiles { files, notes: notes(None) }
}

/// The service with `on` after its module.
fn placed(service: &FleetService, on: &[String]) -> Node {
    let mut node = service.node.clone();
    let place = Place::builtin("on");
    let text = |name: &String| Node {
        kind: NodeKind::Scalar { text: name.clone(), quoted: false },
        place: place.clone(),
    };
    let on = match on {
        [] => return node,
        [one] => text(one),
        all => Node { kind: NodeKind::List(all.iter().map(text).collect()), place: place.clone() },
    };
    if let NodeKind::Map(entries) = &mut node.kind {
        let at = entries.len().min(1);
        entries.insert(at, (Key { text: "on".to_owned(), place: place.clone() }, on));
    }
    node
}

/// What is not carried, heavy things first.
fn comments(service: &FleetService, notes: &[NotCarried]) -> String {
    let Place { file, line, .. } = &service.place;
    let mut out = format!("# From {}, line {line}.\n", one_line(file));
    for (weight, word) in [(Weight::Heavy, "Left out, look at it"), (Weight::Light, "Not carried")] {
        for note in notes.iter().filter(|note| note.weight == weight) {
            let key = note.what.strip_prefix(&format!("services.{}.", service.compose)).unwrap_or(&note.what);
            let line = format!("# {word}: {key} (line {}): {}.", note.place.line, note.why);
            out.push_str(&one_line(&line));
            out.push('\n');
        }
    }
    out
}

/// A text without line ends and control characters: it stays in its comment.
fn one_line(text: &str) -> String {
    let plain =
        |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') { ' ' } else { c };
    text.chars().map(plain).collect()
}
