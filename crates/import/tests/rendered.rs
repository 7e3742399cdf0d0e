//! What this tool renders of its examples: each engine's files come in without a fault, mean something, and mean the
//! same when they are written otherwise.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use import::{ENGINES, Engine, ImportFile, Input};

/// The compared files of one host.
fn files_of(desired: &artifact::Desired, engine: &Engine) -> Vec<ImportFile> {
    desired
        .files
        .iter()
        .filter(|(path, file)| (engine.compared)(&file.engine, path))
        .map(|(path, file)| ImportFile {
            path: path.clone(),
            text: file.text.reveal(&|_| Some(support::KEY.to_owned())).unwrap(),
        })
        .collect()
}

#[test]
fn rendered_files_come_in_and_mean_something() {
    for example in ["two-sites", "anycast", "constellation", "standards"] {
        let (model, hosts) = support::example(example);
        for engine in ENGINES {
            for (host, desired) in &hosts {
                let files = files_of(desired, engine);
                if !files.iter().any(|f| !f.path.ends_with(".network")) {
                    continue;
                }
                let imported =
                    (engine.read)(&Input { host: Some(host.as_str()), files: &files, fleet: Some(&model) });
                let faults = diag::render_plain(&imported.report);
                assert!(!imported.report.has_errors(), "{example} {host} {}: {faults}", engine.name);
                let normal = (engine.normal)(&files);
                assert!(!normal.is_empty(), "{example} {host} {}", engine.name);
                let again: Vec<ImportFile> = files
                    .iter()
                    .map(|f| ImportFile { path: f.path.clone(), text: support::rewritten(&f.path, &f.text) })
                    .collect();
                assert_eq!(
                    import::compare(&normal, &(engine.normal)(&again)),
                    [],
                    "{example} {host} {}",
                    engine.name
                );
            }
        }
    }
}
