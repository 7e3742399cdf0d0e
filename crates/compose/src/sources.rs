//! What a project is made from: its files, folder, variables and name, found as docker compose finds them
//! (compose-go, `cli/options.go`).

use crate::environment::{self, Environment};
use crate::load::Loader;
use crate::node::Node;
use crate::path::{clean, folder, join};
use crate::project::Options;
use crate::{codes, interpolate};
use diag::Diagnostic;

/// Files looked for when none are named: the first of these …
const FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// … and the first of these beside it.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What a project is made from.
pub(crate) struct Sources {
    pub(crate) files: Vec<String>,
    /// Its folder.
    pub(crate) directory: String,
    /// The shell's variables, then those of environment files.
    pub(crate) environment: Environment,
    pub(crate) name: String,
}

/// Finds it; nothing, which is said, when there is no file or no name.
pub(crate) fn find(options: &Options, loader: &mut Loader<'_>) -> Option<Sources> {
    let mut environment = options.environment.clone();
    let mut env_files = options.env_files.clone();
    if let (true, Some(list)) = (env_files.is_empty(), environment.get("COMPOSE_ENV_FILES")) {
        env_files = list.split(',').filter(|file| !file.is_empty()).map(str::to_owned).collect();
    }
    let off = environment.get("COMPOSE_DISABLE_ENV_FILE").map(String::as_str);
    let default = env_files.is_empty() && !matches!(off, Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    let mut read = Vec::new();
    let mut variables = |folder: &str, environment: &mut Environment, loader: &mut Loader<'_>| {
        let mut files = env_files.clone();
        let dotenv = join(folder, ".env", None);
        if default && is_there(loader, &dotenv) {
            files.push(dotenv);
        }
        files.retain(|file| !read.contains(file));
        *environment = environment::with_files(environment, &files, loader);
        read.append(&mut files);
    };
    let mut files = options.files.clone();
    if files.is_empty() {
        // Which files there are may be said in the folder one is in.
        let here = options.directory.as_deref().unwrap_or(".");
        variables(here, &mut environment, loader);
        files = unnamed(here, &environment, loader);
    }
    let Some(first) = files.first() else {
        loader.report.push(
            Diagnostic::bare(codes::EMPTY, "there is no Compose file here")
                .help("name one, or call it compose.yaml"),
        );
        return None;
    };
    let directory = options.directory.as_deref().map_or_else(|| folder(first), clean);
    variables(&directory, &mut environment, loader);
    let name = name(&files, &directory, options, &environment, loader)?;
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    Some(Sources { files, directory, environment, name })
}

fn is_there(loader: &Loader<'_>, path: &str) -> bool {
    matches!(loader.files.read(path), Ok(Some(_)))
}

/// The files of `COMPOSE_FILE`, or those with default names.
fn unnamed(folder: &str, environment: &Environment, loader: &Loader<'_>) -> Vec<String> {
    if let Some(list) = environment.get("COMPOSE_FILE") {
        let separator = environment.get("COMPOSE_PATH_SEPARATOR").filter(|s| !s.is_empty());
        let separator = separator.map_or(":", String::as_str);
        return list.split(separator).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    }
    let first = |names: &[&str]| {
        names.iter().map(|name| join(folder, name, None)).find(|path| is_there(loader, path))
    };
    match first(&FILES) {
        Some(base) => std::iter::once(base).chain(first(&OVERRIDES)).collect(),
        None => Vec::new(),
    }
}

