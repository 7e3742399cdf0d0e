//! The modules the tool brings: YAML like any fleet's own, read with the same records.

use crate::yaml;
use diag::Report;
use model::decode::{Cx, Decode};
use model::{Module, ModuleId};
use std::collections::BTreeMap;
use std::sync::OnceLock;

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// All of them, by name. Their places are `builtin:modules/NAME.yaml`.
pub fn modules() -> &'static BTreeMap<ModuleId, Module> {
    static ALL: OnceLock<BTreeMap<ModuleId, Module>> = OnceLock::new();
    ALL.get_or_init(|| read(&mut Report::new()))
}

/// Reads the embedded texts; a fault in one leaves it out (a test holds that there is none).
pub(crate) fn read(report: &mut Report) -> BTreeMap<ModuleId, Module> {
    let mut modules = BTreeMap::new();
    for (name, text) in TEXTS {
        let Some(node) = yaml::parse(&format!("builtin:modules/{name}.yaml"), text, report) else { continue };
        let mut cx = Cx::default();
        if let Some(module) = Module::decode(&node, &mut cx) {
            modules.insert(ModuleId::new(name), module);
        }
        report.extend(cx.report);
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_reads_without_a_fault() {
        let mut report = Report::new();
        let modules = read(&mut report);
        assert!(report.items.is_empty(), "{:#?}", report.items);
        assert_eq!(modules.len(), TEXTS.len());
    }
}
