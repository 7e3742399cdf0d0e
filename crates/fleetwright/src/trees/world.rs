//! What templates may ask for from outside: the environment, and files of the fleet's folder.

use jinja::{Fault, FileKind, Res, World};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// The fleet's folder, as lookups see it.
pub struct Outside {
    folder: PathBuf,
    templates: PathBuf,
}

impl Outside {
    /// Paths are looked for in the folder of templates, then in the fleet's.
    pub fn new(folder: &Path, templates: &str) -> Outside {
        Outside { folder: folder.to_path_buf(), templates: folder.join(templates) }
    }

    /// A path that is there and stays in the fleet's folder.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        if path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
            return None;
        }
        let root = self.folder.canonicalize().ok()?;
        let found = [&self.templates, &self.folder]
            .into_iter()
            .find_map(|base| base.join(path).canonicalize().ok())?;
        found.starts_with(root).then_some(found)
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.find(path)?).ok()
    }
}

impl World for Outside {
    fn env(&self, name: &str) -> Res<Option<String>> {
        Ok(std::env::var(name).ok())
    }
    fn file(&self, path: &str) -> Res<Option<String>> {
        Ok(self.text(path))
    }
    fn template(&self, path: &str) -> Res<Option<Rc<str>>> {
        Ok(self.text(path).map(Rc::from))
    }
    /// The password of a file that is there already: Ansible makes one that is not, and a render writes nothing.
    fn password(&self, term: &str) -> Res<String> {
        let words: Vec<&str> = term.split(' ').collect();
        let path = words.iter().take_while(|word| !word.contains('=')).copied().collect::<Vec<_>>().join(" ");
        if let Some(word) = words.iter().find(|word| word.starts_with("encrypt=")) {
            return Err(Fault::failed(format!("`{word}` of lookup('password') is not supported"))
                .with_help("`| password_hash('sha512', salt)` makes the same of what the file holds"));
        }
        let Some(text) = self.text(&path) else {
            return Err(Fault::failed(format!("there is no password in `{path}`"))
                .with_help("make the file, with the password as its only line: a render makes none, or each would differ"));
        };
        let text = text.trim_end();
        Ok(text.rsplit_once(" salt=").map_or(text, |(password, _)| password).to_owned())
    }
    fn kind(&self, path: &str) -> Res<Option<FileKind>> {
        let found = self.find(path).and_then(|path| std::fs::metadata(path).ok());
        Ok(found.map(|meta| if meta.is_dir() { FileKind::Folder } else { FileKind::File }))
    }
}
