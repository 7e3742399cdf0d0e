//! Names of the model from what other tools call things.

use crate::codes;
use diag::{Diagnostic, Place};
use std::collections::BTreeSet;

/// A name made of any text: lower case, everything else than letters and digits a dash; `None` when nothing is
/// left of it.
pub(crate) fn name(text: &str) -> Option<String> {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= 60 {
            break;
        }
    }
    let out = out.trim_matches('-').to_owned();
    model_fault(&out).then_some(out)
}

fn model_fault(text: &str) -> bool {
    model::ids::name_fault(text).is_none()
}

/// The name, with a number behind it where it is taken; it is taken from then on.
pub(crate) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut found = name.to_owned();
    let mut n = 2_u32;
    while !taken.insert(found.clone()) {
        found = format!("{name}-{n}");
        n += 1;
    }
    found
}

/// The host a file is from, by its path: `HOST/etc/wireguard/wg0.conf` or `HOST/wg0.conf`.
pub(crate) fn host_of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    let (_, folders) = parts.split_last()?;
    let etc = folders.iter().position(|p| matches!(*p, "etc" | "usr" | "var" | "opt" | "srv"));
    let folder = match etc {
        Some(0) => return None,
        Some(n) => folders[n - 1],
        None => folders.last()?,
    };
    name(folder)
}

/// The host a file is from: the one the caller named, else the one its path says.
pub fn host(input: &crate::Input<'_>, path: &str) -> Option<String> {
    match input.host {
        Some(host) => name(host),
        None => host_of(path),
    }
}

/// A file whose host neither the caller nor its path says; `like` is a path that would.
pub(crate) fn no_host(file: &crate::ImportFile, like: &str) -> Diagnostic {
    let message = format!("{} is from no host that is named", file.path);
    Diagnostic::error(codes::NO_HOST, &Place::file(file.path.as_str()), message)
        .help(format!("name the host, or put the file into a folder of its name: {like}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_whatever_the_text() {
        assert_eq!(name("Wrocław GW (old)").as_deref(), Some("wroc-aw-gw-old"));
        assert_eq!(name("--"), None);
        assert_eq!(name(&"a.".repeat(99)).map(|n| n.len()), Some(59));
        let mut taken = BTreeSet::new();
        assert_eq!([unique("a", &mut taken), unique("a", &mut taken)], ["a", "a-2"]);
    }

    #[test]
    fn a_path_says_the_host() {
        assert_eq!(host_of("out/gate/etc/wireguard/wg0.conf").as_deref(), Some("gate"));
        assert_eq!(host_of("./gate/wg0.conf").as_deref(), Some("gate"));
        assert_eq!(host_of("/etc/wireguard/wg0.conf"), None);
        assert_eq!(host_of("wg0.conf"), None);
    }
}
