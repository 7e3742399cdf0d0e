//! Lists the files of `modules/` so that they are part of the binary.

use std::fmt::Write as _;
use std::{env, error, fs, path};

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=modules");
    let root = path::PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("modules");
    let mut names = Vec::new();
    for entry in fs::read_dir(&root)? {
        let name = entry?.file_name().into_string().map_err(|_| "a module's file name is not UTF-8")?;
        if let Some(stem) = name.strip_suffix(".yaml") {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let mut out = String::from("/// Name and text of each module.\nstatic TEXTS: &[(&str, &str)] = &[\n");
    for name in names {
        writeln!(
            out,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/modules/{name}.yaml\"))),"
        )?;
    }
    out.push_str("];\n");
    fs::write(path::PathBuf::from(env::var("OUT_DIR")?).join("modules.rs"), out)?;
    Ok(())
}