/// `-p`, then `COMPOSE_PROJECT_NAME`, then the last file's `name`, then the folder's.
fn name(
    files: &[String],
    directory: &str,
    options: &Options,
    environment: &Environment,
    loader: &mut Loader<'_>,
) -> Option<String> {
    if let Some(name) = &options.name {
        if &plain(name) == name && !name.is_empty() {
            return Some(name.clone());
        }
        loader.report.push(
            Diagnostic::bare(codes::PROJECT_NAME, format!("`{name}` cannot be a project's name"))
                .help("lower-case letters, digits, `-` and `_`, a letter or digit first"),
        );
        return None;
    }
    let mut said = environment.get("COMPOSE_PROJECT_NAME").cloned();
    if said.as_deref().is_none_or(str::is_empty) {
        for file in files {
            for document in loader.documents(file, None) {
                if let Some(name) = document.get("name").and_then(Node::as_text) {
                    let lookup = |name: &str| environment.get(name).cloned();
                    // Its faults are said when the file is read.
                    said = Some(interpolate::substitute(name, &lookup, &mut Vec::new()).into_owned());
                }
            }
        }
    }
    let name = said.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let last = directory.rsplit('/').next().filter(|part| !matches!(*part, "." | ".."));
        last.or(options.default_name.as_deref()).unwrap_or_default().to_owned()
    });
    let plain = plain(&name);
    if plain.is_empty() {
        loader.report.push(
            Diagnostic::bare(codes::PROJECT_NAME, "the project has no name")
                .help("write `name:` at the top of the Compose file"),
        );
        return None;
    }
    Some(plain)
}

/// A text as a project's name.
fn plain(text: &str) -> String {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The active profiles.
pub(crate) fn profiles(options: &Options, environment: &Environment) -> Vec<String> {
    if !options.profiles.is_empty() {
        return options.profiles.clone();
    }
    let all = environment.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
    all.split(',').map(str::trim).filter(|profile| !profile.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use diag::Report;
    use std::collections::BTreeMap;

    fn found(files: &[(&str, &str)], options: &Options) -> (Vec<String>, String, Environment) {
        let files: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        let mut report = Report::new();
        let found = find(options, &mut Loader::new(&files, &mut report));
        assert_eq!(diag::render_plain(&report), "");
        let Sources { files, directory, environment, .. } = found.unwrap();
        (files, directory, environment)
    }

    fn options(environment: &[(&str, &str)]) -> Options {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Options { name: Some("p".to_owned()), environment, ..Options::default() }
    }

    #[test]
    fn default_names_and_any_override_beside_them() {
        let all = [("compose.yml", ""), ("docker-compose.yml", ""), ("docker-compose.override.yml", "")];
        let (files, directory, _) = found(&all, &options(&[]));
        assert_eq!(files, ["compose.yml", "docker-compose.override.yml"]);
        assert_eq!(directory, ".");
    }

    #[test]
    fn the_files_may_be_said_in_the_folders_environment_file() {
        let all = [
            (".env", "COMPOSE_FILE=base.yaml:site/over.yaml\nA=here\n"),
            ("base.yaml", ""),
            ("site/over.yaml", ""),
        ];
        let (files, _, environment) = found(&all, &options(&[("SHELL", "set")]));
        assert_eq!(files, ["base.yaml", "site/over.yaml"]);
        assert_eq!((environment["A"].as_str(), environment["SHELL"].as_str()), ("here", "set"));
        // The shell's word is the last one.
        let (files, ..) = found(&all, &options(&[("COMPOSE_FILE", "base.yaml")]));
        assert_eq!(files, ["base.yaml"]);
    }

    #[test]
    fn the_folder_one_is_in_comes_before_the_projects() {
        let all = [
            (".env", "COMPOSE_FILE=site/compose.yaml\nA=here\n"),
            ("site/.env", "A=there\nB=there\n"),
            ("site/compose.yaml", ""),
        ];
        let (_, directory, environment) = found(&all, &options(&[]));
        assert_eq!(directory, "site");
        assert_eq!((environment["A"].as_str(), environment["B"].as_str()), ("here", "there"));
        // With files named, the folder one is in is not looked at.
        let named = Options { files: vec!["site/compose.yaml".to_owned()], ..options(&[]) };
        assert_eq!(found(&all, &named).2["A"], "there");
        let off = Options { files: named.files, ..options(&[("COMPOSE_DISABLE_ENV_FILE", "1")]) };
        assert!(!found(&all, &off).2.contains_key("A"));
    }

    #[test]
    fn environment_files_that_are_named_are_the_only_ones() {
        let all = [(".env", "A=default"), ("one.env", "A=1\nB=1"), ("two.env", "B=2"), ("compose.yaml", "")];
        let (_, _, environment) = found(&all, &options(&[("COMPOSE_ENV_FILES", "one.env,two.env")]));
        assert_eq!((environment["A"].as_str(), environment["B"].as_str()), ("1", "2"));
    }
}
