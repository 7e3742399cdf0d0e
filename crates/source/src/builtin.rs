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
    use std::collections::BTreeSet;

    #[test]
    fn every_module_reads_without_a_fault() {
        let mut report = Report::new();
        let modules = read(&mut report);
        assert!(report.items.is_empty(), "{}", diag::render_plain(&report));
        assert_eq!(modules.len(), TEXTS.len());
    }

    #[test]
    fn ports_that_are_named_exist() {
        for (name, module) in modules() {
            let has = |port: &str| module.ports.contains_key(port);
            assert!(module.main.as_ref().is_none_or(|p| has(p.as_str())), "{name}: main");
            assert!(module.metrics.as_ref().is_none_or(|m| has(m.port.as_str())), "{name}: metrics");
            let tcp = module.health.as_ref().and_then(|h| h.tcp.as_ref());
            assert!(tcp.is_none_or(|p| has(p.as_str())), "{name}: health");
            assert!(module.ports.len() < 2 || module.main.is_some(), "{name}: which port is meant?");
            let health = module.health.as_ref().is_some_and(|h| h.http.is_some());
            assert!(!health || !module.ports.is_empty(), "{name}: health of which port?");
        }
    }

    #[test]
    fn placeholders_have_values() {
        for (name, module) in modules() {
            let mut known: BTreeSet<String> = module.params.keys().map(ToString::to_string).collect();
            known.extend(module.ports.keys().map(|p| format!("port.{p}")));
            known.extend(module.volumes.keys().map(|v| format!("volume.{v}")));
            let native = module.variants.native.iter();
            let texts = native.flat_map(|n| {
                let files = n.files.values().map(|f| f.content.as_str());
                files.chain(n.exec.as_deref()).chain(n.user.as_deref()).chain(n.reload.as_deref())
            });
            for text in texts {
                for part in text.split('{').skip(1) {
                    let Some((word, _)) = part.split_once('}') else { continue };
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
                    assert!(
                        !word.chars().all(plain) || known.contains(word),
                        "{name}: {{{word}}} has no value"
                    );
                }
            }
        }
    }

    #[test]
    fn every_module_runs_somehow() {
        for (name, module) in modules() {
            let v = &module.variants;
            assert!(v.native.is_some() || v.container.is_some(), "{name}");
            let packaged = v.native.iter().all(|n| !n.packages.is_empty() || n.exec.is_some());
            assert!(packaged, "{name}: neither a package nor a command");
        }
    }
}
