//! What templates may ask for from outside: the environment, and files of the fleet's folder.

use jinja::{FileKind, Res, World};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

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
    fn template(&self, path: &str) -> Res<Option<Arc<str>>> {
        Ok(self.text(path).map(Arc::from))
    }
    fn kind(&self, path: &str) -> Res<Option<FileKind>> {
        let found = self.find(path).and_then(|path| std::fs::metadata(path).ok());
        Ok(found.map(|meta| if meta.is_dir() { FileKind::Folder } else { FileKind::File }))
    }
}
