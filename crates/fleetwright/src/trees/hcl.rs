//! Files of OpenTofu that templates make: each is HCL or JSON before anything is written, and below the folder of a
//! stack that wants it, spaced as `tofu fmt` does.

use diag::{Place, Report};
use model::{Label, TofuStack};
use std::collections::BTreeMap;
use std::sync::Arc;
use tofu::hcl::{self, File};
use trees::Made;

/// The stacks of a fleet, as far as files are concerned.
pub(super) struct Stacks {
    /// Folders in which files are spaced.
    spaced: Vec<Vec<String>>,
}

impl Stacks {
    /// Of a fleet.
    pub(super) fn of(stacks: &BTreeMap<Label, TofuStack>) -> Stacks {
        let spaced = stacks.values().filter(|stack| stack.fmt == Some(true));
        Stacks { spaced: spaced.map(|stack| parts(&stack.dir.value)).collect() }
    }

    /// Looks at a file that goes into a folder; files OpenTofu does not read are left alone.
    pub(super) fn look(&self, into: &str, made: &mut Made, report: &mut Report) {
        let Some(kind) = hcl::kind(&made.target) else { return };
        let path = format!("{into}/{}", made.target);
        let mut found = hcl::check(&path, &made.bytes);
        let wanted = || {
            let at = parts(&path);
            self.spaced.iter().any(|dir| at.starts_with(dir))
        };
        if kind == File::Hcl
            && found.items.is_empty()
            && wanted()
            && let Ok(text) = std::str::from_utf8(&made.bytes)
        {
            match hcl::format(&path, text) {
                Ok(formatted) => made.bytes = Arc::from(formatted.into_bytes()),
                Err(fault) => found.extend(fault),
            }
        }
        for fault in found.items {
            report.push(fault.label(&Place::file(made.template.as_str()), "made from this"));
        }
    }
}

/// A path's names, without what says nothing.
fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}
