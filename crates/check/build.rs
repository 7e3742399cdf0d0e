//! Embeds the page of each diagnostic code from `docs/codes`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let folder = root.join("docs/codes");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with("FW") && path.extension().is_some_and(|e| e == "md") {
                pages.push((name, path));
            }
        }
    }
    pages.sort();
    let mut text = "static PAGES: &[(&str, &str)] = &[\n".to_owned();
    for (name, path) in &pages {
        let path = fs::canonicalize(path)?;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    ({name:?}, include_str!({:?})),", path.display());
    }
    text.push_str("];\n");
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("pages.rs"), text)
}
